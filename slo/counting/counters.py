"""What a counter counted, from its raw samples: exact, not extrapolated.

Per series: the difference between the last sample at or before the window and the first at or after
it, corrected for resets. A series that the scrape before the window did not hold counts from zero.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import isfinite
from typing import NamedTuple

from slo.counting.process_restarts import UNTOLD, Lives
from slo.model import Series, Window
from slo.model.evidence import Instance, instance_of, labels_of

_SAME_SCRAPE_SECONDS = 0.0005
"""Prometheus keeps milliseconds: samples of one scrape differ by less than half of one."""


@dataclass(frozen=True)
class Increase:
    """What the series of one counter counted in a window.

    ``times`` are those of samples that added events, ascending, in Unix seconds, and ``added`` the events of
    each, over all series. ``reset`` names the targets of which a counter fell back. ``resets`` and ``born``
    count the series that did, and that began inside the window. ``unbased`` counts series whose count at the
    window's start is unknown: nothing proves that they began inside it. ``strange`` counts series with
    samples that no counter can have: NaN, Inf, or less than 0. ``returned`` counts how often a series was
    lacking in a good scrape and came back no lower, and nothing but that shows that it began anew.
    """

    times: tuple[float, ...] = ()
    added: tuple[float, ...] = ()
    series: int = 0
    resets: int = 0
    born: int = 0
    unbased: int = 0
    strange: int = 0
    returned: int = 0
    reset: frozenset[Instance] = frozenset()

    @property
    def steps(self) -> Iterator[tuple[float, float]]:
        """Pairs of a time and the events that were added then."""
        return zip(self.times, self.added, strict=True)

    @property
    def events(self) -> float:
        """Number of events in the window."""
        return self._sums[-1]

    def within(self, window: Window) -> float:
        """Count the events of the samples in ``(window.start, window.end]``."""
        first, last = (bisect_right(self.times, end) for end in (window.start, window.end))
        return self._sums[last] - self._sums[first]

    @cached_property
    def _sums(self) -> list[float]:
        """Events before each time, and all of them at the end."""
        return list(accumulate(self.added, initial=0.0))


def increase(counter: Iterable[Series], window: Window, lives: Lives) -> Increase:
    """Count what a counter's series counted in a window.

    Args:
        counter: the series of one selector, with samples from before to after the window.
        window: the window asked for.
        lives: what proves births and restarts.
    """
    added: dict[float, float] = {}
    number = resets = born = unbased = strange = returned = 0
    reset: set[Instance] = set()
    for series in counter:
        number += 1
        instance = instance_of(series)
        found = _count(series, window, lives, added)
        if found.resets:
            reset.add(instance)
        resets += found.resets
        born += found.born
        unbased += found.unbased
        strange += found.strange
        returned += found.returned
    times = sorted(added)
    return Increase(
        times=tuple(times),
        added=tuple(map(added.__getitem__, times)),
        series=number,
        resets=resets,
        born=born,
        unbased=unbased,
        strange=strange,
        returned=returned,
        reset=frozenset(reset),
    )


class _Found(NamedTuple):
    """How often one series was reset or came back, and whether it was born, had no base, or is no counter."""

    resets: int = 0
    born: bool = False
    unbased: bool = False
    strange: bool = False
    returned: int = 0


def _count(series: Series, window: Window, lives: Lives, added: dict[float, float]) -> _Found:
    """Walk one series from its base before the window to the first sample after it; add up events by time."""
    times, values = series.times, series.values
    instance = instance_of(series)
    told = lives.created.get(labels_of(series), UNTOLD) if lives.created else UNTOLD
    scrapes, begun = lives.scrapes.get(instance, ()), (*lives.begun.get(instance, ()), *told.anew)
    first = max(bisect_right(times, window.start) - 1, 0)
    last = min(bisect_left(times, window.end), len(times) - 1)
    if last < first or not times or times[last] <= window.start:
        return _Found()
    if not _can_count(values[first : last + 1]):
        return _Found(strange=True)
    born = unbased = False
    if times[first] > window.start:
        born = bool(scrapes) and scrapes[0] <= window.start  # that scrape did not hold it
        born = born or instance in lives.young or told.first > window.start
        unbased = not born
        if born and values[first]:
            added[times[first]] = added.get(times[first], 0.0) + values[first]
    resets = returned = 0
    seamless = not begun and _on_every_scrape(times[first : last + 1], scrapes)
    for place in range(first, last):
        value = values[place + 1]
        grown = value - values[place]
        if grown < 0 or (not seamless and _restarted(times[place], times[place + 1], begun)):
            resets += 1
            grown = value
        elif not seamless and _scraped_between(times[place], times[place + 1], scrapes):
            returned += values[place] > 0
            resets += not lives.goes_on
            grown = grown if lives.goes_on else value
        if grown:
            time = times[place + 1]
            added[time] = added.get(time, 0.0) + grown
    return _Found(resets, born, unbased, returned=returned)


def _on_every_scrape(times: Sequence[float], scrapes: Sequence[float]) -> bool:
    """Tell at a glance, for most series, that no scrape between their samples was without one."""
    first = bisect_left(scrapes, times[0])
    return list(scrapes[first : first + len(times)]) == list(times)


def _can_count(values: Sequence[float]) -> bool:
    """Tell at a glance whether these are numbers of events: NaN and Inf show in the sum."""
    return isfinite(sum(values)) and min(values) >= 0


def _restarted(before: float, after: float, begun: Sequence[float]) -> bool:
    """Tell whether a counter is told to have begun again between two samples, though it did not fall."""
    return any(before + _SAME_SCRAPE_SECONDS < time < after + _SAME_SCRAPE_SECONDS for time in begun)


def _scraped_between(before: float, after: float, scrapes: Sequence[float]) -> bool:
    """Tell whether a good scrape between two samples did not hold the series: it died and was reborn."""
    low = bisect_right(scrapes, before + _SAME_SCRAPE_SECONDS)
    high = bisect_left(scrapes, after - _SAME_SCRAPE_SECONDS)
    return low < high and _on_scrape(before, scrapes) and _on_scrape(after, scrapes)


def _on_scrape(time: float, scrapes: Sequence[float]) -> bool:
    """Tell whether a sample bears a scrape's time (exporters may set times of their own)."""
    place = bisect_left(scrapes, time - _SAME_SCRAPE_SECONDS)
    return place < len(scrapes) and scrapes[place] <= time + _SAME_SCRAPE_SECONDS
