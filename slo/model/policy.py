"""The policy that a run is judged by: confidence and baseline."""

from __future__ import annotations

from dataclasses import dataclass

LAST_MET = "last-met"
"""As a baseline, the newest run with the verdict MET."""
DEFAULT_FIGURES = (
    "response_time_p50",
    "response_time_p95",
    "response_time_p99",
    "error_ratio",
    "throughput",
)
DEFAULT_COVERAGE = 0.9
MIN_EFFECT_SECONDS = 0.001
MIN_EFFECT_RATIO = 0.001
"""Default smallest effects that matter, in seconds and as a ratio."""


@dataclass(frozen=True, slots=True)
class BaselinePolicy:
    """The runs that a run is compared with, and the criteria.

    ``runs`` are written as in ``proofload compare --baseline``; ``figures`` are names or patterns of figures.
    ``min_effect_seconds`` and ``min_effect_ratio`` are the smallest effects that matter; the other fields are
    those of :class:`slo.model.Criteria`.
    """

    runs: tuple[str, ...]
    figures: tuple[str, ...]
    tolerance: float
    min_effect_seconds: float
    min_effect_ratio: float
    confidence: float
    minimum_runs: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How verdicts are reached.

    ``confidence``: MET and MISSED require that the confidence interval of this level lies on one side of the
    target; ``None``: the observed value decides. ``baseline``: the runs that a run must not be worse than;
    ``None``: no comparison. ``coverage``: the smallest share of the scrapes in the window, as a ratio, in
    which a gauge must have a value.
    """

    confidence: float | None = None
    baseline: BaselinePolicy | None = None
    coverage: float = DEFAULT_COVERAGE
