"""Evidence as Prometheus returns it, from samples in the notation of promtool's unit tests.

Scrapes are every 10 s from 95 s on; the window is 100 s to 160 s. Of eight samples the first is before the
window, six are inside it and the last one closes it: ``0+10x7`` is a counter that counts 70 events.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from slo.model import (
    PROCESS_START_KEY,
    SLO,
    UP_KEY,
    BudgetingMethod,
    EventsSLI,
    Evidence,
    FailureCount,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    Quantiles,
    QueryKey,
    QueryResult,
    RawRatioSLI,
    RequestCounts,
    RunRecord,
    Series,
    Service,
    Spec,
    ThresholdSLI,
    Window,
    make_value_key,
)
from slo.prometheus.query_fallbacks import select_other_spellings
from slo.promql import (
    PROCESS_START_METRIC,
    UP_METRIC,
    Selector,
    parse_selector,
    plan_queries,
    select_created_timestamps,
)

FIRST_SCRAPE = 95.0
INTERVAL_SECONDS = 10.0
WINDOW = Window(100.0, 160.0)
TARGET = {"job": "api", "instance": "api:80"}

ServerValue = float | tuple[float, ...] | str
"""What Prometheus computes for an expression: one value, several values, or an error message."""


# --- Samples ------------------------------------------------------------------------------------


def expand_samples(notation: str) -> list[float | None]:
    """Expand promtool's notation: ``1 2``, ``0+5x3`` (0 5 10 15), ``7x2`` (7 7 7), ``_`` and ``_x2`` (none).

    https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
    """
    return [value for token in notation.split() for value in _expand_token(token)]


def _expand_token(token: str) -> list[float | None]:
    if missing := re.fullmatch(r"_(?:x(\d+))?", token):
        return [None] * int(missing[1] or 1)
    sequence = re.fullmatch(r"(-?[\d.]+|NaN|[+-]?Inf)(?:([+-][\d.]+)?x(\d+))?", token)
    if sequence is None:
        raise ValueError(f"{token!r} is not in promtool's notation")
    first, step, times = float(sequence[1]), float(sequence[2] or 0), int(sequence[3] or 0)
    return [first + step * n if step else first for n in range(times + 1)]


def make_series(name: str, notation: str) -> Series:
    """Return the series with the labels of a selector, of the scrape target :data:`TARGET` by default."""
    selector = parse_selector(name)
    labels = {"__name__": selector.metric} | TARGET | {m.label: m.value for m in selector.matchers}
    samples = [
        (FIRST_SCRAPE + n * INTERVAL_SECONDS, value)
        for n, value in enumerate(expand_samples(notation))
        if value is not None
    ]
    return Series(labels, tuple(time for time, _ in samples), tuple(value for _, value in samples))


def matches_selector(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Match as Prometheus does: a missing label is empty, regular expressions are anchored."""
    compare: dict[str, Callable[[str, str], bool]] = {
        "=": lambda value, expected: value == expected,
        "!=": lambda value, expected: value != expected,
        "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
        "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
    }
    has_name = not selector.metric or labels["__name__"] == selector.metric
    return has_name and all(compare[m.op](labels.get(m.label, ""), m.value) for m in selector.matchers)


# --- Evidence -----------------------------------------------------------------------------------


def make_evidence(
    spec: Spec,
    samples: Mapping[str, str],
    server_values: Mapping[str, ServerValue] | None = None,
    *,
    window: Window = WINDOW,
    error: str | None = None,
) -> Evidence:
    """Return the results of a spec's queries on the samples that were scraped.

    ``server_values``: the values that Prometheus computes for an expression, or the error of a query as text.
    A scrape target without an ``up`` series among the samples answered all eight scrapes.
    """
    stored = [make_series(name, notation) for name, notation in samples.items()]
    plan, server_values = plan_queries(spec), server_values or {}
    results: dict[QueryKey, QueryResult] = {}
    for selector in plan.selectors:
        key, other_spellings = str(selector), select_other_spellings(selector)
        matched = _select_series(selector, stored)
        if other_spellings:
            matched += _select_series(other_spellings, stored)
        results[selector.key] = _find_error(key, server_values) or QueryResult(key, 0, matched)
        created = select_created_timestamps(selector)
        if created_series := _select_series(created, stored):
            results[created.key] = QueryResult(str(created), 0, created_series)
    for query in plan.server_expressions:
        results[make_value_key(query)] = _find_error(query, server_values) or _make_computed_result(
            query, server_values
        )
    for query in plan.existence_queries:
        values = {query: 1.0} | dict(server_values)
        results[make_value_key(query)] = _find_error(query, values) or _make_computed_result(query, values)
    up_series = _select_metric(UP_METRIC, stored) or _make_up_series(stored)
    results[UP_KEY] = QueryResult(UP_METRIC, 0, up_series)
    start_series = _select_metric(PROCESS_START_METRIC, stored)
    results[PROCESS_START_KEY] = QueryResult(PROCESS_START_METRIC, 0, start_series)
    return Evidence(window, {} if error else results, 200.0, 300.0, INTERVAL_SECONDS, error=error)


def _find_error(query: str, server_values: Mapping[str, ServerValue]) -> QueryResult | None:
    error = server_values.get(query)
    return QueryResult(query, 0, error=error) if isinstance(error, str) else None


def _make_computed_result(query: str, server_values: Mapping[str, ServerValue]) -> QueryResult:
    value = server_values.get(query, ())
    values = [value] if isinstance(value, float | int) else [n for n in value if isinstance(n, float)]
    series = tuple(Series({"n": str(n)}, (WINDOW.end,), (value,)) for n, value in enumerate(values))
    return QueryResult(query, WINDOW.end, series, exact=False)


def _select_series(selector: Selector, stored: list[Series]) -> tuple[Series, ...]:
    return tuple(series for series in stored if matches_selector(selector, series.labels))


def _select_metric(metric: str, stored: list[Series]) -> tuple[Series, ...]:
    return tuple(series for series in stored if series.labels["__name__"] == metric)


def _make_up_series(stored: list[Series]) -> tuple[Series, ...]:
    targets = {(series.labels["job"], series.labels["instance"]) for series in stored}
    return tuple(
        make_series(f'up{{job="{job}",instance="{instance}"}}', "1x7") for job, instance in sorted(targets)
    )


# --- Specs and runs -----------------------------------------------------------------------------

ALL, ERRORS = "http_requests_total", 'http_requests_total{status=~"5.."}'
OK, FAULTY = 'http_requests_total{status="200"}', 'http_requests_total{status="500"}'
LATENCY = "http_request_duration_seconds"


def slo_of(
    sli: EventsSLI | RawRatioSLI | ThresholdSLI,
    *objectives: Objective,
    budgeting: BudgetingMethod = BudgetingMethod.OCCURRENCES,
) -> SLO:
    """Return an SLO with a window of 28 days."""
    return SLO("slo", "api", sli, budgeting, 28 * 86_400.0, objectives)


def availability_slo(target: float = 0.9) -> SLO:
    """Return an SLO on the share of requests with a response status other than 5xx."""
    return slo_of(EventsSLI(PromQL(ALL), bad=PromQL(ERRORS)), Objective("o", target))


def latency_slo(
    threshold: float, quantile: float = 0.9, op: Op = Op.LTE, metric: HistogramQuantile | PromQL | None = None
) -> SLO:
    """Return an SLO on a percentile of the request duration; the threshold is in seconds."""
    sli = ThresholdSLI(metric or HistogramQuantile(LATENCY, quantile))
    return slo_of(sli, Objective("o", quantile, op, threshold))


def with_time_slices(slo: SLO, slice_target: float | None = None, seconds: float = 20.0) -> SLO:
    """Return the SLO for time slices: the share of good ones, or without a target the mean of the ratios."""
    budgeting = BudgetingMethod.RATIO_TIMESLICES if slice_target is None else BudgetingMethod.TIMESLICES
    objective = replace(slo.objectives[0], time_slice_target=slice_target, time_slice_seconds=seconds)
    return replace(slo, budgeting=budgeting, objectives=(objective,))


def bucket_samples(*, total: str, **counts: str) -> dict[str, str]:
    """Return the bucket series of :data:`LATENCY`; ``le_0_1`` is the bucket of 0.1 s."""
    bounds = {name.removeprefix("le_").replace("_", "."): text for name, text in counts.items()}
    return {f'{LATENCY}_bucket{{le="{le}"}}': text for le, text in (bounds | {"+Inf": total}).items()}


def run_record(
    sent: int, *, completed: int | None = None, offered: int | None = None, lateness_seconds: float = 0.01
) -> RunRecord:
    """Return the record of a run; by default every request was offered, sent and completed."""
    completed, offered = sent if completed is None else completed, sent if offered is None else offered
    total = RequestCounts(
        offered,
        sent,
        completed,
        sent - completed,
        offered - sent,
        lateness=Quantiles(p95=lateness_seconds),
    )
    return RunRecord("run", "http://api", "locust", 1, WINDOW, {}, total, {}, RequestCounts())


def failing_run(sent: int, *failures: tuple[str, int, int], completed: int | None = None) -> RunRecord:
    """Return the record of a run in which requests failed: (error class, status or 0, number) of each."""
    counts = tuple(FailureCount(error, status, count) for error, status, count in failures)
    unanswered = sum(count for _, status, count in failures if not status)
    record = run_record(sent, completed=sent - unanswered if completed is None else completed)
    failed = sum(count.count for count in counts)
    return replace(record, total=replace(record.total, failed=failed, failures=counts))


def spec_of(*slos: SLO) -> Spec:
    """Return a spec of a service that counts its requests in :data:`ALL`."""
    return Spec(slos, (Service("api", request_counter=ALL),))


SPEC = spec_of(availability_slo())
STEADY = {OK: "0+10x7"}
"""Samples of 70 good events inside the window."""
