"""Limits that panels draw, read from the spec, so that the dashboards agree with the verdicts."""

from __future__ import annotations

from slo.model import SLI, EventsSLI, HistogramQuantile, RawRatioSLI, Spec
from slo.promql import PromQLError, find_selectors


def find_threshold(spec: Spec, metric: str) -> float | None:
    """Return the threshold of the first objective on a metric, in the metric's unit."""
    thresholds = (
        objective.threshold
        for slo in spec.slos
        if metric in _list_metrics(slo.sli)
        for objective in slo.objectives
        if objective.threshold is not None
    )
    return next(thresholds, None)


def find_allowed_error_ratio(spec: Spec, metric: str) -> float | None:
    """Return the ratio of bad events that the first objective on a counter of bad events allows."""
    for slo in spec.slos:
        if (
            isinstance(slo.sli, EventsSLI)
            and slo.sli.bad
            and metric in _parse_metric_names(slo.sli.bad.query)
        ):
            # 1 - 0.995 is 0.0050000000000000044 in binary; no target has more than twelve decimals.
            return round(1 - slo.objectives[0].target, 12)
    return None


def _list_metrics(sli: SLI) -> set[str]:
    if isinstance(sli, EventsSLI):
        return set()
    metric = sli.raw if isinstance(sli, RawRatioSLI) else sli.metric
    return _parse_metric_names(metric.histogram if isinstance(metric, HistogramQuantile) else metric.query)


def _parse_metric_names(query: str) -> set[str]:
    try:
        return {selector.metric for selector in find_selectors(query)}
    except PromQLError:
        return set()
