"""Scrape targets whose scrapes are answered by several processes, each with counters of its own.

Workers of one server without shared metrics, or a load balancer as scrape target: each scrape shows the
counters of another process. What looks like restarts are changes from one process to another, and the sum of
the steps is many times the number of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import NamedTuple

from slo.model import ScrapeTarget, Series, scrape_target_of
from slo.scraping.process_restarts import START_TIME_ROUNDING_SECONDS

_SAME_START_SECONDS = 0.05
"""Exporters that compute the start anew for each scrape vary by some milliseconds."""
_WHOLE_SECOND_TOLERANCE = 0.005
"""A start that derives from the boot time (proc(5), btime) moves by whole seconds."""
_MAX_CLOCK_DIFFERENCE_SECONDS = 60.0
"""Largest difference between the clocks of a service and of Prometheus that is taken for granted."""
_MIN_SINGLE_FALL = 10
"""Smallest fall that shows two processes when a counter falls and comes back only once."""
_MANY_RETURNS = 4
"""How often a counter falls and comes back in one step if it alternates, whatever its low values are."""
_NORMAL_STEPS = 1.5
"""How much larger than any other step the step must be by which a counter comes back."""
_MIN_HIGH_LOW = 10
"""Smallest value after a fall that can be too high for a new process."""
_MIN_STEPS_FOR_NORMAL = 5
"""Rises from which on it is known how fast a counter normally grows."""
_NORMAL_RATES = 5.0
"""How many times faster than normal a new process can count its first events."""


def find_shared_targets(
    start_series: Iterable[Series],
    counter_series: Iterable[Series],
    restart_times: Mapping[ScrapeTarget, Sequence[float]],
) -> dict[ScrapeTarget, str]:
    """Return the targets that several processes answer, with what shows it, as a predicate.

    Args:
        start_series: ``process_start_time_seconds`` and ``_created`` series.
        counter_series: series of counters; one series may be given several times.
        restart_times: when scrapes showed a new process or new counters, in Unix seconds.
    """
    found: dict[ScrapeTarget, str] = {}
    for series in start_series:
        if starts := find_alternating_starts(series):
            metric = series.labels.get("__name__") or "the process start"
            text = f"{metric} alternates between {starts[0]:.2f} and {starts[1]:.2f}"
            found.setdefault(scrape_target_of(series), text)
    for target, falling in _group_falling_series(counter_series).items():
        falls = _count_alternating_falls(falling, restart_times.get(target, ()))
        if falls and target not in found:
            found[target] = f"counters fell and came back in one step ({falls} times)"
        if high := _find_high_fall(falling, restart_times.get(target, ())):
            text = f"a counter fell by {high.size:g} to {high.low:g}, too much for a process that just began"
            found.setdefault(target, text)
    return found


# --- Start times --------------------------------------------------------------------------------


def find_alternating_starts(series: Series) -> tuple[float, float] | None:
    """Return two start times of a series that belong to processes which lived at the same time.

    That is a start that comes back after another one, or one that is neither a restart nor the same start
    computed again: the second process started before the first was last seen. The clock is set once at most.
    """
    samples = [(t, v) for t, v in zip(series.times, series.values, strict=True) if isfinite(v)]
    if not samples:
        return None
    first_seen, start = samples[0]
    earlier_starts: list[float] = []
    is_clock_set = False
    for (last_seen, _), (time, value) in pairwise(samples):
        if _is_same_start(value - start):
            continue
        if any(_is_same_start(value - earlier) for earlier in earlier_starts):
            return start, value
        is_restart = (
            value - start > last_seen - first_seen - START_TIME_ROUNDING_SECONDS
            and value > last_seen - _MAX_CLOCK_DIFFERENCE_SECONDS
        )
        if not is_restart and (is_clock_set or not _is_whole(value - start)):
            return start, value
        is_clock_set = is_clock_set or not is_restart
        earlier_starts.append(start)
        first_seen, start = time, value
    return None


def _is_same_start(difference: float) -> bool:
    """Return whether two start times may be one, computed twice."""
    is_rounding = abs(difference) <= START_TIME_ROUNDING_SECONDS + _WHOLE_SECOND_TOLERANCE
    return abs(difference) < _SAME_START_SECONDS or (is_rounding and _is_whole(difference))


def _is_whole(seconds: float) -> bool:
    """Return whether a difference is a whole number of seconds, as when the clock was set."""
    return abs(seconds - round(seconds)) < _WHOLE_SECOND_TOLERANCE


# --- Counters -----------------------------------------------------------------------------------


class _Fall(NamedTuple):
    """A counter fell by ``size`` to ``low`` at ``time`` (Unix seconds).

    ``return_index``: the sample with which it came back in one step, if it did; ``return_step``: that step.
    """

    time: float
    size: float
    low: float
    return_index: int | None = None
    return_step: float = 0.0

    @property
    def has_returned(self) -> bool:
        """Whether the counter came back in one step, and not from zero, where a new process begins."""
        return self.return_index is not None and self.low > 0


def _group_falling_series(counter_series: Iterable[Series]) -> Mapping[ScrapeTarget, list[Series]]:
    """Return the series that fall, by target, each once."""
    falling: defaultdict[ScrapeTarget, dict[frozenset[tuple[str, str]], Series]] = defaultdict(dict)
    for series in counter_series:
        if list(series.values) != sorted(series.values):
            falling[scrape_target_of(series)][frozenset(series.labels.items())] = series
    return {target: list(by_labels.values()) for target, by_labels in falling.items()}


def _count_alternating_falls(falling_series: Sequence[Series], restart_times: Sequence[float]) -> int:
    """Return how often the counters of one target fell and came back in one step; 0 if restarts explain it.

    After a restart a counter grows again step by step. If it comes back in one step, again and again, the old
    process is still there. Once is enough if all counters that fell come back, by more than they ever grew.
    """
    falls = [list(_find_falls(series, restart_times)) for series in falling_series]
    repeated = [sum(fall.has_returned for fall in found) for found in falls if _is_repeated(found)]
    if repeated:
        return max(repeated)
    for_good = {fall.time for found in falls for fall in found if not fall.has_returned}
    single = {
        fall.time
        for series, found in zip(falling_series, falls, strict=True)
        for fall in found
        if fall.size >= _MIN_SINGLE_FALL
        and fall.time not in for_good
        and fall.return_step > _NORMAL_STEPS * _find_largest_step(series, found)
    }
    return len(single)


def _is_repeated(falls: Sequence[_Fall]) -> bool:
    """Return whether a counter alternates: it came back often, or its low values continued each other."""
    lows = [fall.low for fall in falls if fall.has_returned]
    return len(lows) >= _MANY_RETURNS or (len(lows) > 1 and lows == sorted(lows))


def _find_falls(series: Series, restart_times: Sequence[float]) -> Iterator[_Fall]:
    """Yield each fall that no restart explains, with the step by which the counter came back, if in one."""
    times, values = series.times, series.values
    for index, (before, low) in enumerate(pairwise(values), start=1):
        if low >= before or any(times[index - 1] < time <= times[index] for time in restart_times):
            continue
        back = next((k for k in range(index + 1, len(values)) if values[k] >= before), None)
        step = values[back] - values[back - 1] if back is not None else 0.0
        is_single_step = 2 * step > before - low
        yield _Fall(times[index], before - low, low, back if is_single_step else None, step)


def _find_high_fall(falling_series: Iterable[Series], restart_times: Sequence[float]) -> _Fall | None:
    """Return a fall to a value that a new process can't have counted since the last scrape.

    Changes from one process to another are rises, too, at most one more than there are falls. The largest of
    the other rises shows how fast the counter grows.
    """
    for series in falling_series:
        falls = list(_find_falls(series, restart_times))
        steps = list(pairwise(zip(series.times, series.values, strict=True)))
        rates = sorted((new - old) / (after - before) for (before, old), (after, new) in steps if new > old)
        normal_rates = rates[: -len(falls) - 1]
        if len(normal_rates) < _MIN_STEPS_FOR_NORMAL:
            continue
        seconds = {after: after - before for (before, _), (after, _) in steps}
        for fall in falls:
            limit = _NORMAL_RATES * normal_rates[-1] * seconds[fall.time]
            if fall.low >= _MIN_HIGH_LOW and fall.low > limit:
                return fall
    return None


def _find_largest_step(series: Series, falls: Iterable[_Fall]) -> float:
    """Return the largest rise of a counter apart from those with which it came back."""
    returns = {fall.return_index for fall in falls}
    rises = (
        after - before
        for index, (before, after) in enumerate(pairwise(series.values), start=1)
        if index not in returns
    )
    return max(rises, default=0.0)
