"""The configuration file ``proofload.yaml``: the policy of verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import BeforeValidator, Field

from loadtests.profile import parse_duration
from slo.documents import ProblemsError, StrictModel, format_value, list_validation_problems, load_documents
from slo.model import (
    DEFAULT_COVERAGE,
    DEFAULT_FIGURES,
    LAST_MET,
    MAX_FAILED_RATIO,
    MIN_EFFECT_RATIO,
    MIN_EFFECT_SECONDS,
    BaselinePolicy,
)

Confidence = Annotated[float, Field(ge=0.5, lt=1)]
Ratio = Annotated[float, Field(gt=0, le=1)]
FailedRatio = Annotated[float, Field(ge=0, le=1)]
Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


def _parse_seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{format_value(value)} is not a duration; write e.g. 1ms")  # noqa: TRY004 - for pydantic
    return parse_duration(value)


class BaselineConfiguration(StrictModel):
    """``policy.baseline``: the baseline of each run, with the criteria of ``proofload compare``."""

    runs: Names = Field(default_factory=lambda: [LAST_MET])
    figures: Names = Field(default_factory=lambda: list(DEFAULT_FIGURES))
    tolerance: Ratio = 0.05
    least_time: Annotated[float, BeforeValidator(_parse_seconds)] = MIN_EFFECT_SECONDS
    least_ratio: Ratio = MIN_EFFECT_RATIO
    confidence: Confidence = 0.95
    minimum_runs: Annotated[int, Field(ge=2)] = 3

    def to_baseline(self) -> BaselinePolicy:
        """Convert to the model's type."""
        return BaselinePolicy(
            runs=tuple(self.runs),
            figures=tuple(self.figures),
            tolerance=self.tolerance,
            min_effect_seconds=self.least_time,
            min_effect_ratio=self.least_ratio,
            confidence=self.confidence,
            minimum_runs=self.minimum_runs,
        )


class PolicyConfiguration(StrictModel):
    """The mapping ``policy``."""

    confidence: Confidence | None = None
    baseline: BaselineConfiguration | None = None
    failed_requests: FailedRatio = MAX_FAILED_RATIO
    other_traffic: bool = False
    coverage: Ratio = DEFAULT_COVERAGE


class Configuration(StrictModel):
    """The document ``proofload.yaml``."""

    policy: PolicyConfiguration = PolicyConfiguration()


def read_configuration(path: Path) -> Configuration:
    """Read a configuration file.

    Raises:
        ProblemsError: all problems of the file.
    """
    document, *others = load_documents(path)
    if others:
        raise ProblemsError(
            [others[0].make_problem((), "is a second document; a configuration is a single document")]
        )
    try:
        return Configuration.model_validate(document.data)
    except pydantic.ValidationError as error:
        raise ProblemsError(list_validation_problems(document, error)) from None
