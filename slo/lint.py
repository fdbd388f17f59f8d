"""What a live Prometheus says about a spec before any load is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isinf

from slo.document import Problem
from slo.histogram import MalformedHistogramError, parse_bound
from slo.model import SLO, Series, Spec
from slo.prometheus import Prometheus, QueryError
from slo.promql import Expression, Selector, Shape
from slo.queries import expression, metrics, place
from slo.tally import unexplained_absence
from slo.templates import filled


def lint(spec: Spec, prometheus: Prometheus, now: float) -> list[Problem]:
    """List queries without series and thresholds that are no bucket bound, as of a time (Unix seconds).

    Raises:
        PrometheusUnreachableError: there is no answer.
    """
    return [problem for slo in spec.slos for problem in _slo_problems(slo, prometheus, now)]


def _slo_problems(slo: SLO, prometheus: Prometheus, now: float) -> Iterator[Problem]:
    items = {part: expression(metric) for part, metric in metrics(slo).items()}
    for part, item in items.items():
        field = f"SLO {slo.name}, {part}"
        try:
            series = prometheus.value(_asked(item), now).series
        except QueryError as error:
            yield Problem(*place(slo.source), field, str(error))
            continue
        if not series:
            if message := _absence(part, items, prometheus, now):
                yield Problem(*place(slo.source), field, message)
        elif item.shape is Shape.QUANTILE and item.selector:
            yield from _bounds_problems(slo, item.selector, series, field)


def _asked(item: Expression) -> str:
    return str(item.selector) if item.selector else filled(item.text)


def _absence(part: str, items: Mapping[str, Expression], prometheus: Prometheus, now: float) -> str | None:
    """Say that a query matches nothing, unless that shows that no bad event ever happened."""
    item, total = items[part], items.get("total")
    if part == "total" or total is None or item.selector is None or total.selector is None:
        return f"{_asked(item)} matches no series"
    try:
        series = prometheus.value(_asked(total), now).series
    except QueryError:
        return None  # said of total itself
    if not series:
        return f"{_asked(item)} matches no series"
    wrong = unexplained_absence(part, item.selector, total.selector, series)
    return wrong[1] if wrong else None


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
