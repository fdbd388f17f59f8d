"""Starts and restarts of processes and counters, from evidence other than the counters' own samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import NamedTuple

from slo.model import CounterLabels, ScrapeTarget, Series, counter_labels_of, scrape_target_of

START_TIME_ROUNDING_SECONDS = 1.0
"""Process start times derive from a boot time in whole seconds that moves with the clock (proc(5), btime)."""


class CreatedTimestamps(NamedTuple):
    """A counter's first ``_created`` value and the scrape times that showed a new one, in Unix seconds."""

    first: float
    change_times: tuple[float, ...] = ()


NO_CREATED_TIMESTAMPS = CreatedTimestamps(-inf)
"""Of a counter without ``_created`` samples."""


@dataclass(frozen=True, slots=True)
class RestartEvidence:
    """Proof of new series and restarts; times are in Unix seconds.

    Attributes:
        scrape_times: times of the successful scrapes of each target (``up == 1``), ascending.
        process_restarts: times of the scrapes that were the first to show a new process.
        created_timestamps: when counters were created (``_created`` of OpenMetrics).
        new_targets: targets that started inside the window.
        continues_returning_series: treat a series that was missing from a successful scrape and returned no
            lower than before as continuous; without it, such a series counts as reset.
    """

    scrape_times: Mapping[ScrapeTarget, Sequence[float]]
    process_restarts: Mapping[ScrapeTarget, Sequence[float]] = field(default_factory=dict)
    created_timestamps: Mapping[CounterLabels, CreatedTimestamps] = field(default_factory=dict)
    new_targets: frozenset[ScrapeTarget] = frozenset()
    continues_returning_series: bool = False


def find_process_restarts(process_start_series: Iterable[Series]) -> dict[ScrapeTarget, list[float]]:
    """Return when scrapes first showed a new process, by target, in Unix seconds.

    Targets with several processes are left out: their start times do not tell which counter was reset.
    """
    restarts: dict[ScrapeTarget, list[list[float]]] = {}
    for series in process_start_series:
        restarts.setdefault(scrape_target_of(series), []).append(list(find_new_start_times(series)))
    return {target: processes[0] for target, processes in restarts.items() if len(processes) == 1}


def find_new_targets(start_series: Iterable[Series], window_start: float) -> frozenset[ScrapeTarget]:
    """Return the targets whose start times are all later than ``window_start`` (Unix seconds)."""
    starts: dict[ScrapeTarget, list[float]] = {}
    for series in start_series:
        starts.setdefault(scrape_target_of(series), []).extend(filter(isfinite, series.values[:1]))
    return frozenset(target for target, times in starts.items() if times and min(times) > window_start)


def read_created_timestamps(created_series: Iterable[Series]) -> dict[CounterLabels, CreatedTimestamps]:
    """Return when counters were created, by the labels that they share with their ``_created`` series."""
    return {
        counter_labels_of(series): CreatedTimestamps(series.values[0], tuple(find_new_start_times(series)))
        for series in created_series
        if series.values and isfinite(series.values[0])
    }


def find_new_start_times(start_series: Series) -> Iterator[float]:
    """Yield the times of the samples that report a new start.

    A process cannot start before its predecessor was last seen. So the reported start rises by at least the
    time for which the predecessor was seen. A smaller rise is the same start, computed again.
    """
    samples = list(zip(start_series.times, start_series.values, strict=True))
    first_seen, start = samples[0] if samples else (0.0, 0.0)
    for (last_seen, _), (time, value) in pairwise(samples):
        seen_seconds = last_seen - first_seen
        if isfinite(value) and value - start > max(seen_seconds - START_TIME_ROUNDING_SECONDS, 0.0):
            yield time
            first_seen, start = time, value
