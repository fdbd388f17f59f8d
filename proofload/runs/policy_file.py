"""How verdicts are reached: ``proofload.yaml`` and the options that override it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import click
import pydantic
from pydantic import BeforeValidator, Field

from loadtests.profile.durations import parse_duration
from proofload.history.chosen_runs import LAST_MET
from proofload.history.run_comparison import DEFAULT_FIGURES, LEAST_RATIO, LEAST_SECONDS
from proofload.cli.cli_validation import or_usage
from slo.documents.yaml_source import ProblemsError, StrictModel, load_documents, shown, validation_problems
from slo.model import Baseline, Policy

CONFIGURATION = Path("proofload.yaml")
"""Read from the working directory where no other file is named."""

Confidence = Annotated[float, Field(ge=0.5, lt=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a duration; write e.g. 1ms")  # noqa: TRY004 - pydantic's
    return parse_duration(value)


class BaselinePart(StrictModel):
    """``policy.baseline``: what a run must not be worse than, as in ``proofload compare``."""

    runs: Names = Field(default_factory=lambda: [LAST_MET])
    figures: Names = Field(default_factory=lambda: list(DEFAULT_FIGURES))
    tolerance: Share = 0.05
    least_time: Annotated[float, BeforeValidator(_seconds)] = LEAST_SECONDS
    least_ratio: Share = LEAST_RATIO
    confidence: Confidence = 0.95
    minimum_runs: Annotated[int, Field(ge=2)] = 3

    def decided(self) -> Baseline:
        """Give it in the words of the model."""
        return Baseline(
            runs=tuple(self.runs),
            figures=tuple(self.figures),
            tolerance=self.tolerance,
            least_seconds=self.least_time,
            least_ratio=self.least_ratio,
            confidence=self.confidence,
            minimum_runs=self.minimum_runs,
        )


class PolicyPart(StrictModel):
    """``policy`` of the configuration."""

    confidence: Confidence | None = None
    baseline: BaselinePart | None = None


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
    asked = configuration.policy
    return Policy(
        asked.confidence if confidence is None else confidence,
        asked.baseline.decided() if asked.baseline else None,
    )
