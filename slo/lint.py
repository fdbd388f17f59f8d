"""What a live Prometheus says about a spec before any load is sent."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from slo.document import Problem
from slo.histogram import MalformedHistogramError, parse_bound
from slo.model import SLO, EventsSLI, Series, Spec
from slo.prometheus import Prometheus, QueryError
from slo.promql import Selector, Shape
from slo.queries import expression, metrics, place


def lint(spec: Spec, prometheus: Prometheus, now: float) -> list[Problem]:
    """List queries without series and thresholds that are no bucket bound, as of a time (Unix seconds).

    Raises:
        PrometheusUnreachableError: there is no answer.
    """
    return [problem for slo in spec.slos for problem in _slo_problems(slo, prometheus, now)]


def _slo_problems(slo: SLO, prometheus: Prometheus, now: float) -> Iterator[Problem]:
    for part, metric in metrics(slo).items():
        item = expression(metric)
        asked = str(item.selector) if item.selector else item.text
        field = f"SLO {slo.name}, {part}"
        try:
            series = prometheus.value(asked, now).series
        except QueryError as error:
            yield Problem(*place(slo.source), field, str(error))
            continue
        if not series:
            unborn = isinstance(slo.sli, EventsSLI) and part == "bad"
            hint = " (it may be that none happened yet)" if unborn else ""
            yield Problem(*place(slo.source), field, f"{asked} matches no series{hint}")
        elif item.shape is Shape.QUANTILE and item.selector:
            yield from _bounds_problems(slo, item.selector, series, field)


def _bounds_problems(
    slo: SLO, selector: Selector, series: tuple[Series, ...], field: str
) -> Iterator[Problem]:
    try:
        bounds = sorted({parse_bound(one.labels.get("le", "")) for one in series})
    except MalformedHistogramError as error:
        yield Problem(*place(slo.source), field, f"{selector}: {error}")
        return
    shown = ", ".join(f"{bound:g}" for bound in bounds if not isinf(bound))
    for objective in slo.objectives:
        if objective.threshold is not None and objective.threshold not in bounds:
            message = (
                f"{selector.metric} has no bucket bound at {objective.threshold:g}: it may stay undecided; "
                f"add that bound to the histogram, or use one of {shown}"
            )
            yield Problem(*place(slo.source), f"{field}, objective {objective.name}", message)
