"""Classic histograms: what their bucket counts prove about percentiles and thresholds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, isinf

from slo.counting.bucket_bounds import Child, epochs
from slo.counting.counters import Increase, increase
from slo.counting.process_restarts import Lives
from slo.model import Op, Series, Window
from slo.model.bucket_bounds import MalformedHistogramError, parse_bound
from slo.model.budget import exact


@dataclass(frozen=True, slots=True)
class Buckets:
    """Cumulative counts of observations: at least ``counts[i]`` are at most ``bounds[i]``; the last is +Inf.

    And at most ``most[i]``, where histograms of different bounds are added up; without it, exactly
    ``counts[i]``.
    """

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    most: tuple[float, ...] | None = None

    @property
    def total(self) -> float:
        """Number of observations."""
        return self.counts[-1] if self.counts else 0

    def _most(self, place: int) -> float:
        return (self.most or self.counts)[place]

    def at_most(self, threshold: float) -> tuple[float, float]:
        """Fewest and most observations that can be at or below a threshold; equal when it is a bound."""
        place = bisect_left(self.bounds, threshold)
        if self.bounds[place] == threshold:
            return self.counts[place], self._most(place)
        return (self.counts[place - 1] if place else 0), self._most(place)

    def below(self, threshold: float) -> tuple[float, float]:
        """Fewest and most observations that can be strictly below a threshold."""
        place = bisect_left(self.bounds, threshold)
        return (self.counts[place - 1] if place else 0), self._most(place)

    def good(self, op: Op, threshold: float) -> tuple[float, float]:
        """Fewest and most observations for which ``observation op threshold`` can hold; ``lte`` or ``lt``."""
        return self.at_most(threshold) if op is Op.LTE else self.below(threshold)


def added(histograms: Sequence[Buckets]) -> Buckets:
    """Add up histograms; where their bounds differ, with fewest and most at each bound that any has."""
    if len(histograms) == 1:
        return histograms[0]
    bounds = tuple(sorted({bound for one in histograms for bound in one.bounds}))
    ends = [[one.at_most(bound) for one in histograms] for bound in bounds]
    fewest, most = (tuple(sum(pair[end] for pair in row) for row in ends) for end in (0, 1))
    return Buckets(bounds, fewest, None if most == fewest else most)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile as the buckets know it: in ``(lower, upper]``, and interpolated between them.

    ``upper`` is ``None`` in the +Inf bucket, where nothing bounds it; ``point`` is ``None`` there too.
    """

    lower: float
    upper: float | None
    point: float | None


def percentile(buckets: Buckets, quantile: float) -> Percentile | None:
    """Find the bucket that holds the observation of rank ceil(quantile x total), the nearest rank.

    The point is interpolated linearly inside it, as Prometheus's ``histogram_quantile`` does; the
    interval is what the buckets prove. ``None`` when there are no observations.
    """
    if not buckets.total:
        return None
    rank = max(ceil(exact(quantile) * Fraction(buckets.total)), 1)
    first = bisect_left(buckets.most or buckets.counts, rank)  # below it are surely fewer
    last = bisect_left(buckets.counts, rank)
    upper = buckets.bounds[last]
    lower = buckets.bounds[first - 1] if first else min(0.0, upper)
    if isinf(upper):
        return Percentile(lower, None, None)
    below = buckets.counts[first - 1] if first else 0
    share = (quantile * buckets.total - below) / (buckets.counts[last] - below)
    return Percentile(lower, upper, lower + (upper - lower) * min(max(share, 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class Observed:
    """What the series of histograms counted in a window, bucket by bucket; those of same bounds together.

    One whose bounds change in the window is there several times, each time with the bounds of a part of it.
    """

    groups: tuple[tuple[tuple[float, ...], tuple[Increase, ...]], ...]

    def buckets(self, part: Window | None = None) -> Buckets:
        """Sum the buckets over the window, or over a part of it, by sample times.

        Raises:
            MalformedHistogramError: cumulative counts fall.
        """
        return added(
            [
                _monotonic(
                    Buckets(bounds, tuple(one.within(part) if part else one.events for one in increases))
                )
                for bounds, increases in self.groups
            ]
        )

    def steps(self) -> dict[float, Buckets]:
        """Give what each scrape added, by its time in Unix seconds."""
        found: dict[float, list[Buckets]] = {}
        for bounds, increases in self.groups:
            counts: dict[float, list[float]] = {}
            for place, one in enumerate(increases):
                for time, events in one.steps:
                    counts.setdefault(time, [0.0] * len(bounds))[place] += events
            for time, row in counts.items():
                found.setdefault(time, []).append(Buckets(bounds, tuple(row)))
        return {time: added(parts) for time, parts in found.items()}


def observed(series: Iterable[Series], window: Window, lives: Lives) -> Observed:
    """Count the buckets of all series of a histogram.

    Raises:
        MalformedHistogramError: a histogram lacks its +Inf bucket, or counts what can't be counted.
    """
    children: dict[frozenset[tuple[str, str]], dict[float, list[Series]]] = {}
    for one in series:
        identity = frozenset((key, value) for key, value in one.labels.items() if key != "le")
        bound = parse_bound(one.labels.get("le", ""))
        children.setdefault(identity, {}).setdefault(bound, []).append(one)
    alike: dict[tuple[tuple[float, ...], Window], list[Child]] = {}
    for child in children.values():
        for part, counting in epochs(child, window):
            alike.setdefault((_bounds(part), counting), []).append(part)
    groups = tuple(
        (bounds, tuple(increase((s for part in group for s in part[at]), counting, lives) for at in bounds))
        for (bounds, counting), group in sorted(alike.items(), key=_by_bounds)
    )
    if any(one.strange for _, increases in groups for one in increases):
        raise MalformedHistogramError("its buckets hold NaN, Inf or less than 0")
    return Observed(groups)


def _by_bounds(item: tuple[tuple[tuple[float, ...], Window], object]) -> tuple[tuple[float, ...], float]:
    (bounds, counting), _ = item
    return bounds, counting.start


def _bounds(child: Mapping[float, object]) -> tuple[float, ...]:
    bounds = tuple(sorted(child))
    if bounds[-1] != inf:
        raise MalformedHistogramError("the +Inf bucket is missing")
    return bounds


def _monotonic(buckets: Buckets) -> Buckets:
    for low, high, bound in zip(buckets.counts, buckets.counts[1:], buckets.bounds[1:], strict=False):
        if high < low:
            raise MalformedHistogramError(f"bucket le={bound:g} holds {high:g}, fewer than the {low:g} below")
    return buckets
