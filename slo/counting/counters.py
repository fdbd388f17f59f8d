"""Event counts of counters, computed from raw samples without extrapolation.

Per series: the difference between the last sample at or before the window (the base) and the first one at or
after it (the closing sample), corrected for resets. A series that is new in the window counts from zero.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import isfinite
from typing import NamedTuple

from slo.model import ScrapeTarget, Series, Window, counter_labels_of, scrape_target_of
from slo.scraping import (
    NO_CREATED_TIMESTAMPS,
    SAME_SCRAPE_SECONDS,
    RestartEvidence,
    have_scrape_times,
    is_scrape_time,
)

MAX_EXACT_COUNT = 2**53
"""Count up to which a float holds every whole number (IEEE 754, binary64); adding 1 to it changes nothing."""


@dataclass(frozen=True)
class CounterIncrease:
    """Events that the series of one counter counted in a window.

    Attributes:
        times: times of the samples that added events, ascending, in Unix seconds.
        increments: events added at each of these times, over all series.
        series_count: number of series.
        reset_count: number of counter resets.
        new_series_count: series that began inside the window.
        unknown_start_count: series without a sample before the window and without proof that they are new.
        unknown_end_count: series with sample times of their own and no sample after the window.
        invalid_series_count: series with samples that no counter can have: NaN, Inf or negative values.
        inexact_series_count: series with values of 2^53 or more, where a float no longer counts single
            events.
        return_count: how often a series was missing from a successful scrape and returned no lower than
            before, without other proof of a restart.
        reset_targets: scrape targets with at least one counter reset.
        fallen_targets: scrape targets with a counter that fell though no restart was reported.
    """

    times: tuple[float, ...] = ()
    increments: tuple[float, ...] = ()
    series_count: int = 0
    reset_count: int = 0
    new_series_count: int = 0
    unknown_start_count: int = 0
    unknown_end_count: int = 0
    invalid_series_count: int = 0
    inexact_series_count: int = 0
    return_count: int = 0
    reset_targets: frozenset[ScrapeTarget] = frozenset()
    fallen_targets: frozenset[ScrapeTarget] = frozenset()

    @property
    def is_proved(self) -> bool:
        """Whether the samples prove the number of events in the window."""
        return not (self.inexact_series_count or self.unknown_start_count or self.unknown_end_count)

    @property
    def increments_by_time(self) -> Iterator[tuple[float, float]]:
        """Pairs of a time in Unix seconds and the events added then."""
        return zip(self.times, self.increments, strict=True)

    @property
    def events(self) -> float:
        """Number of events in the window."""
        return self._cumulative_events[-1]

    def count_within(self, window: Window) -> float:
        """Count the events of the samples in ``(window.start, window.end]``."""
        first, last = (bisect_right(self.times, edge) for edge in (window.start, window.end))
        return self._cumulative_events[last] - self._cumulative_events[first]

    @cached_property
    def _cumulative_events(self) -> list[float]:
        """Number of events before each time; the last item is the number of all events."""
        return list(accumulate(self.increments, initial=0.0))


def count_increase(
    counter_series: Iterable[Series], window: Window, restart_evidence: RestartEvidence
) -> CounterIncrease:
    """Count the events of a counter's series in a window.

    Args:
        counter_series: the series of one selector, with samples from before to after the window.
        window: the window to count in.
        restart_evidence: proof of new series and restarts.
    """
    increments: dict[float, float] = {}
    findings: list[_SeriesFindings] = []
    reset_targets: set[ScrapeTarget] = set()
    fallen_targets: set[ScrapeTarget] = set()
    for series in counter_series:
        finding = _count_series(series, window, restart_evidence, increments)
        findings.append(finding)
        if finding.reset_count:
            reset_targets.add(scrape_target_of(series))
        if finding.fall_count:
            fallen_targets.add(scrape_target_of(series))
    times = sorted(increments)
    return CounterIncrease(
        times=tuple(times),
        increments=tuple(map(increments.__getitem__, times)),
        series_count=len(findings),
        reset_count=sum(finding.reset_count for finding in findings),
        new_series_count=sum(finding.is_new for finding in findings),
        unknown_start_count=sum(finding.has_unknown_start for finding in findings),
        unknown_end_count=sum(finding.has_unknown_end for finding in findings),
        invalid_series_count=sum(finding.has_invalid_samples for finding in findings),
        inexact_series_count=sum(finding.is_inexact for finding in findings),
        return_count=sum(finding.return_count for finding in findings),
        reset_targets=frozenset(reset_targets),
        fallen_targets=frozenset(fallen_targets),
    )


class _SeriesFindings(NamedTuple):
    """Resets, returns, start and end of one series, and whether its samples are invalid.

    ``fall_count``: resets that show only in a lower value, with no restart reported.
    """

    reset_count: int = 0
    return_count: int = 0
    fall_count: int = 0
    is_new: bool = False
    has_unknown_start: bool = False
    has_unknown_end: bool = False
    has_invalid_samples: bool = False
    is_inexact: bool = False


def _count_series(
    series: Series, window: Window, restart_evidence: RestartEvidence, increments: dict[float, float]
) -> _SeriesFindings:
    """Add a series' events to ``increments`` by time, from its base to its closing sample."""
    first = max(bisect_right(series.times, window.start) - 1, 0)
    last = min(bisect_left(series.times, window.end), len(series.times) - 1)
    if last < first:
        return _SeriesFindings()
    target = scrape_target_of(series)
    scrape_times = restart_evidence.scrape_times.get(target, ())
    times, values = series.times[first : last + 1], series.values[first : last + 1]
    is_in_every_scrape = _is_in_every_scrape(times, scrape_times)
    has_own_times = not is_in_every_scrape and not have_scrape_times(series.times, scrape_times)
    has_unknown_end = has_own_times and series.times[-1] < window.end
    if times[-1] <= window.start:
        return _SeriesFindings(has_unknown_end=has_unknown_end)
    if not _are_valid_counts(values):
        return _SeriesFindings(has_invalid_samples=True)
    created = NO_CREATED_TIMESTAMPS
    if restart_evidence.created_timestamps:
        created = restart_evidence.created_timestamps.get(counter_labels_of(series), NO_CREATED_TIMESTAMPS)
    if has_own_times:
        scrape_times = ()  # they prove nothing of this series
    has_base = times[0] <= window.start
    is_new = not has_base and (
        (bool(scrape_times) and scrape_times[0] <= window.start)  # this scrape lacks the series
        or target in restart_evidence.new_targets
        or created.first > window.start
    )
    if is_new and values[0]:
        increments[times[0]] = increments.get(times[0], 0.0) + values[0]
    steps = _count_steps(
        times,
        values,
        scrape_times,
        (*restart_evidence.process_restarts.get(target, ()), *created.change_times),
        increments,
        is_in_every_scrape=is_in_every_scrape,
        continues_returning_series=restart_evidence.continues_returning_series,
    )
    return _SeriesFindings(
        *steps,
        is_new=is_new,
        has_unknown_start=not (has_base or is_new),
        has_unknown_end=has_unknown_end,
        is_inexact=max(values) >= MAX_EXACT_COUNT,
    )


def _count_steps(
    times: Sequence[float],
    values: Sequence[float],
    scrape_times: Sequence[float],
    restart_times: Sequence[float],
    increments: dict[float, float],
    *,
    is_in_every_scrape: bool,
    continues_returning_series: bool,
) -> tuple[int, int, int]:
    """Add the events between samples to ``increments``; return the numbers of resets, returns and falls."""
    reset_count = return_count = fall_count = 0
    is_gapless = not restart_times and is_in_every_scrape
    for before, after, old, new in zip(times, times[1:], values, values[1:], strict=False):
        increment = new - old
        if increment < 0 or (not is_gapless and _has_restarted_between(before, after, restart_times)):
            reset_count += 1
            fall_count += increment < 0 and not _has_restarted_between(before, after, restart_times)
            increment = new
        elif not is_gapless and _is_missing_from_scrape(before, after, scrape_times):
            return_count += old > 0
            if not continues_returning_series:
                reset_count += 1
                increment = new
        if increment:
            increments[after] = increments.get(after, 0.0) + increment
    return reset_count, return_count, fall_count


def _is_in_every_scrape(times: Sequence[float], scrape_times: Sequence[float]) -> bool:
    """Return whether the sample times equal the scrape times; a fast check that most series pass."""
    first = bisect_left(scrape_times, times[0])
    return list(scrape_times[first : first + len(times)]) == list(times)


def _are_valid_counts(values: Sequence[float]) -> bool:
    """Return whether all values are numbers of events; NaN and Inf show in the sum."""
    return isfinite(sum(values)) and min(values) >= 0


def _has_restarted_between(before: float, after: float, restart_times: Sequence[float]) -> bool:
    """Return whether a restart was reported after one sample and no later than the next."""
    return any(before + SAME_SCRAPE_SECONDS < time < after + SAME_SCRAPE_SECONDS for time in restart_times)


def _is_missing_from_scrape(before: float, after: float, scrape_times: Sequence[float]) -> bool:
    """Return whether a successful scrape between two samples of a series lacks the series."""
    low = bisect_right(scrape_times, before + SAME_SCRAPE_SECONDS)
    high = bisect_left(scrape_times, after - SAME_SCRAPE_SECONDS)
    return low < high and is_scrape_time(before, scrape_times) and is_scrape_time(after, scrape_times)
