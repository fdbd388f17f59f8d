"""How sure a ratio of events can be: intervals that respect that requests of one moment are alike.

Two steps. The variance of the ratio comes from its sums over consecutive slices of time (``slo.variance``).
The interval is then Clopper and Pearson's (Biometrika 26, 1934) for as many independent events as would vary
as much, which holds for few events, too (E. Korn, B. Graubard, Survey Methodology 24(2), 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log

import numpy as np

from slo.evaluation.slice_variance import frequencies, independent_variance, long_run_variance

LEVEL = 0.95
"""Confidence of the intervals that are shown where the policy asks for none."""
FEW_EVENTS = 10
"""Fewer good or bad events than these tell no variance: they count at most as independent ones."""

LEAST_VARIANCE_RATIO = 0.25
"""Of the variance of independent events, and of independent slices: a few waves may by luck miss a burst."""


def prepare() -> None:
    """Import what intervals need and takes longer than a check, for a thread to do meanwhile."""
    import scipy.special  # noqa: F401, PLC0415


@dataclass(frozen=True, slots=True)
class Sampled:
    """A ratio of good events, seen slice by slice.

    ``total`` events; ``good`` of them; ``slices`` in number, of which ``alike`` are worth one independent
    slice. ``variance`` of the ratio; ``None``: a single slice can't tell. ``independent_slices``: what it
    would be were no slice like another.
    """

    good: float
    total: float
    slices: int
    variance: float | None = None
    independent_slices: float = 0.0
    alike: float = 1.0

    @property
    def ratio(self) -> float:
        """Share of good events."""
        return self.good / self.total

    @property
    def independent(self) -> float | None:
        """How many independent events would vary as much; all of them, where none differs from another."""
        if self.good in (0, self.total):
            return self.total
        if self.variance is None:
            return None
        return self.ratio * (1 - self.ratio) / max(self.variance, self.least_variance)

    @property
    def least_variance(self) -> float:
        """The least that the ratio is held to vary."""
        independent_events = self.ratio * (1 - self.ratio) / self.total
        return LEAST_VARIANCE_RATIO * max(independent_events, self.independent_slices)

    def times(self, times: float) -> Sampled:
        """Give what so many times as long would have seen, of the like."""
        variance = None if self.variance is None else self.variance / times
        slices = max(round(self.slices * times), 1)
        good, total = self.good * times, self.total * times
        return Sampled(good, total, slices, variance, self.independent_slices / times, self.alike)


def sampled(good: Sequence[float], total: Sequence[float]) -> Sampled | None:
    """Learn from slices, in the order of time, how much their ratio varies; ``None`` without any event."""
    goods, totals = np.asarray(good, float), np.asarray(total, float)
    events, number = float(totals.sum()), len(goods)
    if not events:
        return None
    seen = Sampled(float(goods.sum()), events, number)
    if number == 1:
        return seen
    deviations, in_ratio = goods - seen.ratio * totals, number / events**2
    variance, alike = long_run_variance(deviations)
    independent = independent_variance(deviations)
    return replace(seen, variance=variance * in_ratio, independent_slices=independent * in_ratio, alike=alike)


def interval(seen: Sampled, level: float) -> tuple[float, float]:
    """Give the (lower, upper) bound of the ratio of good events at a confidence level, both included.

    With bad events alone or good ones alone only one side can be wrong, so that one has all of the level:
    0 of 299 events are bad shows 99 % good at 0.95. ``(0, 1)`` where a single slice can't tell.
    """
    if seen.good == seen.total:
        return float((1 - level) ** (1 / seen.total)), 1.0
    if not seen.good:
        return 0.0, float(1 - (1 - level) ** (1 / seen.total))
    if seen.variance is None:
        return 0.0, 1.0
    return _clopper_pearson(seen.ratio, _effective(seen, level), level)


def _effective(seen: Sampled, level: float) -> float:
    """Give the number of events that stand for the ratio, less for how roughly its variance is known.

    Source: Korn and Graubard, with the squared ratio of the normal's quantile to Student's t. The variance
    that is held to be the least is known, so nothing is taken off for it.
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - see prepare

    tail = (1 - level) / 2  # the lower one, which is above 0 however sure
    student = float(ndtri(tail) / stdtrit(frequencies(seen.slices, seen.alike), tail)) ** 2
    binomial = seen.ratio * (1 - seen.ratio)
    events = binomial / max((seen.variance or 0.0) / student, seen.least_variance)
    few = min(seen.good, seen.total - seen.good) < FEW_EVENTS
    return min(events, seen.total) if few else events


def _clopper_pearson(ratio: float, events: float, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv  # noqa: PLC0415 - see prepare

    good, bad, tail = ratio * events, (1 - ratio) * events, (1 - level) / 2
    return float(betaincinv(good, bad + 1, tail)), float(betaincinv(good + 1, bad, 1 - tail))


# --- How much more would decide -----------------------------------------------------------------

_MOST_TIMES = 1e6
"""A run this many times as long would be needed: the ratio is too near to the target to be told from it."""


def further_events(seen: Sampled, target: float, level: float) -> float | None:
    """Estimate how many more events, alike, would put the interval on one side of the target.

    Two figures that count; ``None`` where no run of a sensible length would, or nothing is known of the
    variance.
    """
    if seen.independent is None or seen.ratio == target:
        return None
    low, high = 1.0, 2.0
    while not _decides(seen, high, target, level):
        low, high = high, 2 * high
        if high > _MOST_TIMES:
            return None
    while high / low > 1.01:  # noqa: PLR2004 - one per cent: two figures are shown
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _decides(seen, middle, target, level) else (middle, high)
    return _two_figures((high - 1) * seen.total)


def _decides(seen: Sampled, times: float, target: float, level: float) -> bool:
    low, high = interval(seen.times(times), level)
    return low >= target or high < target


def _two_figures(number: float) -> float:
    """Round up to two figures that count: 1,234 becomes 1,300."""
    step = 10 ** max(len(str(ceil(number))) - 2, 0)
    return float(ceil(number / step) * step)


def events_to_show(target: float, level: float) -> int:
    """Give the fewest events, all good, that show a target at a confidence level: 299 show 99 % at 0.95.

    The least n with target^n <= 1 - level (the rule of three; J. Hanley, A. Lippman-Hand, JAMA 249, 1983).
    """
    return ceil(log(1 - level) / log(target) - 1e-9)  # less than the logarithms' own error


def target_shown(events: float, level: float) -> float:
    """Give the highest target that so many events, had all been good, would have shown."""
    return float((1 - level) ** (1 / events)) if events else 0.0
