"""Whether samples carry the times of scrapes, or times of their own.

Prometheus gives a sample the time of its scrape unless the exporter stamps it (exposition format, optional
timestamp). Series with times of their own lag behind the scrapes or show only their last change, so a scrape
proves nothing of them. ``honor_timestamps: false`` in the scrape configuration ignores the stamps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from slo.model import Series, Window

SAME_SCRAPE_SECONDS = 0.0005
"""Prometheus stores milliseconds: sample times of one scrape differ by less than half of one."""
_MS_PER_SECOND = 1000


def select_counted_samples(series: Series, window: Window) -> list[tuple[float, float]]:
    """Return the (time, value) pairs from the last sample before a window to the first after it."""
    first = max(bisect_right(series.times, window.start) - 1, 0)
    last = bisect_left(series.times, window.end) + 1
    return list(zip(series.times[first:last], series.values[first:last], strict=True))


def is_scrape_time(time: float, scrape_times: Sequence[float]) -> bool:
    """Return whether a sample has the time of a scrape; ``scrape_times`` are ascending."""
    index = bisect_left(scrape_times, time - SAME_SCRAPE_SECONDS)
    return index < len(scrape_times) and scrape_times[index] <= time + SAME_SCRAPE_SECONDS


def have_scrape_times(sample_times: Sequence[float], scrape_times: Sequence[float]) -> bool:
    """Return whether all samples of a series have times of scrapes; both are ascending."""
    if not sample_times or not scrape_times:
        return not sample_times
    first = bisect_left(scrape_times, sample_times[0])
    if list(scrape_times[first : first + len(sample_times)]) == list(sample_times):
        return True  # most series are in every scrape
    return set(sample_times) <= set(scrape_times) or _round_to_ms(sample_times) <= _round_to_ms(scrape_times)


def _round_to_ms(times: Iterable[float]) -> set[int]:
    return {round(time * _MS_PER_SECOND) for time in times}
