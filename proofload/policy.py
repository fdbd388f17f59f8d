"""How verdicts are reached: ``proofload.yaml`` and the options that override it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import click
import pydantic
from pydantic import Field

from proofload.inputs import or_usage
from slo.document import ProblemsError, StrictModel, load_documents, validation_problems
from slo.model import Policy

CONFIGURATION = Path("proofload.yaml")
"""Read from the working directory where no other file is named."""

Confidence = Annotated[float, Field(ge=0.5, lt=1)]


class PolicyPart(StrictModel):
    """``policy`` of the configuration."""

    confidence: Confidence | None = None


class Configuration(StrictModel):
    """The whole of ``proofload.yaml``."""

    policy: PolicyPart = PolicyPart()


def read_configuration(path: Path) -> Configuration:
    """Read a configuration.

    Raises:
        ProblemsError: everything that is wrong with it.
    """
    document, *others = load_documents(path)
    if others:
        raise ProblemsError([others[0].problem((), "is a second document; a configuration is one")])
    try:
        return Configuration.model_validate(document.data)
    except pydantic.ValidationError as error:
        raise ProblemsError(validation_problems(document, error)) from None


def policy_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its policy, or ``None`` where neither option nor configuration says anything."""

    @wraps(command)
    def decided(config: Path | None, confidence: float | None, **others: Any) -> None:
        command(policy=_policy(config, confidence), **others)

    for option in (
        click.option(
            "--confidence",
            type=click.FloatRange(0.5, 1, max_open=True),
            help="Judge only what is this sure, e.g. 0.95; without, what was observed is judged.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="Configuration, instead of proofload.yaml where there is one.",
        ),
    ):
        decided = option(decided)
    return decided


def _policy(config: Path | None, confidence: float | None) -> Policy | None:
    path = config or (CONFIGURATION if CONFIGURATION.is_file() else None)
    if path is None:
        return None if confidence is None else Policy(confidence)
    [configuration] = or_usage(lambda: read_configuration(path))
    return Policy(configuration.policy.confidence if confidence is None else confidence)
