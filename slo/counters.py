"""What a counter counted, from its raw samples: exact, not extrapolated.

Per series: the difference between the last sample at or before the window and the first at or after
it, corrected for resets. A series that the scrape before the window did not hold counts from zero.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import isfinite
from operator import attrgetter
from typing import NamedTuple

from slo.model import Series, Window

Instance = tuple[str, str]
"""The ``job`` and ``instance`` labels of a scrape target."""

_TIME = attrgetter("time")
_SAME_SCRAPE_SECONDS = 0.0005
"""Prometheus keeps milliseconds: samples of one scrape differ by less than half of one."""


class Increment(NamedTuple):
    """Events that one sample added to the one before it; ``time`` is that sample's, in Unix seconds."""

    time: float
    events: float


@dataclass(frozen=True)
class Increase:
    """What the series of one counter counted in a window.

    ``increments`` are those that added events, in the order of time, over all series. ``resets`` and ``born``
    count the counters that fell back and the series that began inside the window. ``unbased`` counts series
    whose count at the window's start is unknown: nothing proves that they began inside it.
    """

    increments: tuple[Increment, ...] = ()
    series: int = 0
    resets: int = 0
    born: int = 0
    unbased: int = 0

    @property
    def events(self) -> float:
        """Number of events in the window."""
        return self._sums[-1]

    def within(self, window: Window) -> float:
        """Count the events of the samples in ``(window.start, window.end]``."""
        first, last = (bisect_right(self.increments, end, key=_TIME) for end in (window.start, window.end))
        return self._sums[last] - self._sums[first]

    @cached_property
    def _sums(self) -> list[float]:
        """Events before each increment, and all of them at the end."""
        return list(accumulate((step.events for step in self.increments), initial=0.0))


def instance_of(series: Series) -> Instance:
    """Name the scrape target a series comes from."""
    return series.labels.get("job", ""), series.labels.get("instance", "")


def increase(
    counter: Iterable[Series], window: Window, scrapes: Mapping[Instance, Sequence[float]]
) -> Increase:
    """Count what a counter's series counted in a window.

    Args:
        counter: the series of one selector, with samples from before to after the window.
        window: the window asked for.
        scrapes: times of the successful scrapes of each target, ascending (``up == 1``).
    """
    increments: list[Increment] = []
    number = resets = born = unbased = 0
    for series in counter:
        number += 1
        count = _count(series, window, scrapes.get(instance_of(series), ()))
        increments.extend(count.increments)
        resets += count.resets
        born += count.born
        unbased += count.unbased
    increments.sort(key=_TIME)
    return Increase(tuple(increments), number, resets, born, unbased)


def _count(series: Series, window: Window, scrapes: Sequence[float]) -> Increase:
    """Walk one series from its base before the window to the first sample after it."""
    times, values = _finite(series)
    first = max(bisect_right(times, window.start) - 1, 0)
    last = min(bisect_left(times, window.end), len(times) - 1)
    if last < first or not times or times[last] <= window.start:
        return Increase(series=1)
    increments: list[Increment] = []
    resets = born = unbased = 0
    if times[first] > window.start:
        proven = _absent_before(times[first], window.start, scrapes)
        born, unbased = (1, 0) if proven else (0, 1)
        if proven and values[first]:
            increments.append(Increment(times[first], values[first]))
    seamless = _on_every_scrape(times[first : last + 1], scrapes)
    for place in range(first, last):
        grown = values[place + 1] - values[place]
        if grown < 0 or (not seamless and _scraped_between(times[place], times[place + 1], scrapes)):
            resets += 1
            grown = values[place + 1]
        if grown:
            increments.append(Increment(times[place + 1], grown))
    return Increase(tuple(increments), 1, resets, born, unbased)


def _on_every_scrape(times: list[float], scrapes: Sequence[float]) -> bool:
    """Tell at a glance, for most series, that no scrape between their samples was without one."""
    first = bisect_left(scrapes, times[0])
    return list(scrapes[first : first + len(times)]) == times


def _finite(series: Series) -> tuple[list[float], list[float]]:
    if all(map(isfinite, series.values)):
        return list(series.times), list(series.values)
    kept = [(t, v) for t, v in zip(series.times, series.values, strict=True) if isfinite(v)]
    return [t for t, _ in kept], [v for _, v in kept]


def _absent_before(first_sample: float, start: float, scrapes: Sequence[float]) -> bool:
    """Tell whether a scrape at or before the window's start did not hold the series."""
    return bool(scrapes) and scrapes[0] <= start < first_sample


def _scraped_between(before: float, after: float, scrapes: Sequence[float]) -> bool:
    """Tell whether a good scrape between two samples did not hold the series: it died and was reborn."""
    low = bisect_right(scrapes, before + _SAME_SCRAPE_SECONDS)
    high = bisect_left(scrapes, after - _SAME_SCRAPE_SECONDS)
    return low < high and _on_scrape(before, scrapes) and _on_scrape(after, scrapes)


def _on_scrape(time: float, scrapes: Sequence[float]) -> bool:
    """Tell whether a sample bears a scrape's time (exporters may set times of their own)."""
    place = bisect_left(scrapes, time - _SAME_SCRAPE_SECONDS)
    return place < len(scrapes) and scrapes[place] <= time + _SAME_SCRAPE_SECONDS
