"""Scrape targets of the evidence: when each was scraped, when it started and when it left."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import inf
from statistics import median_low

from slo.model import (
    PROCESS_START_KEY,
    TARGET_KEYS,
    UP_KEY,
    Evidence,
    QueryKey,
    ScrapeTarget,
    Series,
    scrape_target_of,
)
from slo.scraping.duplicate_series import select_queried_replicas
from slo.scraping.process_restarts import find_new_targets, find_process_restarts
from slo.scraping.scrape_times import have_scrape_times

_NEXT_SCRAPE_INTERVALS = 1.5
"""Scrape intervals within which the next scrape of a target is expected."""


class ScrapeIndex:
    """Scrapes, starts and departures by scrape target; times are in Unix seconds.

    Of servers that scrape the same targets, only those count whose series the spec queries:
    ``replica_labels`` distinguish the servers.
    """

    def __init__(self, evidence: Evidence, replica_labels: Sequence[str]) -> None:
        self._evidence = evidence
        self._replica_labels = replica_labels

    @cached_property
    def up_series(self) -> tuple[Series, ...]:
        """The ``up`` series of the jobs that the spec's series come from."""
        return self._read_target_series(UP_KEY)

    @cached_property
    def process_start_series(self) -> tuple[Series, ...]:
        """The ``process_start_time_seconds`` series of these jobs."""
        return self._read_target_series(PROCESS_START_KEY)

    def _read_target_series(self, key: QueryKey) -> tuple[Series, ...]:
        results = self._evidence.results
        target_series = results[key].series if key in results else ()
        selected = select_queried_replicas(target_series, self._list_queried_series(), self._replica_labels)
        return tuple(sorted(selected, key=scrape_target_of))

    def _list_queried_series(self) -> Iterator[Series]:
        """Yield the raw series of the spec's own queries."""
        for key, result in self._evidence.results.items():
            if key not in TARGET_KEYS and result.exact:
                yield from result.series

    # --- Scrapes --------------------------------------------------------------------------------

    @cached_property
    def scrape_times(self) -> Mapping[ScrapeTarget, Sequence[float]]:
        """Times of the successful scrapes of each target: of ``up == 1``, else of its common samples."""
        times: dict[ScrapeTarget, set[float]] = {}
        for series in self.up_series:
            successful = (time for time, up in zip(series.times, series.values, strict=True) if up == 1)
            times.setdefault(scrape_target_of(series), set()).update(successful)
        without_up: defaultdict[ScrapeTarget, dict[frozenset[tuple[str, str]], Series]] = defaultdict(dict)
        for result in self._evidence.results.values():
            for series in result.series if result.exact else ():
                if scrape_target_of(series) not in times:
                    without_up[scrape_target_of(series)][frozenset(series.labels.items())] = series
        times |= {target: _find_common_times(series.values()) for target, series in without_up.items()}
        return {target: sorted(target_times) for target, target_times in sorted(times.items())}

    @cached_property
    def scrape_intervals(self) -> Mapping[ScrapeTarget, float]:
        """The scrape interval of each target in seconds: the median distance between scrapes of its job.

        Targets of jobs that were scraped less than twice are left out.
        """
        scrapes: dict[ScrapeTarget, Sequence[float]] = dict(self.scrape_times)
        scrapes |= {scrape_target_of(series): series.times for series in self.up_series}
        gaps_by_job: defaultdict[str, list[float]] = defaultdict(list)
        for (job, _), times in scrapes.items():
            gaps_by_job[job].extend(after - before for before, after in pairwise(times))
        intervals = {job: median_low(gaps) for job, gaps in gaps_by_job.items() if gaps}
        return {target: intervals[target[0]] for target in scrapes if target[0] in intervals}

    def has_scrape_times(self, series: Series) -> bool:
        """Return whether each sample of a series has the time of a scrape of its target.

        Others carry times of their own: an exporter stamped them, or they were pushed or federated. A scrape
        without such a series proves nothing.
        """
        scrapes = self.scrape_times.get(scrape_target_of(series), ())
        return have_scrape_times(series.times, scrapes)

    def shows_last_change(self, series: Series) -> bool:
        """Return whether a series with times of its own carries the time of its last change.

        The exporter stamps it and not other series of its metric, which have the times of their scrapes. So
        the exporter does not lag behind, and without a newer sample the value did not change.
        """
        name = series.labels.get("__name__")
        return (scrape_target_of(series), name) in self._metrics_with_scrape_times

    @cached_property
    def _metrics_with_scrape_times(self) -> frozenset[tuple[ScrapeTarget, str | None]]:
        """Targets and metrics of which some series has the times of scrapes."""
        return frozenset(
            (scrape_target_of(series), series.labels.get("__name__"))
            for series in self._list_queried_series()
            if series.times and self.has_scrape_times(series)
        )

    def find_closing_sample(self, series: Series) -> float:
        """Return the time of a series' first sample at or after the window's end; infinity without one."""
        index = bisect_left(series.times, self._evidence.window.end)
        return series.times[index] if index < len(series.times) else inf

    def find_closing_scrape(self, target: ScrapeTarget) -> float:
        """Return the time of a target's first scrape at or after the window's end; infinity without one."""
        return self._closing_scrapes.get(target, inf)

    @cached_property
    def _closing_scrapes(self) -> Mapping[ScrapeTarget, float]:
        end = self._evidence.window.end
        closing = ((target, bisect_left(times, end), times) for target, times in self.scrape_times.items())
        return {target: times[index] for target, index, times in closing if index < len(times)}

    # --- Starts and departures ------------------------------------------------------------------

    @cached_property
    def departed_targets(self) -> Mapping[ScrapeTarget, float]:
        """Targets that were removed inside or before the window, and the time of their last ``up`` sample.

        Their ``up`` series ends, while other targets of their job have samples after the window, as in a
        deployment. A target that does not answer is not removed: its ``up`` is 0.
        """
        last_seen = {scrape_target_of(series): series.times[-1] for series in self.up_series if series.times}
        job_last_seen: dict[str, float] = {}
        for (job, _), time in last_seen.items():
            job_last_seen[job] = max(job_last_seen.get(job, time), time)
        return {
            (job, instance): time
            for (job, instance), time in last_seen.items()
            if time < self._evidence.window.end <= job_last_seen[job]
            and job_last_seen[job] - time
            > _NEXT_SCRAPE_INTERVALS * self.scrape_intervals.get((job, instance), 0.0)
        }

    @cached_property
    def new_targets(self) -> frozenset[ScrapeTarget]:
        """Targets that started inside the window, by their process start, else by ``_created`` samples."""
        start_series = [*self.process_start_series, *self._read_created_series()]
        return find_new_targets(start_series, self._evidence.window.start)

    def _read_created_series(self) -> Iterator[Series]:
        """Yield the ``_created`` series of targets that expose no process start."""
        targets_with_start = {scrape_target_of(series) for series in self.process_start_series}
        for result in self._evidence.results.values():
            for series in result.series:
                is_created = series.labels.get("__name__", "").endswith("_created")
                if is_created and scrape_target_of(series) not in targets_with_start:
                    yield series

    @cached_property
    def process_restarts(self) -> Mapping[ScrapeTarget, Sequence[float]]:
        """Times of the scrapes that were the first to show a new process, by target."""
        return find_process_restarts(self.process_start_series)


def _find_common_times(target_series: Iterable[Series]) -> set[float]:
    """Return the times at which most of a target's series have a sample: those of scrapes.

    A time at which most of them have none is a time of a single series' own.
    """
    with_samples = [series for series in target_series if series.times]
    sample_counts = Counter(time for series in with_samples for time in series.times)
    starts = sorted(series.times[0] for series in with_samples)
    ends = sorted(series.times[-1] for series in with_samples)

    def count_alive(time: float) -> int:
        """Count the series with samples both at or before, and at or after a time."""
        return bisect_right(starts, time) - bisect_left(ends, time)

    return {time for time, count in sample_counts.items() if 2 * count > count_alive(time)}
