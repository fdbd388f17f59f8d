"""OpenSLO v1 as written: strict models of its kinds, each field as the specification has it.

What OpenSLO allows and the checker can't honour is refused by name. Cross references, and rules that
need more than one part of a document, are :mod:`slo.spec`'s.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from slo.openslo.alert_kinds import AlertCondition, AlertNotificationTarget, AlertPolicy, PolicyItem
from slo.openslo.data_source_kinds import TYPES, DataSource, SourceType
from slo.openslo.fields import (
    Description,
    Duration,
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
from slo.openslo.kind_base import Kind, Metadata, Model

API_VERSION = "openslo/v1"
REQUESTS = "proofload/requests"
"""Annotation of a Service: selector of the counter that counts every request the load sends."""
CONTEXT = "proofload/context"
"""Annotation of a Service: selectors that reports show beside the SLIs, one a line."""
ANNOTATIONS = (REQUESTS, CONTEXT)


class ServiceSpec(Model):
    """``spec`` of a Service."""

    description: Description = ""


class MetricSpec(Model):
    """Free-form ``metricSource.spec``, as we read it: PromQL, or a percentile of a histogram."""

    query: Text | None = None
    promql: Text | None = None
    histogram: Text | None = None
    quantile: Quantile | None = None

    @model_validator(mode="after")
    def _one_way(self) -> MetricSpec:
        given = [name for name in ("query", "promql", "histogram") if getattr(self, name) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            raise ValueError(f"takes exactly one of query, promql, histogram; {said} given")
        if (self.histogram is None) != (self.quantile is None):
            raise ValueError("histogram and quantile go together, e.g. quantile: 0.95")
        return self

    @property
    def text(self) -> str | None:
        """The PromQL, under whichever name it was written."""
        return self.query if self.promql is None else self.promql


class MetricSource(Model):
    """``metricSource``: where a metric comes from and how it is asked for."""

    metric_source_ref: Name | None = None
    type: SourceType | None = None
    spec: MetricSpec

    @model_validator(mode="after")
    def _typed(self) -> MetricSource:
        if self.metric_source_ref is None and self.type is None:
            raise ValueError(f"needs metricSourceRef: NAME of a DataSource, or type: {TYPES[0]}")
        return self


class Metric(Model):
    """A metric of an SLI."""

    metric_source: MetricSource


class RatioMetric(Model):
    """``ratioMetric``: good or bad of total, or the precomputed ratio ``raw``."""

    counter: bool | None = None
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Metric | None = None
    raw_type: Literal["success", "failure"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> RatioMetric:
        if faults := [*self._part_faults(), *self._kind_faults()]:
            raise ValueError("; ".join(faults))
        return self

    def _part_faults(self) -> Iterator[str]:
        events = [name for name in self.metrics() if name != "raw"]
        if self.raw is not None and events:
            yield f"raw can't be used together with {' and '.join(events)}"
        elif self.raw is None and events not in (["good", "total"], ["bad", "total"]):
            said = " and ".join(events) or "none"
            yield f"takes total and one of good and bad, or raw and rawType; {said} given"
        if (self.raw is None) != (self.raw_type is None):
            yield "raw and rawType go together; rawType is success or failure"

    def _kind_faults(self) -> Iterator[str]:
        if self.raw is None and self.counter is None:
            yield (
                "counter is required: true for counters that only grow, "
                "false for numbers of events that go up and down"
            )
        if any(metric.metric_source.spec.histogram for metric in self.metrics().values()):
            yield "histogram and quantile belong in a thresholdMetric; here a query is needed"

    def metrics(self) -> dict[str, Metric]:
        """The metrics given, by the field's name."""
        given = {"good": self.good, "bad": self.bad, "total": self.total, "raw": self.raw}
        return {name: metric for name, metric in given.items() if metric is not None}


class SLISpec(Model):
    """``spec`` of an SLI."""

    description: Description = ""
    threshold_metric: Metric | None = None
    ratio_metric: RatioMetric | None = None

    @model_validator(mode="after")
    def _one_metric(self) -> SLISpec:
        if (self.threshold_metric is None) == (self.ratio_metric is None):
            raise ValueError("takes exactly one of thresholdMetric and ratioMetric")
        return self

    def metrics(self) -> dict[tuple[str, ...], Metric]:
        """The metrics given, by where they stand in this spec."""
        if self.threshold_metric is not None:
            return {("thresholdMetric",): self.threshold_metric}
        parts = {} if self.ratio_metric is None else self.ratio_metric.metrics()
        return {("ratioMetric", name): metric for name, metric in parts.items()}

    @property
    def quantile(self) -> float | None:
        """The percentile asked for as a ratio, of a metric that is a histogram's percentile."""
        return None if self.threshold_metric is None else self.threshold_metric.metric_source.spec.quantile


class Indicator(Model):
    """An SLI written inside an SLO."""

    metadata: Metadata
    spec: SLISpec


class Objective(Model):
    """One of an SLO's ``objectives``; ratios and seconds once read."""

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
    def _one_target(self) -> Objective:
        if self.target is not None and self.target_percent is not None:
            raise ValueError("takes one of target and targetPercent, not both")
        return self

    @property
    def ratio(self) -> float | None:
        """The target as a ratio, whichever way it was written."""
        return self.target_percent if self.target is None else self.target


class Calendar(Model):
    """Where a calendar-aligned ``timeWindow`` begins."""

    start_time: Timestamp
    time_zone: TimeZone


class TimeWindow(Model):
    """The one item of ``timeWindow``; its duration in seconds once read."""

    duration: Duration
    is_rolling: bool | None = None
    calendar: Calendar | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> TimeWindow:
        if self.is_rolling and self.calendar:
            raise ValueError("takes one of isRolling: true and calendar, not both")
        if self.is_rolling is False and not self.calendar:
            raise ValueError("isRolling: false needs a calendar, with startTime and timeZone")
        return self


class SLOSpec(Model):
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
    def _one_indicator(self) -> SLOSpec:
        own = _indicators(self)
        parts = [_indicators(objective) for objective in self.objectives]
        if own and any(parts):
            raise ValueError("has an indicator, and so have objectives; a composite SLO has only theirs")
        if own > 1 or (not own and not any(parts)):
            raise ValueError("takes exactly one of indicator and indicatorRef")
        if not own and any(given != 1 for given in parts):
            raise ValueError("is composite: each objective takes exactly one of indicator and indicatorRef")
        if not own and self.budgeting_method != "Occurrences":
            raise ValueError("is composite: OpenSLO gives composite time slices no target; use Occurrences")
        if own and any(objective.composite_weight is not None for objective in self.objectives):
            raise ValueError("has a compositeWeight, but one indicator; weights belong to composite SLOs")
        return self

    @property
    def composite(self) -> bool:
        """Whether the objectives bring the indicators."""
        return not _indicators(self)


def _indicators(item: Objective | SLOSpec) -> int:
    return (item.indicator is not None) + (item.indicator_ref is not None)


class Service(Kind):
    """What SLOs are grouped by."""

    kind: Literal["Service"]
    spec: ServiceSpec | None = None


class SLI(Kind):
    """An indicator that SLOs name in ``indicatorRef``."""

    kind: Literal["SLI"]
    spec: SLISpec


class SLO(Kind):
    """A service level objective."""

    kind: Literal["SLO"]
    spec: SLOSpec


KINDS: Mapping[str, type[Kind]] = {
    "DataSource": DataSource,
    "Service": Service,
    "SLI": SLI,
    "SLO": SLO,
    "AlertPolicy": AlertPolicy,
    "AlertCondition": AlertCondition,
    "AlertNotificationTarget": AlertNotificationTarget,
}
