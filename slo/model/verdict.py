"""What follows from spec and evidence: verdicts, checks, alerts and the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from slo.model.evidence import Evidence, Window
from slo.model.policy import Policy
from slo.model.run import RunRecord
from slo.model.spec import AlertPolicy, Op, Spec


class Outcome(StrEnum):
    """The three verdicts."""

    MET = "MET"
    MISSED = "MISSED"
    UNDECIDED = "UNDECIDED"


class Reason(StrEnum):
    """Why an objective could not be decided: a closed list, the most causal first."""

    PROMETHEUS_UNREACHABLE = "prometheus_unreachable"
    QUERY_FAILED = "query_failed"
    PARTIAL_DATA = "partial_data"
    CLOCK_SKEW = "clock_skew"
    INTERRUPTED = "interrupted"
    TARGET_RESTARTED = "target_restarted"
    TARGET_DOWN = "target_down"
    LOAD_NOT_DELIVERED = "load_not_delivered"
    NO_DATA = "no_data"
    SCRAPE_GAP = "scrape_gap"
    COUNTS_DO_NOT_RECONCILE = "counts_do_not_reconcile"
    GOOD_EXCEEDS_TOTAL = "good_exceeds_total"
    TOO_FEW_EVENTS = "too_few_events"
    THRESHOLD_INSIDE_BUCKET = "threshold_inside_bucket"
    MALFORMED_HISTOGRAM = "malformed_histogram"
    WITHIN_CONFIDENCE_INTERVAL = "within_confidence_interval"


Bounds = tuple[float, float]
"""Lowest and highest, both included."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Where the ratio of good events can lie, by what makes it uncertain.

    ``bucket``: what the histogram's bounds leave open; ``sampling``: what chance alone could give, at
    ``level``, from ``slices`` of time whose events vary as ``independent_events`` would (``None``: a single
    slice can't tell); ``edges``: what the scrapes around a window that was not free of traffic at its ends
    leave open (``None``: it was, or whole slices are judged); ``combined``: all of it. ``further_events``
    more would decide, roughly (``None``: it is decided, or no run of a sensible length would).
    ``target_shown``: the highest target that so many events could have shown, had all been good.
    """

    level: float
    bucket: Bounds
    sampling: Bounds
    combined: Bounds
    slices: int
    target_shown: float
    edges: Bounds | None = None
    independent_events: float | None = None
    further_events: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value beside the threshold asked; ``bounds`` hold what the evidence cannot tell apart.

    An upper bound of ``None`` means there is none (a percentile in the ``+Inf`` bucket). ``unit`` is
    ``seconds``, ``bytes``, ``ratio`` or empty. ``quantile`` is set for percentiles, and ``sampling``: between
    which values chance alone could have put it, at the level of the objective's intervals.
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

    ``sli``: ratio of good events; ``bounds``: lowest and highest the SLI can be on this evidence;
    ``budget_allowed``: 1 - target; ``budget_spent``: share of the budget of the events seen that is
    spent (above 1: overspent); ``burn_rate``: error ratio over allowed ratio (SRE workbook, ch. 5);
    ``days_to_exhaustion``: days until the SLO window's budget is gone at this burn rate.
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
    measured: Measured | None = None
    intervals: Intervals | None = None
    queries: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def budget_allowed(self) -> float:
        """Ratio of events that may be bad."""
        return 1 - self.target


class CheckStatus(StrEnum):
    """Outcome of one check of the evidence."""

    PASS = "pass"  # noqa: S105 - the outcome of a check, not a password
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the evidence as a whole; a failed one makes verdicts UNDECIDED with its reason.

    ``numbers`` are the figures behind it, e.g. ``{"sent": 3000, "counted": 3000, "difference": 0}``.
    """

    name: str
    status: CheckStatus
    detail: str
    reason: Reason | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that an alert fired; times in seconds since the window began.

    ``resolved_at`` is ``None`` when it still fired at the end. ``no_data``: there was no burn rate.
    """

    fired_at: float
    resolved_at: float | None = None
    peak_burn_rate: float | None = None
    no_data: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """What one alert condition would have done under the load; it changes no verdict.

    ``peak_burn_rate`` is the highest over its look-back window. ``detail`` says why it can't be told.
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
    """One verdict for the run, one for each objective, and the checks of the evidence.

    ``alerts`` are what the spec's alert policies would have made of the load.
    """

    outcome: Outcome
    window: Window
    objectives: tuple[ObjectiveVerdict, ...]
    checks: tuple[Check, ...] = ()
    policy: Policy = field(default_factory=Policy)
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything a report may show about one run: what was asked, sent, counted and concluded.

    ``timings`` are (stage, seconds) in order; ``versions`` and ``settings`` are for the appendix.
    ``run`` is ``None`` for ``check``, which judges a window whoever made its load.
    """

    verdict: Verdict
    evidence: Evidence
    spec: Spec
    run: RunRecord | None = None
    timings: tuple[tuple[str, float], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
