"""Limits that panels draw, read from the spec: a dashboard and a gate that disagree help nobody."""

from __future__ import annotations

from slo.model import SLI, EventsSLI, HistogramQuantile, PromQL, RawRatioSLI, Spec
from slo.promql.syntax import PromQLError, selectors_in


def threshold_of(spec: Spec, metric: str) -> float | None:
    """Give the threshold of the first objective that compares a metric, in the metric's unit."""
    found = (
        objective.threshold
        for slo in spec.slos
        if metric in _metrics(slo.sli)
        for objective in slo.objectives
        if objective.threshold is not None
    )
    return next(found, None)


def error_ratio_of(spec: Spec, metric: str) -> float | None:
    """Give the ratio of bad events that the first objective on a counter of bad events allows."""
    for slo in spec.slos:
        if isinstance(slo.sli, EventsSLI) and slo.sli.bad and metric in _named(slo.sli.bad.query):
            # 1 - 0.995 is 0.0050000000000000044 in binary; twelve places outlast any target written.
            return round(1 - slo.objectives[0].target, 12)
    return None


def _metrics(sli: SLI) -> set[str]:
    if isinstance(sli, EventsSLI):
        return set()
    measured = sli.raw if isinstance(sli, RawRatioSLI) else sli.metric
    return _named(measured.histogram if isinstance(measured, HistogramQuantile) else _text(measured))


def _text(expression: PromQL) -> str:
    return expression.query


def _named(query: str) -> set[str]:
    try:
        return {selector.metric for selector in selectors_in(query)}
    except PromQLError:
        return set()
