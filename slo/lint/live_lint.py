"""What a live Prometheus says about a spec before any load is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isinf

from slo.counting.event_counts import unexplained_absence
from slo.documents.yaml_source import Problem
from slo.evaluation.binomial_intervals import events_to_show
from slo.model import SLO, Budgeting, EventsSLI, Policy, Series, Spec, ThresholdSLI
from slo.model.bucket_bounds import MalformedHistogramError, parse_bound
from slo.model.budget import minimum_events
from slo.prometheus.client import Prometheus, QueryError
from slo.promql.query_plan import expression, metrics, place
from slo.promql.query_variables import filled
from slo.promql.syntax import Expression, Selector, Shape

MOST_SERIES = 10_000
"""More series of one selector make a gate slow, and are more than anybody meant."""
_SUFFIX = re.compile(r"_(bucket|count|sum|total)$")
"""What a metric's family is named without, where targets say its type."""


def traffic_problems(spec: Spec, events: float, policy: Policy) -> list[Problem]:
    """List the targets that so many planned requests can't show, even if all of them are good."""
    found = []
    for slo in spec.slos:
        for objective in slo.objectives:
            needed = float(minimum_events(objective.target))
            if policy.confidence:
                needed = max(needed, events_to_show(objective.target, policy.confidence))
            if slo.budgeting is Budgeting.OCCURRENCES and _counts_events(slo) and events < needed:
                message = (
                    f"the planned load is {events:,.0f} requests, and a target of {objective.target:.10g} "
                    f"needs at least {needed:,.0f}{f' at {policy.confidence:g}' if policy.confidence else ''}"
                )
                found.append(Problem(*place(slo.source), f"SLO {slo.name}, {objective.name}", message))
    return found


def _counts_events(slo: SLO) -> bool:
    return any(
        expression(metric).shape is not Shape.SELECTOR for metric in metrics(slo).values()
    ) or isinstance(slo.sli, EventsSLI)


def lint(spec: Spec, prometheus: Prometheus, now: float) -> list[Problem]:
    """List queries without series and thresholds that are no bucket bound, as of a time (Unix seconds).

    Raises:
        PrometheusUnreachableError: there is no answer.
    """
    return [problem for slo in spec.slos for problem in _slo_problems(slo, prometheus, now)]


def _slo_problems(slo: SLO, prometheus: Prometheus, now: float) -> Iterator[Problem]:
    items = {part: expression(metric) for part, metric in metrics(slo).items()}
    found: dict[str, tuple[Series, ...]] = {}
    for part, item in items.items():
        field = f"SLO {slo.name}, {part}"
        try:
            series = prometheus.value(_asked(item), now).series
        except QueryError as error:
            yield Problem(*place(slo.source), field, str(error))
            continue
        found[part] = series
        for fault in _series_faults(slo, item, series, prometheus):
            yield Problem(*place(slo.source), field, fault)
        if not series:
            if message := _absence(part, items, prometheus, now):
                yield Problem(*place(slo.source), field, message)
        elif item.shape is Shape.QUANTILE and item.selector:
            yield from _bounds_problems(slo, item.selector, series, field)
    for part, message in _strangers(items, found):
        yield Problem(*place(slo.source), f"SLO {slo.name}, {part}", message)


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


def _series_faults(
    slo: SLO, item: Expression, series: tuple[Series, ...], prometheus: Prometheus
) -> Iterator[str]:
    """Say what is odd about the series of a selector: their number, and what kind of metric they are."""
    if item.selector is None or not series:
        return
    if len(series) > MOST_SERIES:
        yield f"{item.selector} matches {len(series):,} series, each fetched sample by sample; match fewer"
    said = prometheus.types(_SUFFIX.sub("", item.selector.metric)) | prometheus.types(item.selector.metric)
    if isinstance(slo.sli, EventsSLI) and slo.sli.counter and said == {"gauge"}:
        yield f"{item.selector} is a gauge, whose every fall would count as a restart: write counter: false"
    elif isinstance(slo.sli, EventsSLI) and not slo.sli.counter and "counter" in said:
        yield f"{item.selector} is a counter, whose samples add up to nothing: write counter: true"
    elif item.shape is Shape.SELECTOR and isinstance(slo.sli, ThresholdSLI) and "counter" in said:
        yield f"{item.selector} is a counter, which passes every threshold in time: write a ratioMetric"


def _strangers(
    items: Mapping[str, Expression], found: Mapping[str, tuple[Series, ...]]
) -> Iterator[tuple[str, str]]:
    """Find good or bad events of targets, handlers and so on that total does not know."""
    total, other = items.get("total"), next((part for part in ("good", "bad") if part in items), "")
    if total is None or total.selector is None or not found.get("total") or not found.get(other):
        return
    matched = {
        matcher.label for item in items.values() if item.selector for matcher in item.selector.matchers
    }
    for label in sorted({name for one in found[other] for name in one.labels} - matched - {"__name__"}):
        known = {one.labels.get(label, "") for one in found["total"]}
        if strange := sorted({one.labels.get(label, "") for one in found[other]} - known):
            yield other, f"counts {label}={strange[0]!r}, which no series of total {total.selector} has"


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
