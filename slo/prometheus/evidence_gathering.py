"""Gathering of evidence: raw samples around the window, from Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from operator import lt
from statistics import median

from slo.model import (
    PROCESS_START_KEY,
    SERVER_TIME_KEY,
    UP_KEY,
    Evidence,
    QueryKey,
    QueryResult,
    Series,
    Spec,
    Window,
    make_value_key,
    scrape_target_of,
)
from slo.prometheus.client import PrometheusClient, PrometheusUnreachableError, QueryError
from slo.prometheus.earlier_samples import add_earlier_samples
from slo.prometheus.query_fallbacks import query_alternative_forms, select_other_spellings
from slo.promql import (
    Matcher,
    QueryPlan,
    Selector,
    escape_job_name,
    fill_window,
    list_counters,
    plan_queries,
    select_created_timestamps,
    select_metric_of_jobs,
)

CONCURRENT_QUERIES = 4
"""A fifth of the 20 that Prometheus runs at a time for all clients (``--query.max-concurrency``)."""
LOOKBACK_SECONDS = 300.0
"""Samples are fetched from so long before the window: Prometheus's default look-back."""


def gather_evidence(
    prometheus: PrometheusClient, spec: Spec, window: Window, *, now: float, margin_seconds: float
) -> Evidence:
    """Query Prometheus for the evidence that the evaluation of a spec over a window needs.

    Args:
        prometheus: the server.
        spec: the spec to evaluate; each of its queries is run once.
        window: Unix seconds.
        now: the current time (Unix seconds), recorded in the evidence.
        margin_seconds: how long after the window to fetch samples; it must include the next scrape.

    Raises:
        ProblemsError: the spec contains PromQL that can't be evaluated.
    """
    plan = plan_queries(spec)
    results: dict[QueryKey, QueryResult] = {}
    try:
        version = prometheus.fetch_version()
        prometheus.flush_recent_samples()
        skew, round_trip = _measure_clock_skew(prometheus, results)
        _fetch_results(prometheus, spec, plan, window, margin_seconds, results)
    except PrometheusUnreachableError as error:
        return Evidence(window, results, now, LOOKBACK_SECONDS, error=str(error))
    server = {"url": prometheus.connection.shown_url, "version": version, "backend": prometheus.backend}
    return Evidence(
        window,
        results,
        now,
        LOOKBACK_SECONDS,
        _estimate_scrape_interval(results),
        server,
        clock_skew_seconds=skew,
        round_trip_seconds=round_trip,
    )


def _fetch_results(
    prometheus: PrometheusClient,
    spec: Spec,
    plan: QueryPlan,
    window: Window,
    margin_seconds: float,
    results: dict[QueryKey, QueryResult],
) -> None:
    """Add the results of all queries to ``results``, so that a failure leaves the results before it."""
    start, end = window.start - LOOKBACK_SECONDS, window.end + margin_seconds

    def fetch_samples(text: str) -> QueryResult:
        return prometheus.fetch_samples(text, start, end)

    def evaluate_at_end(text: str) -> QueryResult:
        return prometheus.query_instant(fill_window(text, window.seconds), window.end)

    with ThreadPoolExecutor(CONCURRENT_QUERIES) as pool:
        fetch_selector = partial(_fetch_selector, fetch_samples)
        keys = (selector.key for selector in plan.selectors)
        results |= zip(keys, pool.map(fetch_selector, plan.selectors), strict=True)
        expressions = (*plan.server_expressions, *plan.existence_queries)
        results |= _run_queries(pool, map(make_value_key, expressions), evaluate_at_end)
        jobs = plan.job_patterns | set(map(escape_job_name, _find_jobs(results.values())))
        for key in (UP_KEY, PROCESS_START_KEY) if jobs else ():
            results[key] = _run_query(str(select_metric_of_jobs(key.text, jobs)), fetch_samples)
        add_earlier_samples(pool, prometheus, spec, window, start, results)
        created_metrics = _select_created_metrics(spec, results, window)
        exposed_metrics = _filter_exposed_metrics(prometheus, created_metrics, window.end)
        results |= _run_queries(pool, (selector.key for selector in exposed_metrics), fetch_samples)


def _measure_clock_skew(
    prometheus: PrometheusClient, results: dict[QueryKey, QueryResult]
) -> tuple[float | None, float | None]:
    """Return how far the server's clock is ahead of ours and how long the request took, in seconds.

    The result of the query is added to ``results``.

    The server is assumed to have read its clock in the middle of the request, as in NTP (RFC 5905, 8).
    """
    sent_at, started = time.time(), time.monotonic()
    result = _run_query(SERVER_TIME_KEY.text, lambda _: prometheus.fetch_server_time())
    round_trip = time.monotonic() - started
    results[SERVER_TIME_KEY] = result
    if result.error:
        return None, None
    return result.series[0].values[0] - sent_at - round_trip / 2, round_trip


def _select_created_metrics(
    spec: Spec, results: Mapping[QueryKey, QueryResult], window: Window
) -> list[Selector]:
    """Return the ``_created`` selectors that can show what no other series shows.

    That is the start of a series without a sample before the window, a restart of a scrape target that
    exposes no process start time, and a reset of a counter without a restart.
    """
    process_starts = results.get(PROCESS_START_KEY)
    covered_targets = (
        {scrape_target_of(series) for series in process_starts.series} if process_starts else set()
    )
    counters = (
        counter
        for counter in list_counters(spec)
        if any(
            series.times
            and (
                series.times[0] > window.start
                or scrape_target_of(series) not in covered_targets
                or any(map(lt, islice(series.values, 1, None), series.values))
            )
            for series in results[counter.key].series
        )
    )
    return list(dict.fromkeys(map(select_created_timestamps, counters)))


def _filter_exposed_metrics(
    prometheus: PrometheusClient, selectors: Sequence[Selector], time: float
) -> list[Selector]:
    """Return the selectors whose metric exists; few services expose ``_created``, so one query finds out."""
    names = {selector.metric for selector in selectors}
    if not names:
        return []
    any_name = Selector("", (Matcher("__name__", "=~", "|".join(sorted(map(escape_job_name, names)))),))
    result = _run_query(
        f"group by (__name__) ({any_name})", lambda text: prometheus.query_instant(text, time)
    )
    existing = {series.labels.get("__name__") for series in result.series}
    return [selector for selector in selectors if selector.metric in existing or result.error]


def _fetch_selector(send_query: Callable[[str], QueryResult], selector: Selector) -> QueryResult:
    """Fetch a selector's samples in every notation of its bound, or else in its histogram's other forms."""
    result = _run_query(str(selector), send_query)
    if result.error:
        return result
    if result.series:
        others = select_other_spellings(selector)
        return _merge_results(result, _run_query(str(others), send_query)) if others else result
    return query_alternative_forms(selector, lambda other: _run_query(str(other), send_query)) or result


def _merge_results(first: QueryResult, second: QueryResult) -> QueryResult:
    warnings = tuple(dict.fromkeys((*first.warnings, *second.warnings)))
    return replace(first, series=(*first.series, *second.series), warnings=warnings, error=second.error)


def _run_queries(
    pool: ThreadPoolExecutor, queries: Iterable[QueryKey], send_query: Callable[[str], QueryResult]
) -> dict[QueryKey, QueryResult]:
    """Run queries concurrently; return their results by query, in the order of the queries."""
    keys = list(queries)
    return dict(zip(keys, pool.map(lambda key: _run_query(key.text, send_query), keys), strict=True))


def _run_query(query: str, send_query: Callable[[str], QueryResult]) -> QueryResult:
    """Run a query; a refused query gives a result with an error.

    Raises:
        PrometheusUnreachableError: there is no response.
    """
    try:
        return send_query(query)
    except QueryError as error:
        return QueryResult(query, 0, error=str(error))


def _find_jobs(results: Iterable[QueryResult]) -> set[str]:
    """Return the scrape jobs whose series the results contain."""
    return {series.labels["job"] for result in results for series in result.series if "job" in series.labels}


def _estimate_scrape_interval(results: dict[QueryKey, QueryResult]) -> float | None:
    """Return the scrape interval in seconds: the median distance between samples of ``up``."""
    up_series: tuple[Series, ...] = results[UP_KEY].series if UP_KEY in results else ()
    gaps = [after - before for series in up_series for before, after in pairwise(series.times)]
    return median(gaps) if gaps else None
