"""Results of the evaluation: verdicts, checks, alerts, and the proof that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from slo.model.evidence import Evidence, Window
from slo.model.observations import Observations
from slo.model.policy import Policy
from slo.model.run import FailedRequests, RunRecord
from slo.model.spec import AlertPolicy, Op, Spec


class Outcome(StrEnum):
    """The three verdicts."""

    MET = "MET"
    MISSED = "MISSED"
    UNDECIDED = "UNDECIDED"


class Reason(StrEnum):
    """Why an objective is UNDECIDED: a closed list, in order of precedence (causes before their effects)."""

    PROMETHEUS_UNREACHABLE = "prometheus_unreachable"
    QUERY_FAILED = "query_failed"
    PARTIAL_DATA = "partial_data"
    CLOCK_SKEW = "clock_skew"
    INTERRUPTED = "interrupted"
    MULTIPLE_PROCESSES = "multiple_processes"
    TARGET_RESTARTED = "target_restarted"
    TARGET_DOWN = "target_down"
    LOAD_NOT_DELIVERED = "load_not_delivered"
    LOAD_FAILED = "load_failed"
    NO_DATA = "no_data"
    SCRAPE_GAP = "scrape_gap"
    COUNTS_DO_NOT_RECONCILE = "counts_do_not_reconcile"
    GOOD_EXCEEDS_TOTAL = "good_exceeds_total"
    TOO_FEW_EVENTS = "too_few_events"
    THRESHOLD_INSIDE_BUCKET = "threshold_inside_bucket"
    MALFORMED_HISTOGRAM = "malformed_histogram"
    WITHIN_CONFIDENCE_INTERVAL = "within_confidence_interval"


class Interval(NamedTuple):
    """Lowest and highest value, both included; a pair in JSON."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of the ratio of good events, one for each source of uncertainty.

    ``bucket``: the threshold lies inside a histogram bucket. ``sampling``: the confidence interval at
    ``level``, computed from ``slices`` time slices whose events vary as ``independent_events`` independent
    ones would (``None``: a single slice gives no variance). ``edges``: the scrapes at the window's edges when
    there was traffic (``None``: there was none, or whole slices are judged). ``combined``: all of them.
    About ``further_events`` more would decide (``None``: decided, or no run of reasonable length would
    decide). ``target_shown``: the highest target that this number of events can show when all are good.
    """

    level: float
    bucket: Interval
    sampling: Interval
    combined: Interval
    slices: int
    target_shown: float
    edges: Interval | None = None
    independent_events: float | None = None
    further_events: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """A measured value and the threshold of its objective.

    The true value lies within ``bounds``; an upper bound of ``None`` means that there is none (a percentile
    in the ``+Inf`` bucket). ``unit`` is ``seconds``, ``bytes``, ``ratio`` or empty. For a percentile,
    ``quantile`` is set, and ``sampling`` is its confidence interval, at the level of the objective's
    intervals.
    """

    value: float | None
    bounds: tuple[float | None, float | None]
    op: Op
    threshold: float
    unit: str = ""
    quantile: float | None = None
    sampling: tuple[float | None, float | None] | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveVerdict:
    """The verdict on one objective.

    ``sli``: ratio of good events; ``bounds``: lowest and highest SLI that the evidence allows;
    ``budget_allowed``: 1 - target; ``budget_spent``: spent share of the error budget of the counted events
    (above 1: overspent); ``burn_rate``: error ratio / allowed ratio (SRE workbook, ch. 5);
    ``days_to_exhaustion``: days until the SLO window's budget is spent at this burn rate.
    """

    slo: str
    objective: str
    kind: str
    """``events``, ``latency``, ``threshold``, ``timeslices``, ``ratio`` or ``composite``."""
    outcome: Outcome
    target: float
    exact: bool
    reason: Reason | None = None
    detail: str = ""
    good: float | None = None
    bad: float | None = None
    total: float | None = None
    sli: float | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    budget_spent: float | None = None
    burn_rate: float | None = None
    days_to_exhaustion: float | None = None
    window_days: float | None = None
    measured: MeasuredValue | None = None
    intervals: Intervals | None = None
    queries: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def budget_allowed(self) -> float:
        """Allowed ratio of bad events."""
        return 1 - self.target


class CheckStatus(StrEnum):
    """Result of one check of the evidence."""

    PASS = "pass"  # noqa: S105 - the result of a check, not a password
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the evidence as a whole; a failed check makes verdicts UNDECIDED with its reason.

    ``numbers`` are the numbers that it compared, e.g. ``{"sent": 3000, "counted": 3000, "difference": 0}``.
    """

    name: str
    status: CheckStatus
    detail: str
    reason: Reason | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of an alert; times in seconds since the start of the window.

    ``resolved_at`` is ``None`` when the alert still fired at the end. ``no_data``: it fired because there was
    no burn rate.
    """

    fired_at: float
    resolved_at: float | None = None
    peak_burn_rate: float | None = None
    no_data: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """When one alert condition would have fired under the load; it changes no verdict.

    ``peak_burn_rate`` is the highest burn rate over the condition's look-back window. ``detail`` says why the
    firings can't be computed.
    """

    slo: str
    objective: str
    policy: AlertPolicy
    firings: tuple[Firing, ...] = ()
    peak_burn_rate: float | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on the run, the verdict on each objective, and the checks of the evidence.

    ``alerts`` hold when the spec's alert policies would have fired. ``failed_requests``: requests of the load
    that failed; ``None`` if no load was generated.
    """

    outcome: Outcome
    window: Window
    objectives: tuple[ObjectiveVerdict, ...]
    checks: tuple[Check, ...] = ()
    policy: Policy = field(default_factory=Policy)
    alerts: tuple[Alert, ...] = ()
    failed_requests: FailedRequests | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything that a report shows about one run: spec, requests sent, evidence and verdict.

    ``timings`` are (stage, seconds) in order; ``versions`` and ``settings`` are for the appendix.
    ``observations`` counts single series of the evidence as the verdict does.
    ``run`` is ``None`` for ``check``: it judges a window of existing traffic, and no load was generated.
    """

    verdict: Verdict
    evidence: Evidence
    spec: Spec
    observations: Observations
    run: RunRecord | None = None
    timings: tuple[tuple[str, float], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
