"""Counters and histograms of the evidence, each counted once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import inf

from slo.counting.bucket_bounds import (
    find_histograms_without_bound,
    is_bucket_of_total,
    join_respelled_series,
)
from slo.counting.counters import MAX_EXACT_COUNT, CounterIncrease, count_increase
from slo.counting.histograms import BucketCounts, HistogramIncrease, count_histogram_increase
from slo.counting.query_results import QueryResults, UndecidedError
from slo.model import MalformedHistogramError, Reason, Series, Window, counter_labels_of, scrape_target_of
from slo.promql import Selector, select_created_timestamps
from slo.scraping import (
    RestartEvidence,
    ScrapeIndex,
    describe_jobs_of_same_target,
    find_jobs_of_same_target,
    have_scrape_times,
    read_created_timestamps,
)


class CounterReader:
    """Count counters over the window; methods raise :class:`UndecidedError` without a usable result.

    ``continues_returning_series`` is a field of ``slo.scraping.process_restarts.RestartEvidence``.
    """

    def __init__(
        self, results: QueryResults, scrape_index: ScrapeIndex, *, continues_returning_series: bool
    ) -> None:
        self._results = results
        self._scrape_index = scrape_index
        self._continues_returning_series = continues_returning_series
        self._increases: dict[Selector, CounterIncrease] = {}
        self._matched_and_unknown: dict[
            tuple[Selector, Selector], tuple[CounterIncrease, CounterIncrease]
        ] = {}

    @property
    def window(self) -> Window:
        """The window of the evidence."""
        return self._results.evidence.window

    def count_increase(self, selector: Selector) -> CounterIncrease:
        """Count the events of a counter in the window; counts that the samples do not prove are an error."""
        increase = self.count_unchecked(selector)
        if increase.invalid_series_count:
            detail = (
                f"{increase.invalid_series_count} series of {selector} contain NaN, Inf or negative values: "
                "not a counter"
            )
            raise UndecidedError(Reason.NO_DATA, detail)
        if not increase.is_proved:
            _require_proved_counts([increase], selector)
        return increase

    def count_unchecked(self, selector: Selector) -> CounterIncrease:
        """Count the events of a counter in the window, whatever its samples are."""
        if selector not in self._increases:
            series = self.read_closed_series(selector)
            restart_evidence = self.gather_restart_evidence(selector)
            self._increases[selector] = count_increase(series, self.window, restart_evidence)
        return self._increases[selector]

    def count_matched_and_unknown(
        self, matched: Selector, total: Selector
    ) -> tuple[CounterIncrease, CounterIncrease]:
        """Count the events of ``matched``, and those of ``total`` that may or may not be among them.

        Unknown events exist where ``matched`` is one bucket of a histogram that ``total`` counts: the
        observations of histograms that lack this bucket in some of their samples. Samples of the bucket from
        such histograms are not counted.
        """
        if (matched, total) not in self._matched_and_unknown:
            self._matched_and_unknown[matched, total] = self._pair_matched_and_unknown(matched, total)
        return self._matched_and_unknown[matched, total]

    def _pair_matched_and_unknown(
        self, matched: Selector, total: Selector
    ) -> tuple[CounterIncrease, CounterIncrease]:
        increase = self.count_increase(matched)
        if not increase.series_count or not is_bucket_of_total(matched, total):
            return increase, CounterIncrease()
        bucket_series, total_series = self.read_closed_series(matched), self.read_closed_series(total)
        incomplete = find_histograms_without_bound(bucket_series, total_series, self.window)
        if not incomplete:
            return increase, CounterIncrease()
        known = (series for series in bucket_series if counter_labels_of(series) not in incomplete)
        unknown = (series for series in total_series if counter_labels_of(series) in incomplete)
        return (
            count_increase(known, self.window, self.gather_restart_evidence(matched)),
            count_increase(unknown, self.window, self.gather_restart_evidence(total)),
        )

    def gather_restart_evidence(self, selector: Selector) -> RestartEvidence:
        """Return what proves starts and restarts of a counter's series."""
        created = self._results.evidence.results.get(select_created_timestamps(selector).key)
        return RestartEvidence(
            scrape_times=self._scrape_index.scrape_times,
            process_restarts=self._scrape_index.process_restarts,
            created_timestamps=read_created_timestamps(created.series) if created else {},
            new_targets=self._scrape_index.new_targets,
            continues_returning_series=self._continues_returning_series,
        )

    def read_closed_series(self, selector: Selector) -> tuple[Series, ...]:
        """Return a counter's series up to the scrape that closes the window."""
        series = self._results.read_series(selector)
        if same := find_jobs_of_same_target(series, self._results.find_targets(selector.key)):
            first, second, instance = same
            detail = describe_jobs_of_same_target(str(selector), (first, second), instance)
            raise UndecidedError(Reason.QUERY_FAILED, detail)
        try:
            return close_series(series, self._scrape_index)
        except MalformedHistogramError as error:
            raise UndecidedError(Reason.MALFORMED_HISTOGRAM, f"{selector}: {error}") from None

    def count_returns(self, selector: Selector) -> int:
        """Return how often series of an already counted counter were missing and returned; else 0."""
        return self._increases[selector].return_count if selector in self._increases else 0


def close_series(counter_series: Iterable[Series], scrape_index: ScrapeIndex) -> tuple[Series, ...]:
    """Return series of a counter up to the scrape that closes the window, respelled ones joined.

    Later samples are cut off: a series that is new, or returns, after the closing scrape would add events
    of a later time. A series with sample times of its own is closed by its own first sample after the window.

    Raises:
        MalformedHistogramError: two series of one histogram have the same bound.
    """
    closed = tuple(close_single_series(series, scrape_index) for series in counter_series)
    return join_respelled_series(closed)


def close_single_series(series: Series, scrape_index: ScrapeIndex) -> Series:
    """Return a series up to the sample that closes the window."""
    target = scrape_target_of(series)
    closing_scrape = scrape_index.find_closing_scrape(target)
    if not have_scrape_times(series.times, scrape_index.scrape_times.get(target, ())):
        if scrape_index.shows_last_change(series):
            return _hold_last_value(series, closing_scrape)
        closing_scrape = scrape_index.find_closing_sample(series)
    length = bisect_right(series.times, closing_scrape)
    if length == len(series.times):
        return series
    return Series(series.labels, series.times[:length], series.values[:length])


def _hold_last_value(series: Series, closing_scrape: float) -> Series:
    """Return a series that carries the time of its last change, with its value at the closing scrape."""
    length = bisect_right(series.times, closing_scrape)
    times, values = tuple(series.times[:length]), tuple(series.values[:length])
    if not times or closing_scrape == inf or times[-1] == closing_scrape:
        return Series(series.labels, times, values)
    return Series(series.labels, (*times, closing_scrape), (*values, values[-1]))


def _require_proved_counts(increases: Sequence[CounterIncrease], selector: Selector) -> None:
    """Raise an error if the samples of a counter do not prove the number of events in the window."""
    if inexact := sum(increase.inexact_series_count for increase in increases):
        detail = (
            f"{inexact} series of {selector} have values of 2^53 ({MAX_EXACT_COUNT:,}) or more: a float no "
            "longer counts single events there"
        )
        raise UndecidedError(Reason.NO_DATA, detail)
    if number := sum(increase.unknown_start_count for increase in increases):
        detail = (
            f"{number} series of {selector} have no sample before the window, and no earlier scrape without "
            "them proves that they began inside it"
        )
        raise UndecidedError(Reason.SCRAPE_GAP, detail)
    if number := sum(increase.unknown_end_count for increase in increases):
        detail = (
            f"{number} series of {selector} carry times of their own, and have no sample after the window: "
            "what they counted at its end is unknown. Judge later, or set honor_timestamps: false in the "
            "scrape configuration"
        )
        raise UndecidedError(Reason.SCRAPE_GAP, detail)


class HistogramReader:
    """Count histograms over the window; methods raise :class:`UndecidedError` without a usable result."""

    def __init__(self, counters: CounterReader) -> None:
        self._counters = counters
        self._increases: dict[Selector, HistogramIncrease] = {}

    def count_buckets(self, selector: Selector, subwindow: Window | None = None) -> BucketCounts:
        """Count the observations in each bucket over the window, or over the scrapes of a part of it."""
        try:
            if selector not in self._increases:
                self._increases[selector] = self._count_increase(selector)
            return self._increases[selector].count_buckets(subwindow)
        except MalformedHistogramError as error:
            raise UndecidedError(Reason.MALFORMED_HISTOGRAM, f"{selector}: {error}") from None

    def _count_increase(self, selector: Selector) -> HistogramIncrease:
        increase = count_histogram_increase(
            self._read_bucket_series(selector),
            self._counters.window,
            self._counters.gather_restart_evidence(selector),
        )
        _require_proved_counts([item for _, increases in increase.groups for item in increases], selector)
        return increase

    def _read_bucket_series(self, selector: Selector) -> tuple[Series, ...]:
        series = self._counters.read_closed_series(selector)
        if not series:
            raise UndecidedError(Reason.NO_DATA, f"{selector} matched no series")
        return series

    def count_buckets_by_scrape(self, selector: Selector) -> dict[float, BucketCounts]:
        """Count the observations that each scrape added, by the scrape's time in Unix seconds."""
        self.count_buckets(selector)  # raises the error of a malformed histogram
        return self._increases[selector].count_buckets_by_scrape()

    def count_returns(self, selector: Selector) -> int:
        """Return how often series of an already counted histogram were missing and returned; else 0."""
        return self._increases[selector].return_count if selector in self._increases else 0
