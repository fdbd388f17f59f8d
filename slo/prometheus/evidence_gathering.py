"""Gathers the evidence: raw samples around the window, from Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from statistics import median

from slo.model import Evidence, QueryResult, Series, Spec, Window
from slo.model.evidence import instance_of
from slo.prometheus.client import Prometheus, PrometheusUnreachableError, QueryError
from slo.prometheus.query_fallbacks import asked_otherwise, in_other_spellings
from slo.promql.query_plan import PROCESS_START, UP, counters, created_of, exactly, of_jobs, plan
from slo.promql.query_variables import filled
from slo.promql.syntax import Matcher, Selector

CONCURRENT_QUERIES = 4
"""Prometheus itself answers 20 at a time (``--query.max-concurrency``), and not to us alone."""
LOOKBACK_SECONDS = 300.0
"""How far before the window samples are fetched: Prometheus's own default look-back."""


def gather(prometheus: Prometheus, spec: Spec, window: Window, *, now: float, margin: float) -> Evidence:
    """Ask Prometheus for everything a spec needs to be judged over a window.

    Args:
        prometheus: the server.
        spec: what to judge; its queries are asked once each.
        window: Unix seconds.
        now: the time of asking, kept in the evidence.
        margin: seconds after the window to fetch, so that the scrape that closes it is among the samples.

    Raises:
        ProblemsError: the spec holds PromQL that can't be judged.
    """
    wanted = plan(spec)
    start, end = window.start - LOOKBACK_SECONDS, window.end + margin
    results: dict[str, QueryResult] = {}
    try:
        version = prometheus.version()
        prometheus.settle()
        skew, round_trip = _skew(prometheus)
        with ThreadPoolExecutor(CONCURRENT_QUERIES) as pool:
            raw = partial(_raw, lambda text: prometheus.raw(text, start, end))
            results |= zip(map(str, wanted.selectors), pool.map(raw, wanted.selectors), strict=True)
            results |= _all(
                pool,
                wanted.opaque,
                lambda text: prometheus.value(filled(text, window.seconds), window.end),
            )
            jobs = wanted.jobs | set(map(exactly, _jobs(results.values())))
            for name in (UP, PROCESS_START) if jobs else ():
                selector = str(of_jobs(name, jobs))
                results[name] = _asked(selector, lambda text: prometheus.raw(text, start, end))
            births = _exposed(prometheus, _births(spec, results, window), window.end)
            results |= _all(pool, map(str, births), lambda text: prometheus.raw(text, start, end))
    except PrometheusUnreachableError as error:
        return Evidence(window, results, now, LOOKBACK_SECONDS, error=str(error))
    server = {"url": prometheus.connection.shown_url, "version": version, "backend": prometheus.backend}
    return Evidence(
        window,
        results,
        now,
        LOOKBACK_SECONDS,
        _scrape_interval(results),
        server,
        clock_skew_seconds=skew,
        round_trip_seconds=round_trip,
    )


def _skew(prometheus: Prometheus) -> tuple[float | None, float | None]:
    """Measure by how many seconds the server's clock is ahead of ours, and how long the answer took.

    The server's time is taken for that of the middle of the request, as NTP does (RFC 5905, 8).
    """
    before, began = time.time(), time.monotonic()
    there = prometheus.time()
    took = time.monotonic() - began
    return (None, None) if there is None else (there - before - took / 2, took)


def _births(spec: Spec, results: Mapping[str, QueryResult], window: Window) -> list[Selector]:
    """Select the ``_created`` samples that may prove what nothing else does.

    That a series began inside the window, where it has no sample before; and that it began anew, where its
    target does not tell when its process did.
    """
    told = results.get(PROCESS_START)
    known = {instance_of(one) for one in told.series} if told else set()
    asked = (
        counter
        for counter in counters(spec)
        if any(
            one.times and (one.times[0] > window.start or instance_of(one) not in known)
            for one in results[str(counter)].series
        )
    )
    return list(dict.fromkeys(map(created_of, asked)))


def _exposed(prometheus: Prometheus, births: Sequence[Selector], time: float) -> list[Selector]:
    """Keep those whose metric there is: few services expose ``_created``, and one question tells."""
    names = {one.metric for one in births}
    if not names:
        return []
    known = Selector("", (Matcher("__name__", "=~", "|".join(sorted(map(exactly, names)))),))
    found = _asked(f"group by (__name__) ({known})", lambda text: prometheus.value(text, time))
    told = {one.labels.get("__name__") for one in found.series}
    return [one for one in births if one.metric in told or found.error]


def _raw(ask: Callable[[str], QueryResult], selector: Selector) -> QueryResult:
    """Fetch a selector's samples, however a bound is spelt; else those of the histogram in other words."""
    found = _asked(str(selector), ask)
    if found.error:
        return found
    if found.series:
        others = in_other_spellings(selector)
        return _together(found, _asked(str(others), ask)) if others else found
    return asked_otherwise(selector, lambda other: _asked(str(other), ask)) or found


def _together(found: QueryResult, more: QueryResult) -> QueryResult:
    warnings = tuple(dict.fromkeys((*found.warnings, *more.warnings)))
    return replace(found, series=(*found.series, *more.series), warnings=warnings, error=more.error)


def _all(
    pool: ThreadPoolExecutor, queries: Iterable[str], ask: Callable[[str], QueryResult]
) -> dict[str, QueryResult]:
    """Ask several at a time; the answers are in the order of the queries."""
    asked = list(queries)
    return dict(zip(asked, pool.map(lambda query: _asked(query, ask), asked), strict=True))


def _asked(query: str, ask: Callable[[str], QueryResult]) -> QueryResult:
    """Ask, and keep a refusal as part of the evidence.

    Raises:
        PrometheusUnreachableError: there is no answer.
    """
    try:
        return ask(query)
    except QueryError as error:
        return QueryResult(query, 0, error=str(error))


def _jobs(results: Iterable[QueryResult]) -> set[str]:
    """Name the scrape jobs that answers came from."""
    return {series.labels["job"] for result in results for series in result.series if "job" in series.labels}


def _scrape_interval(results: dict[str, QueryResult]) -> float | None:
    """Learn the scrape interval in seconds: the median distance of the samples of ``up``."""
    ups: tuple[Series, ...] = results[UP].series if UP in results else ()
    gaps = [after - before for series in ups for before, after in pairwise(series.times)]
    return median(gaps) if gaps else None
