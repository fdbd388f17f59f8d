"""The spec: SLOs, objectives, indicators, alert policies and data sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BudgetingMethod(StrEnum):
    """Unit in which an error budget is counted (OpenSLO ``budgetingMethod``)."""

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
    """Total events, and either good or bad events.

    ``counter`` false: each sample is a number of events, and the samples are summed.
    """

    total: PromQL
    good: PromQL | None = None
    bad: PromQL | None = None
    counter: bool = True


@dataclass(frozen=True, slots=True)
class RawRatioSLI:
    """A query for the ratio itself: of good events, or of bad events if ``success`` is false."""

    raw: PromQL
    success: bool = True


@dataclass(frozen=True, slots=True)
class ThresholdSLI:
    """A measured value that each objective compares with its threshold."""

    metric: PromQL | HistogramQuantile


SLI = EventsSLI | RawRatioSLI | ThresholdSLI
"""The indicator of an SLO."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of an SLO.

    ``target`` is the required ratio of good events (Occurrences) or of good slices (Timeslices). ``op`` and
    ``threshold`` belong to a threshold SLI: a measured value is good if ``value op threshold`` holds.
    ``time_slice_target`` is the required ratio of good events within a slice.
    """

    name: str
    target: float
    op: Op | None = None
    threshold: float | None = None
    time_slice_target: float | None = None
    time_slice_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AlertCondition:
    """When an alert fires: ``burn rate op threshold`` over the last ``lookback_seconds``.

    The condition must hold for ``alert_after_seconds`` without interruption.
    """

    name: str
    severity: str
    op: Op
    threshold: float
    lookback_seconds: float
    alert_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """When to notify: the condition starts to hold, stops holding, or has no data."""

    name: str
    condition: AlertCondition
    when_breaching: bool = False
    when_resolved: bool = False
    when_no_data: bool = False


@dataclass(frozen=True, slots=True)
class SLO:
    """A service level objective: one SLI, one budgeting method, one or more objectives.

    A composite SLO is several of these with the same name, each with its own objective and ``weight``.
    """

    name: str
    service: str
    sli: SLI
    budgeting: BudgetingMethod
    window_seconds: float
    objectives: tuple[Objective, ...]
    display_name: str = ""
    description: str = ""
    data_source: str | None = None
    source: str = ""
    """Where the SLO is defined, as ``file:line``."""
    alert_policies: tuple[AlertPolicy, ...] = ()
    rolling: bool = True
    """Whether the window ends now; otherwise it is aligned to the calendar."""
    weight: float | None = None
    """Weight of its burn rate in the composite SLO; ``None``: not part of a composite SLO."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that the spec names.

    ``request_counter`` selects the counter of all requests that the load sends, to reconcile the requests
    sent with those counted. ``context_selectors`` select series that reports show besides the SLIs.
    """

    name: str
    display_name: str = ""
    description: str = ""
    request_counter: str | None = None
    context_selectors: tuple[str, ...] = ()
    source: str = ""
    """Where the service is defined, as ``file:line``."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """A server with a Prometheus HTTP API; ``type`` names its product.

    ``url`` can be overridden on the command line. ``tenant`` and ``headers`` are sent with each request.
    ``name`` is empty for the implicit source of SLIs that name only a type.
    """

    name: str
    type: str
    url: str | None = None
    tenant: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """All SLOs, services and data sources of a run, validated."""

    slos: tuple[SLO, ...]
    services: tuple[Service, ...] = ()
    data_sources: tuple[DataSource, ...] = ()
