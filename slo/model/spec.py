"""What was asked: SLOs, objectives, indicators and data sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
