"""Counts of single series for reports, by the functions that count for the verdict."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import inf, isnan

from slo.counting.counter_reader import close_series, close_single_series
from slo.counting.counters import count_increase
from slo.counting.histograms import (
    BucketCounts,
    HistogramIncrease,
    count_histogram_increase,
    find_percentile,
)
from slo.counting.query_results import QueryResults
from slo.model import (
    CounterLabels,
    Evidence,
    HistogramCounts,
    MalformedHistogramError,
    Series,
    SeriesCounts,
    Window,
    parse_bound,
    scrape_target_of,
)
from slo.promql import Selector, select_created_timestamps
from slo.scraping import CreatedTimestamps, RestartEvidence, ScrapeIndex, read_created_timestamps

_CREATED_SUFFIX = "_created"


class EvidenceObservations:
    """Implement :class:`slo.model.Observations` for evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._window = evidence.window
        self._scrape_index = ScrapeIndex(evidence, QueryResults(evidence).replica_labels)

    def count_series(self, series: Sequence[Series]) -> Iterator[SeriesCounts]:
        """Count the events of each series of a counter, one after the other.

        Series that continue under another spelling of their bucket bound are one series.
        """
        try:
            closed = close_series(series, self._scrape_index)
        except MalformedHistogramError:  # the verdict counts none of them; each one has a count nevertheless
            closed = tuple(close_single_series(item, self._scrape_index) for item in series)
        return map(self._count_single_series, closed)

    def _count_single_series(self, series: Series) -> SeriesCounts:
        increase = count_increase((series,), self._window, self._gather_restart_evidence(series))
        before = bisect_right(series.times, self._window.start) - 1
        after = min(bisect_left(series.times, self._window.end), len(series.times) - 1)
        times = self._list_count_times(series)
        return SeriesCounts(
            labels=series.labels,
            times=times,
            events=tuple(increase.count_within(Window(-inf, time)) for time in times),
            before=series.values[before] if before >= 0 else None,
            after=series.values[after] if after >= 0 else None,
            is_valid=not increase.invalid_series_count,
        )

    def _list_count_times(self, series: Series) -> tuple[float, ...]:
        """Return the scrapes of the series' target, or its own times if they are not those of scrapes."""
        has_scrape_times = self._scrape_index.has_scrape_times(series)
        times = (
            self._scrape_index.scrape_times[scrape_target_of(series)] if has_scrape_times else series.times
        )
        first = max(bisect_right(times, self._window.start) - 1, 0)
        return tuple(times[first : bisect_left(times, self._window.end) + 1])

    def _gather_restart_evidence(self, series: Series) -> RestartEvidence:
        metric = series.labels.get("__name__", "")
        created_metric = select_created_timestamps(Selector(metric, ())).metric
        return RestartEvidence(
            scrape_times=self._scrape_index.scrape_times,
            process_restarts=self._scrape_index.process_restarts,
            created_timestamps=self._created_timestamps.get(created_metric, {}),
            new_targets=self._scrape_index.new_targets,
        )

    @cached_property
    def _created_timestamps(self) -> Mapping[str, Mapping[CounterLabels, CreatedTimestamps]]:
        """When counters were created, by the name of the ``_created`` metric and by labels."""
        series_by_metric: dict[str, list[Series]] = defaultdict(list)
        for result in self._evidence.results.values():
            for series in result.series if result.exact else ():
                if (name := series.labels.get("__name__", "")).endswith(_CREATED_SUFFIX):
                    series_by_metric[name].append(series)
        return {name: read_created_timestamps(series) for name, series in series_by_metric.items()}

    def is_whole_histogram(self, series: Sequence[Series]) -> bool:
        """Return whether bucket series form complete histograms with the same bounds."""
        bounds: dict[CounterLabels, set[float]] = defaultdict(set)
        try:
            for bucket in series:
                labels = frozenset(item for item in bucket.labels.items() if item[0] != "le")
                bounds[labels].add(parse_bound(bucket.labels.get("le", "")))
        except MalformedHistogramError:
            return False
        distinct = {frozenset(histogram) for histogram in bounds.values()}
        return len(distinct) == 1 and all(inf in histogram and len(histogram) > 1 for histogram in distinct)

    def count_histogram(
        self, series: Sequence[Series], quantiles: Sequence[float] = (), max_steps: int = 50
    ) -> HistogramCounts | None:
        """Count the observations of a histogram; ``None`` if it is incomplete or its bounds change."""
        if not self.is_whole_histogram(series):
            return None
        try:
            closed = close_series(series, self._scrape_index)
            increase = count_histogram_increase(
                closed, self._window, self._gather_restart_evidence(closed[0])
            )
            buckets = increase.count_buckets()
        except MalformedHistogramError:
            return None
        if len(increase.groups) != 1:
            return None
        steps = self._cut_steps(closed, max_steps) if quantiles else []
        return HistogramCounts(
            buckets.bounds,
            buckets.counts,
            tuple(step.end for step in steps),
            tuple(_find_quantiles(increase, step, quantiles) for step in steps),
        )

    def _cut_steps(self, series: Sequence[Series], max_steps: int) -> list[Window]:
        """Cut the time between the scrapes that open and close the window into about one step a scrape."""
        times = sorted({time for item in series for time in self._list_count_times(item)})
        if len(times) < 2:  # noqa: PLR2004 - a step needs two scrapes
            return []
        intervals = self._scrape_index.scrape_intervals
        known = [intervals[target] for target in map(scrape_target_of, series) if target in intervals]
        interval = max(known, default=(times[-1] - times[0]) / (len(times) - 1))
        number = min(max(round((times[-1] - times[0]) / interval), 1), max_steps)
        length = (times[-1] - times[0]) / number
        inner_edges = [times[0] + length * index for index in range(1, number)]
        return [Window(*edges) for edges in pairwise([times[0], *inner_edges, times[-1]])]

    def select_window_samples(self, series: Sequence[Series]) -> tuple[Series, ...]:
        """Return the samples of gauges inside the window, its edges included, without NaN."""
        return tuple(self._select_samples(item) for item in series)

    def _select_samples(self, series: Series) -> Series:
        samples = [
            (time, value)
            for time, value in zip(series.times, series.values, strict=True)
            if self._window.start <= time <= self._window.end and not isnan(value)
        ]
        times, values = zip(*samples, strict=True) if samples else ((), ())
        return Series(series.labels, times, values)


def _find_quantiles(
    increase: HistogramIncrease, step: Window, quantiles: Sequence[float]
) -> tuple[float | None, ...]:
    try:
        buckets = increase.count_buckets(step)
    except MalformedHistogramError:  # the scrape was not taken at one instant
        return (None,) * len(quantiles)
    return tuple(_find_point(buckets, quantile) for quantile in quantiles)


def _find_point(buckets: BucketCounts, quantile: float) -> float | None:
    percentile = find_percentile(buckets, quantile)
    return percentile.point if percentile else None
