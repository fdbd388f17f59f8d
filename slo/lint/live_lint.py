"""Checks of a spec against a live Prometheus and the planned load, before any load is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isinf

from slo.counting import explain_missing_series
from slo.documents import Problem
from slo.evaluation import count_events_needed
from slo.model import (
    SLO,
    BudgetingMethod,
    EventsSLI,
    MalformedHistogramError,
    Policy,
    Series,
    Spec,
    ThresholdSLI,
    calculate_minimum_events,
    parse_bound,
)
from slo.prometheus import PrometheusClient, QueryError
from slo.promql import Expression, Selector, Shape, fill_window, parse_indicator, split_source

MAX_SERIES = 10_000
"""More series of one selector are probably a mistake, and make the check slow."""
_SUFFIX = re.compile(r"_(bucket|count|sum|total)$")
"""Suffixes that a metric family's name, for which scrape targets declare the type, does not have."""


def find_traffic_problems(spec: Spec, planned_requests: float, policy: Policy) -> list[Problem]:
    """Return a problem for each objective that needs more events than ``planned_requests``."""
    problems = []
    for slo in spec.slos:
        if slo.budgeting is not BudgetingMethod.OCCURRENCES or not _is_event_based(slo):
            continue
        for objective in slo.objectives:
            needed = float(calculate_minimum_events(objective.target))
            if policy.confidence:
                needed = max(needed, count_events_needed(objective.target, policy.confidence))
            if planned_requests < needed:
                confidence = f" at confidence {policy.confidence:g}" if policy.confidence else ""
                message = (
                    f"the planned load is {planned_requests:,.0f} requests, but a target of "
                    f"{objective.target:.10g} needs at least {needed:,.0f}{confidence}"
                )
                problems.append(
                    Problem(*split_source(slo.source), f"SLO {slo.name}, {objective.name}", message)
                )
    return problems


def _is_event_based(slo: SLO) -> bool:
    expressions = parse_indicator(slo.sli).expressions.values()
    return isinstance(slo.sli, EventsSLI) or any(
        expression.shape is not Shape.SELECTOR for expression in expressions
    )


def lint_spec(spec: Spec, prometheus: PrometheusClient, now: float) -> list[Problem]:
    """Return problems of the spec's queries, e.g. no series or a threshold without a bucket bound.

    ``now`` is the evaluation time of the queries in Unix seconds.

    Raises:
        PrometheusUnreachableError: there is no response.
    """
    return [problem for slo in spec.slos for problem in _find_slo_problems(slo, prometheus, now)]


def _find_slo_problems(slo: SLO, prometheus: PrometheusClient, now: float) -> Iterator[Problem]:
    place = split_source(slo.source)
    items = parse_indicator(slo.sli).expressions
    series_by_part: dict[str, tuple[Series, ...]] = {}
    for part, item in items.items():
        field = f"SLO {slo.name}, {part}"
        try:
            series = prometheus.query_instant(_format_query(item), now).series
        except QueryError as error:
            yield Problem(*place, field, str(error))
            continue
        series_by_part[part] = series
        for message in _find_series_problems(slo, item, series, prometheus):
            yield Problem(*place, field, message)
        if not series:
            if explanation := _explain_missing_series(part, items, prometheus, now):
                yield Problem(*place, field, explanation)
        elif item.shape is Shape.QUANTILE and item.selector:
            yield from _find_bound_problems(slo, item.selector, series, field)
    for part, message in _find_unknown_labels(items, series_by_part):
        yield Problem(*place, f"SLO {slo.name}, {part}", message)


def _format_query(item: Expression) -> str:
    return str(item.selector) if item.selector else fill_window(item.text)


def _explain_missing_series(
    part: str, items: Mapping[str, Expression], prometheus: PrometheusClient, now: float
) -> str | None:
    """Return why a missing series is a problem; ``None`` if it shows that no bad event has happened."""
    item, total = items[part], items.get("total")
    if part == "total" or total is None or item.selector is None or total.selector is None:
        return f"{_format_query(item)} matches no series"
    try:
        series = prometheus.query_instant(_format_query(total), now).series
    except QueryError:
        return None  # reported for total itself
    if not series:
        return f"{_format_query(item)} matches no series"
    problem = explain_missing_series(part, item.selector, total.selector, series)
    return problem[1] if problem else None


def _find_series_problems(
    slo: SLO, item: Expression, series: tuple[Series, ...], prometheus: PrometheusClient
) -> Iterator[str]:
    """Yield problems with a selector's number of series and type of metric."""
    if item.selector is None or not series:
        return
    if len(series) > MAX_SERIES:
        yield f"{item.selector} matches {len(series):,} series, and all samples are fetched; match fewer"
    metric = item.selector.metric
    family_types = prometheus.fetch_metric_types(_SUFFIX.sub("", metric))
    types = family_types | prometheus.fetch_metric_types(metric)
    if isinstance(slo.sli, EventsSLI) and slo.sli.counter and types == {"gauge"}:
        yield f"{item.selector} is a gauge, and each decrease would count as a reset: write counter: false"
    elif isinstance(slo.sli, EventsSLI) and not slo.sli.counter and "counter" in types:
        yield f"{item.selector} is a counter, whose samples can't be added up: write counter: true"
    elif item.shape is Shape.SELECTOR and isinstance(slo.sli, ThresholdSLI) and "counter" in types:
        yield f"{item.selector} is a counter, which exceeds every threshold in time: write a ratioMetric"


def _find_unknown_labels(
    items: Mapping[str, Expression], series_by_part: Mapping[str, tuple[Series, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield label values, e.g. of ``instance``, with good or bad events but without total events."""
    total, part = items.get("total"), next((part for part in ("good", "bad") if part in items), "")
    total_series, part_series = series_by_part.get("total", ()), series_by_part.get(part, ())
    if total is None or total.selector is None or not total_series or not part_series:
        return
    matched_labels = {
        matcher.label for item in items.values() if item.selector for matcher in item.selector.matchers
    }
    labels = {name for series in part_series for name in series.labels} - matched_labels - {"__name__"}
    for label in sorted(labels):
        known = {series.labels.get(label, "") for series in total_series}
        if unknown := sorted({series.labels.get(label, "") for series in part_series} - known):
            yield part, f"counts {label}={unknown[0]!r}, which no series of total {total.selector} has"


def _find_bound_problems(
    slo: SLO, selector: Selector, series: tuple[Series, ...], field: str
) -> Iterator[Problem]:
    try:
        bounds = sorted({parse_bound(bucket.labels.get("le", "")) for bucket in series})
    except MalformedHistogramError as error:
        yield Problem(*split_source(slo.source), field, f"{selector}: {error}")
        return
    finite_bounds = ", ".join(f"{bound:g}" for bound in bounds if not isinf(bound))
    for objective in slo.objectives:
        if objective.threshold is not None and objective.threshold not in bounds:
            message = (
                f"{selector.metric} has no bucket bound at {objective.threshold:g}: it may be UNDECIDED; "
                f"add that bound to the histogram, or use one of {finite_bounds}"
            )
            yield Problem(*split_source(slo.source), f"{field}, objective {objective.name}", message)
