"""The policy that a run is judged by: confidence, baseline, failed requests and other traffic."""

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
"""Default share of the scrapes in the window in which a gauge must have a value."""
MIN_EFFECT_SECONDS = 0.001
MIN_EFFECT_RATIO = 0.001
"""Default smallest effects that matter, in seconds and as a ratio."""
MAX_FAILED_RATIO = 0.01
"""Default share of the requests sent that may fail without being counted as bad events."""


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
    ``None``: no comparison. ``failed_requests``: the share of the requests sent that may fail without being
    counted as bad events. ``other_traffic``: the service also gets requests that the load does not send.
    ``coverage``: the smallest share of the scrapes in the window in which a gauge must have a value.
    """

    confidence: float | None = None
    baseline: BaselinePolicy | None = None
    failed_requests: float = MAX_FAILED_RATIO
    other_traffic: bool = False
    coverage: float = DEFAULT_COVERAGE
