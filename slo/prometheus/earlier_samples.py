"""Samples from long before the window, of series that carry the time of their last change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from slo.model import UP_KEY, QueryKey, QueryResult, Series, Spec, Window, scrape_target_of
from slo.prometheus.client import PrometheusClient, QueryError
from slo.promql import Matcher, Selector, list_counters

EARLIER_SECONDS = 86_400.0
"""How long before the look-back the last sample of a series is looked for."""
MAX_EXTENDED_SERIES = 20
"""Series of which an earlier sample is looked for; each takes several queries."""


def add_earlier_samples(
    pool: ThreadPoolExecutor,
    prometheus: PrometheusClient,
    spec: Spec,
    window: Window,
    fetched_from: float,
    results: dict[QueryKey, QueryResult],
) -> None:
    """Add the last sample before the window to counters that carry times of their own and have none.

    At most :data:`MAX_EXTENDED_SERIES` series are looked up; of the others, the start stays unknown.

    Args:
        pool: runs the queries.
        prometheus: the server.
        spec: names the counters.
        window: Unix seconds.
        fetched_from: from when on the results have all samples, in Unix seconds.
        results: results by query; those of counters are replaced.

    Raises:
        PrometheusUnreachableError: there is no response.
    """
    counters = list_counters(spec)
    missing = {
        frozenset(series.labels.items()): series
        for counter in counters
        for series in _select_series_without_base(results[counter.key].series, results, window)
    }

    def fetch_last_sample(series: Series) -> tuple[float, float] | None:
        query = str(_select_exactly(series))
        try:
            earlier = prometheus.fetch_samples(query, fetched_from - EARLIER_SECONDS, fetched_from).series
        except QueryError:
            return None
        return (earlier[0].times[-1], earlier[0].values[-1]) if len(earlier) == 1 else None

    looked_up = list(missing.values())[:MAX_EXTENDED_SERIES]
    samples = dict(zip(missing, pool.map(fetch_last_sample, looked_up), strict=False))
    for counter in counters if any(samples.values()) else ():
        result = results[counter.key]
        series = tuple(_prepend(item, samples.get(frozenset(item.labels.items()))) for item in result.series)
        results[counter.key] = replace(result, series=series)


def _select_series_without_base(
    counter_series: Iterable[Series], results: Mapping[QueryKey, QueryResult], window: Window
) -> Iterator[Series]:
    """Yield the series without a sample before the window whose times are not those of scrapes."""
    up = results.get(UP_KEY)
    scrape_times = {scrape_target_of(series): series.times for series in (up.series if up else ())}
    for series in counter_series:
        scrapes = scrape_times.get(scrape_target_of(series))
        if (
            scrapes
            and series.times
            and series.times[0] > window.start
            and not set(series.times) <= set(scrapes)
        ):
            yield series


def _select_exactly(series: Series) -> Selector:
    """Return the selector of a single series."""
    matchers = (Matcher(name, "=", value) for name, value in series.labels.items() if name != "__name__")
    return Selector(series.labels.get("__name__", ""), tuple(matchers))


def _prepend(series: Series, sample: tuple[float, float] | None) -> Series:
    if sample is None or not series.times or sample[0] >= series.times[0]:
        return series
    return Series(series.labels, (sample[0], *series.times), (sample[1], *series.values))
