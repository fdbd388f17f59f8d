"""The evidence as evaluation reads it: counters, histograms and gauges over the window or a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from math import inf, isfinite, isnan

from slo.counting.counter_reader import CounterReader, HistogramReader
from slo.counting.counters import CounterIncrease
from slo.counting.gauge_coverage import measure_coverage
from slo.counting.histograms import BucketCounts
from slo.counting.query_results import QueryResults, UndecidedError
from slo.model import (
    Evidence,
    QueryKey,
    QueryResult,
    Reason,
    ScrapeTarget,
    Series,
    Window,
    scrape_target_of,
)
from slo.promql import Selector
from slo.scraping import (
    START_TIME_ROUNDING_SECONDS,
    ScrapeIndex,
    find_new_start_times,
    find_process_restarts,
    find_shared_targets,
    select_counted_samples,
)


class EvidenceReader:
    """Answer every question about the evidence; each counter and histogram is counted once.

    Methods raise :class:`UndecidedError` for a query without a usable result. The parts of the reader have
    one topic each: results and duplicate series, scrape targets, counters, histograms.
    ``continues_returning_series`` is a field of ``slo.scraping.process_restarts.RestartEvidence``.
    """

    def __init__(self, evidence: Evidence, *, continues_returning_series: bool = False) -> None:
        self.evidence = evidence
        self.window = evidence.window
        self._results = QueryResults(evidence)
        self._scrape_index = ScrapeIndex(evidence, self._results.replica_labels)
        self._counters = CounterReader(
            self._results, self._scrape_index, continues_returning_series=continues_returning_series
        )
        self._histograms = HistogramReader(self._counters)

    @property
    def closed_window(self) -> Window:
        """The window up to the scrapes that close it, so that their samples count as inside."""
        return Window(self.window.start, inf)

    # --- Query results --------------------------------------------------------------------------

    def read_result(self, key: QueryKey) -> QueryResult:
        """Return the result of a selector or an expression."""
        return self._results.read_result(key)

    def read_value(self, query: str) -> float:
        """Return the single finite number that Prometheus computed for a query."""
        return self._results.read_value(query)

    # --- Scrape targets -------------------------------------------------------------------------

    @property
    def up_series(self) -> tuple[Series, ...]:
        """The ``up`` series of the jobs that the spec's series come from."""
        return self._scrape_index.up_series

    @property
    def process_start_series(self) -> tuple[Series, ...]:
        """The ``process_start_time_seconds`` series of these jobs."""
        return self._scrape_index.process_start_series

    @property
    def scrape_intervals(self) -> Mapping[ScrapeTarget, float]:
        """The scrape interval of each target in seconds, by the scrapes of its job."""
        return self._scrape_index.scrape_intervals

    def find_targets(self, selector: Selector) -> frozenset[ScrapeTarget]:
        """Return the scrape targets of a selector's series."""
        return self._results.find_targets(selector.key)

    def find_longest_interval(self, selectors: Iterable[Selector]) -> float | None:
        """Return the longest scrape interval of the targets behind some selectors, in seconds."""
        targets = {target for selector in selectors for target in self._results.find_targets(selector.key)}
        known = [self.scrape_intervals[target] for target in targets if target in self.scrape_intervals]
        return max(known, default=self.evidence.scrape_interval_seconds)

    @property
    def scrape_times(self) -> Mapping[ScrapeTarget, Sequence[float]]:
        """Times of the successful scrapes of each target, ascending, in Unix seconds."""
        return self._scrape_index.scrape_times

    @property
    def new_targets(self) -> frozenset[ScrapeTarget]:
        """Targets that started inside the window."""
        return self._scrape_index.new_targets

    @cached_property
    def restarted_targets(self) -> frozenset[ScrapeTarget]:
        """Targets whose process start time changed in the window, by more than rounding can explain."""
        changed = filter(self._has_start_changed, self.process_start_series)
        return frozenset(map(scrape_target_of, changed))

    def _has_start_changed(self, start_series: Series) -> bool:
        samples = select_counted_samples(start_series, self.window)
        values = [value for _, value in samples if isfinite(value)]
        return bool(values) and max(values) - min(values) > START_TIME_ROUNDING_SECONDS

    @property
    def departed_targets(self) -> Mapping[ScrapeTarget, float]:
        """Targets that were removed while others of their job went on; last time seen, in Unix seconds."""
        return self._scrape_index.departed_targets

    # --- Counters and histograms ----------------------------------------------------------------

    def count_increase(self, selector: Selector) -> CounterIncrease:
        """Count the events of a counter in the window."""
        return self._counters.count_increase(selector)

    def count_matched_and_unknown(
        self, matched: Selector, total: Selector
    ) -> tuple[CounterIncrease, CounterIncrease]:
        """Count the events of ``matched``, and those of ``total`` that may or may not be among them."""
        return self._counters.count_matched_and_unknown(matched, total)

    def find_reset_targets(self, selector: Selector) -> frozenset[ScrapeTarget]:
        """Return the targets with a reset of this counter in the window; none without a usable result."""
        try:
            return self._counters.count_unchecked(selector).reset_targets
        except UndecidedError:
            return frozenset()

    def find_fallen_targets(self, selector: Selector) -> frozenset[ScrapeTarget]:
        """Return the targets on which this counter fell though no restart was reported."""
        try:
            return self._counters.count_unchecked(selector).fallen_targets
        except UndecidedError:
            return frozenset()

    def find_shared_targets(self, selectors: Iterable[Selector]) -> dict[ScrapeTarget, str]:
        """Return the targets that several processes answer by these counters, with what shows it."""
        results = self.evidence.results
        counters = (results[selector.key].series for selector in selectors if selector.key in results)
        created = [
            series
            for result in results.values()
            for series in (result.series if result.exact else ())
            if series.labels.get("__name__", "").endswith("_created")
        ]
        restart_times = find_process_restarts(self.process_start_series)
        for series in created:
            times = restart_times.setdefault(scrape_target_of(series), [])
            times.extend(find_new_start_times(series))
        start_series = chain(self.process_start_series, created)
        return find_shared_targets(start_series, chain.from_iterable(counters), restart_times)

    def find_query_fault(self, key: QueryKey) -> str | None:
        """Return what is malformed in the response to a query, if anything."""
        return self._results.find_fault(key)

    def count_series_returns(self, selector: Selector) -> int:
        """Count how often series of what was counted were missing and returned without proof of a restart."""
        return self._counters.count_returns(selector) + self._histograms.count_returns(selector)

    def count_buckets(self, selector: Selector, subwindow: Window | None = None) -> BucketCounts:
        """Count the observations in each bucket over the window, or over the scrapes of a part of it."""
        return self._histograms.count_buckets(selector, subwindow)

    def count_buckets_by_scrape(self, selector: Selector) -> dict[float, BucketCounts]:
        """Count the observations that each scrape added, by the scrape's time in Unix seconds."""
        return self._histograms.count_buckets_by_scrape(selector)

    # --- Gauges ---------------------------------------------------------------------------------

    def read_values(self, selector: Selector, subwindow: Window | None = None) -> list[float]:
        """Return the values that :meth:`read_samples` returns, without their times."""
        return [value for _, value in self.read_samples(selector, subwindow)]

    def read_samples(self, selector: Selector, subwindow: Window | None = None) -> list[tuple[float, float]]:
        """Return the samples (time, value) of a gauge inside the window or a part of it, without NaN.

        A part contains its start and not its end.
        """
        return [sample for sample in self._read_window_samples(selector, subwindow) if not isnan(sample[1])]

    def measure_coverage(self, selector: Selector) -> float:
        """Return the share of the window, as a ratio, that the samples of a gauge cover."""
        return measure_coverage(self._results.read_series(selector), self.window, self._scrape_index)

    def read_event_samples(
        self, selector: Selector, subwindow: Window | None = None
    ) -> list[tuple[float, float]]:
        """Return samples (time, value) whose values are numbers of events."""
        samples = self._read_window_samples(selector, subwindow)
        if any(not 0 <= value < inf for _, value in samples):
            detail = f"samples of {selector} contain NaN, Inf or negative values: not numbers of events"
            raise UndecidedError(Reason.NO_DATA, detail)
        return samples

    def _read_window_samples(self, selector: Selector, subwindow: Window | None) -> list[tuple[float, float]]:
        subwindow = subwindow or self.closed_window
        matched_series = self._results.read_series(selector)
        if not matched_series:
            raise UndecidedError(Reason.NO_DATA, f"{selector} matched no series")
        return [
            (time, value)
            for series in matched_series
            for time, value in zip(series.times, series.values, strict=True)
            if subwindow.start <= time < subwindow.end and time <= self.window.end
        ]
