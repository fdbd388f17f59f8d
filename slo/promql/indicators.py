"""The indicator of an SLO, parsed once: what is counted, and from which selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from slo.model import SLI, SLO, EventsSLI, HistogramQuantile, PromQL, RawRatioSLI, ThresholdSLI
from slo.promql.expressions import Expression, PromQLError, Selector, Shape
from slo.promql.parser import parse_expression, parse_selector

Expressions = Mapping[str, Expression]
"""Expressions by role: ``good`` or ``bad`` and ``total``; ``raw``; or ``metric``."""


@dataclass(frozen=True, slots=True)
class EventsIndicator:
    """Events that are ``good`` or ``bad`` (``event_class``), of all events, from raw samples.

    ``is_counter`` false: each sample is a number of events, and the samples are summed.
    """

    event_class: str
    matched: Selector
    total: Selector
    is_counter: bool
    expressions: Expressions


@dataclass(frozen=True, slots=True)
class PercentileIndicator:
    """A percentile of a histogram, from raw samples of its buckets; ``quantile`` is a ratio."""

    buckets: Selector
    quantile: float
    expressions: Expressions


@dataclass(frozen=True, slots=True)
class GaugeIndicator:
    """A gauge of which each raw sample is compared with a threshold."""

    gauge: Selector
    expressions: Expressions


@dataclass(frozen=True, slots=True)
class ServerIndicator:
    """Expressions that only Prometheus can evaluate: once, at the end of the window, and approximate."""

    expressions: Expressions


Indicator = EventsIndicator | PercentileIndicator | GaugeIndicator | ServerIndicator
"""An SLI with its queries parsed: counted from raw samples, or evaluated by the server."""


@lru_cache(maxsize=4096)
def parse_indicator(sli: SLI) -> Indicator:
    """Parse the queries of an SLI.

    Raises:
        PromQLError: a query is not PromQL, or selects another time than the window.
    """
    expressions = {role: parse_metric(metric) for role, metric in list_metrics(sli).items()}
    if isinstance(sli, EventsSLI):
        event_class = "good" if "good" in expressions else "bad"
        matched, total = expressions[event_class], expressions["total"]
        has_counters = {matched.shape, total.shape} <= {Shape.SELECTOR, Shape.INCREASE}
        if has_counters and matched.selector and total.selector:
            return EventsIndicator(event_class, matched.selector, total.selector, sli.counter, expressions)
    elif isinstance(sli, ThresholdSLI):
        metric = expressions["metric"]
        if metric.shape is Shape.QUANTILE and metric.selector and metric.quantile is not None:
            return PercentileIndicator(metric.selector, metric.quantile, expressions)
        if metric.shape is Shape.SELECTOR and metric.selector:
            return GaugeIndicator(metric.selector, expressions)
    return ServerIndicator(expressions)


def list_selectors(indicator: Indicator) -> tuple[Selector, ...]:
    """Return the selectors whose raw samples an indicator needs: good or bad events first, then total."""
    match indicator:
        case EventsIndicator(matched=matched, total=total):
            return (matched, total)
        case PercentileIndicator(buckets=buckets):
            return (buckets,)
        case GaugeIndicator(gauge=gauge):
            return (gauge,)
        case ServerIndicator():
            return ()


def is_cumulative(indicator: Indicator) -> bool:
    """Return whether an indicator's raw samples are counters: of events, or of a histogram's buckets."""
    match indicator:
        case EventsIndicator(is_counter=is_counter):
            return is_counter
        case _:
            return isinstance(indicator, PercentileIndicator)


def is_evaluated_by_server(slo: SLO) -> bool:
    """Return whether raw samples can't answer an SLO's queries exactly, so that Prometheus evaluates them.

    Raises:
        PromQLError: a query of the SLO is not PromQL.
    """
    return isinstance(parse_indicator(slo.sli), ServerIndicator)


def parse_metric(metric: PromQL | HistogramQuantile) -> Expression:
    """Parse one query of an SLI.

    Raises:
        PromQLError: the query is not PromQL, or selects another time than the window.
    """
    if isinstance(metric, PromQL):
        return parse_expression(metric.query)
    selector = parse_selector(metric.histogram)
    if not selector.metric:
        raise PromQLError(f"{metric.histogram!r} has no metric name, so its buckets have none either")
    buckets = selector.with_metric(f"{selector.metric}_bucket")
    return Expression(metric.histogram, Shape.QUANTILE, buckets, metric.quantile)


def list_metrics(sli: SLI) -> dict[str, PromQL | HistogramQuantile]:
    """Return the queries of an SLI by role, as its author wrote them."""
    match sli:
        case EventsSLI(total=total, good=good, bad=bad):
            metrics = {"good": good, "bad": bad, "total": total}
            return {role: metric for role, metric in metrics.items() if metric}
        case RawRatioSLI(raw=raw):
            return {"raw": raw}
        case ThresholdSLI(metric=metric):
            return {"metric": metric}
