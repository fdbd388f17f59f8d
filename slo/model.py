"""The words everything else speaks, as frozen dataclasses. Imports the standard library alone.

Units: times are Unix seconds, durations seconds, sizes bytes, shares ratios from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

SCHEMA = 1
"""Version of ``run.json``, ``evidence.json`` and ``verdict.json``."""


# --- What was asked: the spec -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, from ``start`` to ``end`` in Unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length of the window in seconds."""
        return self.end - self.start


class Budgeting(StrEnum):
    """How an error budget is counted (OpenSLO ``budgetingMethod``)."""

    OCCURRENCES = "Occurrences"
    TIMESLICES = "Timeslices"
    RATIO_TIMESLICES = "RatioTimeslices"


class Op(StrEnum):
    """Comparison of a measured value with a threshold (OpenSLO ``op``)."""

    LTE = "lte"
    LT = "lt"
    GTE = "gte"
    GT = "gt"


@dataclass(frozen=True, slots=True)
class PromQL:
    """One PromQL expression, as the spec's author wrote it."""

    query: str


@dataclass(frozen=True, slots=True)
class HistogramQuantile:
    """A percentile of a classic histogram.

    ``histogram`` is a selector without the ``_bucket`` suffix; ``quantile`` is a ratio.
    """

    histogram: str
    quantile: float


@dataclass(frozen=True, slots=True)
class EventsSLI:
    """Good, bad and total events; exactly two of the three are given, one of them ``total``.

    ``counter`` false: the metric holds a number of events per sample, and samples are summed.
    """

    total: PromQL
    good: PromQL | None = None
    bad: PromQL | None = None
    counter: bool = True


@dataclass(frozen=True, slots=True)
class RawRatioSLI:
    """A query that yields the ratio itself; ``success`` false when it is the share of bad events."""

    raw: PromQL
    success: bool = True


@dataclass(frozen=True, slots=True)
class ThresholdSLI:
    """A measured value that each objective compares with its threshold."""

    metric: PromQL | HistogramQuantile


SLI = EventsSLI | RawRatioSLI | ThresholdSLI
"""What is measured: the indicator of an SLO."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One target of an SLO.

    ``target`` is the ratio of good events (Occurrences) or good slices (Timeslices) asked for;
    ``threshold`` stands for a threshold SLI alone, and so does what ``op`` says.
    """

    name: str
    target: float
    op: Op | None = None
    threshold: float | None = None
    time_slice_target: float | None = None
    time_slice_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AlertCondition:
    """When an alert is due: ``burn rate op threshold`` over the last ``lookback_seconds`` of events.

    It has to hold for ``alert_after_seconds`` without a break.
    """

    name: str
    severity: str
    op: Op
    threshold: float
    lookback_seconds: float
    alert_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What an SLO's people are told of: a condition that holds, that ends, or that nothing can answer."""

    name: str
    condition: AlertCondition
    when_breaching: bool = False
    when_resolved: bool = False
    when_no_data: bool = False


@dataclass(frozen=True, slots=True)
class SLO:
    """A service level objective: one SLI, one budgeting method, one or more objectives.

    A composite SLO is a row of such, of one name, each with an objective and a ``weight`` of its own.
    """

    name: str
    service: str
    sli: SLI
    budgeting: Budgeting
    window_seconds: float
    objectives: tuple[Objective, ...]
    display_name: str = ""
    description: str = ""
    data_source: str | None = None
    source: str = ""
    """Where it was written, as ``file:line``."""
    alert_policies: tuple[AlertPolicy, ...] = ()
    rolling: bool = True
    """Whether its window ends now; else it is aligned to the calendar."""
    weight: float | None = None
    """How often its burn rate counts in its composite SLO's; ``None``: it is no part of one."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service named by the spec.

    ``requests`` selects the counter that counts every request the load sends (for reconciling what
    was sent with what was counted); ``context`` selects series that reports show beside the SLIs.
    """

    name: str
    display_name: str = ""
    description: str = ""
    requests: str | None = None
    context: tuple[str, ...] = ()
    source: str = ""
    """Where it was written, as ``file:line``."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where a Prometheus HTTP API answers, and who speaks it (``type``).

    ``url`` may be overridden on the command line; ``tenant`` and ``headers`` go with each request.
    One without a name stands for a type that SLIs name by themselves.
    """

    name: str
    type: str
    url: str | None = None
    tenant: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """All the SLOs of a run, validated."""

    slos: tuple[SLO, ...]
    services: tuple[Service, ...] = ()
    data_sources: tuple[DataSource, ...] = ()


# --- What was sent: the run ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Distribution of a duration in seconds; all ``None`` when nothing was measured."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p99_9: float | None = None
    max: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """What the load generator did, for one request name or for all of them.

    ``offered``: asked by the schedule; ``sent``: put on the wire or tried to; ``completed``: answered
    by the service, whatever the status; ``failed``: sent, and either not answered or not answered as
    expected; ``dropped``: offered and never sent. ``offered == sent + dropped``.
    ``lateness`` is actual minus intended send; ``response_time`` counts from the intended start,
    ``service_time`` from the send, as does ``time_to_first_byte``, which ends with the answer's first byte.
    ``statuses`` and ``errors`` map a status or reason to a count.
    """

    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    dropped: int = 0
    lateness: Quantiles = field(default_factory=Quantiles)
    response_time: Quantiles = field(default_factory=Quantiles)
    service_time: Quantiles = field(default_factory=Quantiles)
    time_to_first_byte: Quantiles = field(default_factory=Quantiles)
    statuses: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def achieved_ratio(self) -> float | None:
        """Sent over offered, or ``None`` when nothing was offered."""
        return self.sent / self.offered if self.offered else None


@dataclass(frozen=True, slots=True)
class Second:
    """What the load generator saw in one second; times of responses in seconds.

    ``time`` is the Unix second it began; ``completed`` and ``failed`` count by when they ended.
    """

    time: float
    offered: int
    sent: int
    completed: int
    failed: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class GeneratorProcess:
    """How one process of the load generator did during the measured load.

    ``cpu_ratio`` is its share of one core; a lag is how much later than asked its loop came round. One that
    was lost could not tell.
    """

    host: str
    pid: int
    lost: bool = False
    cpu_ratio: float | None = None
    loop_lag_p99_seconds: float | None = None
    loop_lag_max_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was sent, from the load generator's own books (``run.json``).

    ``window`` reaches from the first intended start after warm-up to the last response.
    ``profile`` is the validated load profile as plain data; ``generator`` gives the versions of what sent.
    ``aborted`` is why the load was given up, if it was.
    """

    id: str
    target: str
    engine: str
    seed: int
    window: Window
    profile: Mapping[str, object]
    total: RequestCounts
    requests: Mapping[str, RequestCounts]
    warmup: RequestCounts
    series: tuple[Second, ...] = ()
    generator: Mapping[str, str] = field(default_factory=dict)
    processes: tuple[GeneratorProcess, ...] = ()
    interrupted: bool = False
    aborted: str | None = None


# --- What the service counted: the evidence -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Series:
    """Raw samples of one time series, oldest first; ``times`` and ``values`` are of one length."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to one query; ``exact`` is true for raw samples of a selector.

    ``query`` is the text sent, ``time`` the evaluation time. ``error`` is set when there was no answer.
    """

    query: str
    time: float
    series: tuple[Series, ...] = ()
    exact: bool = True
    warnings: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the service counted: raw answers of Prometheus, by what they were asked for.

    ``results`` maps a selector (or, for queries that only Prometheus can evaluate, the whole
    expression) to its answer. ``lookback_seconds`` is how far before the window the samples reach.
    """

    window: Window
    results: Mapping[str, QueryResult]
    fetched_at: float
    lookback_seconds: float
    scrape_interval_seconds: float | None = None
    server: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    """Why Prometheus could not be asked at all."""
    clock_skew_seconds: float | None = None
    """The server's clock minus ours, in the middle of ``round_trip_seconds``; ``None``: not measured."""
    round_trip_seconds: float | None = None


# --- What follows: the verdict ------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with: ``runs`` as ``proofload compare --baseline`` names them, and how.

    The other fields are those of :class:`slo.compared.Criteria`; ``figures`` are names or patterns of them.
    """

    runs: tuple[str, ...]
    figures: tuple[str, ...]
    tolerance: float
    least_seconds: float
    least_ratio: float
    confidence: float
    minimum_runs: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How verdicts are reached.

    ``confidence``: MET and MISSED stand only where an interval at this level lies on one side of the target;
    ``None`` judges what was observed. ``baseline``: what a run must not be worse than; ``None``: nothing.
    """

    confidence: float | None = None
    baseline: Baseline | None = None


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
