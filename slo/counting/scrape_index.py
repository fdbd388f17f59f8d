"""Scrape targets of the evidence: when each was scraped, when it started and when it left."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf

from slo.counting.duplicate_series import select_queried_replicas
from slo.counting.process_restarts import find_new_targets, find_process_restarts
from slo.model import PROCESS_START_KEY, UP_KEY, Evidence, QueryKey, ScrapeTarget, Series, scrape_target_of

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
        queries = results.keys() - {UP_KEY, PROCESS_START_KEY}
        queried = (series for query in queries if results[query].exact for series in results[query].series)
        selected = select_queried_replicas(target_series, queried, self._replica_labels)
        return tuple(sorted(selected, key=scrape_target_of))

    @cached_property
    def scrape_times(self) -> Mapping[ScrapeTarget, Sequence[float]]:
        """Times of the successful scrapes of each target: of ``up == 1``, else of any of its samples."""
        times: dict[ScrapeTarget, set[float]] = {}
        for series in self.up_series:
            successful = (time for time, up in zip(series.times, series.values, strict=True) if up == 1)
            times.setdefault(scrape_target_of(series), set()).update(successful)
        targets_with_up = set(times)
        for result in self._evidence.results.values():
            for series in result.series if result.exact else ():
                if scrape_target_of(series) not in targets_with_up:
                    times.setdefault(scrape_target_of(series), set()).update(series.times)
        return {target: sorted(target_times) for target, target_times in sorted(times.items())}

    def find_closing_scrape(self, target: ScrapeTarget) -> float:
        """Return the time of a target's first scrape at or after the window's end; infinity without one."""
        times = self.scrape_times.get(target, ())
        index = bisect_left(times, self._evidence.window.end)
        return times[index] if index < len(times) else inf

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
        next_scrape_seconds = _NEXT_SCRAPE_INTERVALS * (self._evidence.scrape_interval_seconds or 0.0)
        return {
            (job, instance): time
            for (job, instance), time in last_seen.items()
            if time < self._evidence.window.end <= job_last_seen[job]
            and job_last_seen[job] - time > next_scrape_seconds
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
