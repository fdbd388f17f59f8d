"""Strict models of the OpenSLO v1 kinds, with the fields of the specification.

Fields that OpenSLO allows but the checker does not support are errors. :mod:`slo.openslo.spec_reader` checks
references, and rules about several parts of a document.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from slo.openslo.alert_kinds import AlertCondition, AlertNotificationTarget, AlertPolicy, PolicyItem
from slo.openslo.data_source_kinds import DATA_SOURCE_TYPES, DataSource, SourceType
from slo.openslo.fields import (
    CamelCaseModel,
    Description,
    Duration,
    KindDocument,
    Metadata,
    Name,
    Quantile,
    SliceTarget,
    SliceWindow,
    Target,
    TargetPercent,
    Text,
    Timestamp,
    TimeZone,
)

API_VERSION = "openslo/v1"
REQUESTS_ANNOTATION = "proofload/requests"
"""Annotation of a Service: selector of the counter that counts every request the load sends."""
CONTEXT_ANNOTATION = "proofload/context"
"""Annotation of a Service: selectors that reports show in addition to the SLIs, one per line."""
KNOWN_ANNOTATIONS = (REQUESTS_ANNOTATION, CONTEXT_ANNOTATION)


class ServiceSpec(CamelCaseModel):
    """``spec`` of a Service."""

    description: Description = ""


class MetricSpec(CamelCaseModel):
    """Our fields of the free-form ``metricSource.spec``: PromQL, or a percentile of a histogram."""

    query: Text | None = None
    promql: Text | None = None
    histogram: Text | None = None
    quantile: Quantile | None = None

    @model_validator(mode="after")
    def _check_one_query(self) -> MetricSpec:
        fields = [name for name in ("query", "promql", "histogram") if getattr(self, name) is not None]
        if len(fields) != 1:
            names = " and ".join(fields) or "none"
            raise ValueError(f"takes exactly one of query, promql, histogram; {names} given")
        if (self.histogram is None) != (self.quantile is None):
            raise ValueError("histogram and quantile must both be given, e.g. quantile: 0.95")
        return self

    @property
    def query_text(self) -> str | None:
        """The PromQL, from ``query`` or ``promql``."""
        return self.query if self.promql is None else self.promql


class MetricSource(CamelCaseModel):
    """``metricSource``: the data source of a metric, and its query."""

    metric_source_ref: Name | None = None
    type: SourceType | None = None
    spec: MetricSpec

    @model_validator(mode="after")
    def _check_type_or_reference(self) -> MetricSource:
        if self.metric_source_ref is None and self.type is None:
            raise ValueError(f"needs metricSourceRef: NAME of a DataSource, or type: {DATA_SOURCE_TYPES[0]}")
        return self


class Metric(CamelCaseModel):
    """A metric of an SLI."""

    metric_source: MetricSource


class RatioMetric(CamelCaseModel):
    """``ratioMetric``: good or bad events and total, or the precomputed ratio ``raw``."""

    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None

    @model_validator(mode="after")
    def _check_ratio(self) -> RatioMetric:
        if problems := [*self._find_part_problems(), *self._find_metric_problems()]:
            raise ValueError("; ".join(problems))
        return self

    def _find_part_problems(self) -> Iterator[str]:
        events = [name for name in self.list_metrics() if name != "raw"]
        if self.raw is not None and events:
            yield f"raw can't be used together with {' and '.join(events)}"
        elif self.raw is None and events not in (["good", "total"], ["bad", "total"]):
            names = " and ".join(events) or "none"
            yield f"takes total and one of good and bad, or raw and rawType; {names} given"
        if (self.raw is None) != (self.raw_type is None):
            yield "raw and rawType must both be given; rawType is success or failure"

    def _find_metric_problems(self) -> Iterator[str]:
        if self.raw is None and self.counter is None:
            yield (
                "counter is required: true for counters, which only increase, "
                "false for gauges of a number of events"
            )
        if any(metric.metric_source.spec.histogram for metric in self.list_metrics().values()):
            yield "histogram and quantile belong in a thresholdMetric; a ratioMetric needs queries"

    def list_metrics(self) -> dict[str, Metric]:
        """Return the metrics that are given, by field name."""
        metrics = {"good": self.good, "bad": self.bad, "total": self.total, "raw": self.raw}
        return {name: metric for name, metric in metrics.items() if metric is not None}


class SLISpec(CamelCaseModel):
    """``spec`` of an SLI."""

    description: Description = ""
    threshold_metric: Metric | None = None
    ratio_metric: RatioMetric | None = None

    @model_validator(mode="after")
    def _check_one_metric(self) -> SLISpec:
        if (self.threshold_metric is None) == (self.ratio_metric is None):
            raise ValueError("takes exactly one of thresholdMetric and ratioMetric")
        return self

    def list_metrics(self) -> dict[tuple[str, ...], Metric]:
        """Return the metrics that are given, by their location in this spec."""
        if self.threshold_metric is not None:
            return {("thresholdMetric",): self.threshold_metric}
        parts = {} if self.ratio_metric is None else self.ratio_metric.list_metrics()
        return {("ratioMetric", name): metric for name, metric in parts.items()}

    @property
    def quantile(self) -> float | None:
        """The quantile (0 to 1) if the metric is a percentile of a histogram."""
        return None if self.threshold_metric is None else self.threshold_metric.metric_source.spec.quantile


class Indicator(CamelCaseModel):
    """An inline SLI of an SLO."""

    metadata: Metadata
    spec: SLISpec


class Objective(CamelCaseModel):
    """An item of an SLO's ``objectives``; ratios and seconds in the model."""

    display_name: Text | None = None
    op: Literal["lte", "lt", "gte", "gt"] | None = None
    value: float | None = None
    target: Target | None = None
    target_percent: TargetPercent | None = None
    time_slice_target: SliceTarget | None = None
    time_slice_window: SliceWindow | None = None
    indicator: Indicator | None = None
    indicator_ref: Name | None = None
    composite_weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _check_one_target(self) -> Objective:
        if self.target is not None and self.target_percent is not None:
            raise ValueError("takes one of target and targetPercent, not both")
        return self

    @property
    def target_ratio(self) -> float | None:
        """The target as a ratio, from ``target`` or ``targetPercent``."""
        return self.target_percent if self.target is None else self.target


class Calendar(CamelCaseModel):
    """Start of a calendar-aligned ``timeWindow``."""

    start_time: Timestamp
    time_zone: TimeZone


class TimeWindow(CamelCaseModel):
    """The only item of ``timeWindow``; its duration is in seconds."""

    duration: Duration
    is_rolling: bool | None = None
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _check_rolling_or_calendar(self) -> TimeWindow:
        if self.is_rolling and self.calendar:
            raise ValueError("takes one of isRolling: true and calendar, not both")
        if self.is_rolling is False and not self.calendar:
            raise ValueError("isRolling: false needs a calendar, with startTime and timeZone")
        return self


class SLOSpec(CamelCaseModel):
    """``spec`` of an SLO."""

    description: Description = ""
    service: Name
    indicator: Indicator | None = None
    indicator_ref: Name | None = None
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)] | None = None
    budgeting_method: Literal["Occurrences", "Timeslices", "RatioTimeslices"]
    objectives: Annotated[list[Objective], Field(min_length=1)]
    alert_policies: list[PolicyItem] | None = None

    @model_validator(mode="after")
    def _check_indicators(self) -> SLOSpec:
        own = _count_indicators(self)
        parts = [_count_indicators(objective) for objective in self.objectives]
        if own and any(parts):
            raise ValueError("has an indicator, and so have its objectives; a composite SLO has only theirs")
        if own > 1 or (not own and not any(parts)):
            raise ValueError("takes exactly one of indicator and indicatorRef")
        if not own and any(count != 1 for count in parts):
            raise ValueError("is composite: each objective takes exactly one of indicator and indicatorRef")
        if not own and self.budgeting_method != "Occurrences":
            raise ValueError(
                "is composite: OpenSLO has no target for time slices of a composite SLO; use Occurrences"
            )
        if own and any(objective.composite_weight is not None for objective in self.objectives):
            raise ValueError(
                "has a compositeWeight, but a single indicator; weights belong to composite SLOs"
            )
        return self

    @property
    def is_composite(self) -> bool:
        """Whether the objectives have indicators of their own."""
        return not _count_indicators(self)


def _count_indicators(item: Objective | SLOSpec) -> int:
    return (item.indicator is not None) + (item.indicator_ref is not None)


class Service(KindDocument):
    """A service that SLOs belong to."""

    kind: Literal["Service"]
    spec: ServiceSpec | None = None


class SLI(KindDocument):
    """An indicator that SLOs refer to in ``indicatorRef``."""

    kind: Literal["SLI"]
    spec: SLISpec


class SLO(KindDocument):
    """A service level objective."""

    kind: Literal["SLO"]
    spec: SLOSpec


KINDS: Mapping[str, type[KindDocument]] = {
    "DataSource": DataSource,
    "Service": Service,
    "SLI": SLI,
    "SLO": SLO,
    "AlertPolicy": AlertPolicy,
    "AlertCondition": AlertCondition,
    "AlertNotificationTarget": AlertNotificationTarget,
}
