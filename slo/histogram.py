"""Classic histograms: what their bucket counts prove about percentiles and thresholds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, isinf

from slo.budget import exact
from slo.counters import Increase, Instance, increase
from slo.model import Op, Series, Window


class MalformedHistogramError(ValueError):
    """Bucket series that are no histogram; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Cumulative counts of observations: ``counts[i]`` are at most ``bounds[i]``; the last bound is +Inf."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        """Number of observations."""
        return self.counts[-1] if self.counts else 0

    def at_most(self, threshold: float) -> tuple[float, float]:
        """Fewest and most observations that can be at or below a threshold; equal when it is a bound."""
        place = bisect_left(self.bounds, threshold)
        if self.bounds[place] == threshold:
            return self.counts[place], self.counts[place]
        return (self.counts[place - 1] if place else 0), self.counts[place]

    def below(self, threshold: float) -> tuple[float, float]:
        """Fewest and most observations that can be strictly below a threshold."""
        place = bisect_left(self.bounds, threshold)
        return (self.counts[place - 1] if place else 0), self.counts[place]

    def good(self, op: Op, threshold: float) -> tuple[float, float]:
        """Fewest and most observations for which ``observation op threshold`` can hold."""
        if op in {Op.LTE, Op.LT}:
            return self.at_most(threshold) if op is Op.LTE else self.below(threshold)
        low, high = self.at_most(threshold) if op is Op.GT else self.below(threshold)
        return self.total - high, self.total - low


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
    place = bisect_left(buckets.counts, rank)
    upper = buckets.bounds[place]
    below = buckets.counts[place - 1] if place else 0
    lower = buckets.bounds[place - 1] if place else min(0.0, upper)
    if isinf(upper):
        return Percentile(lower, None, None)
    share = (quantile * buckets.total - below) / (buckets.counts[place] - below)
    return Percentile(lower, upper, lower + (upper - lower) * min(max(share, 0.0), 1.0))


def parse_bound(text: str) -> float:
    """Read an ``le`` label, however it is written (``0.5``, ``5e-1``, ``+Inf``).

    Raises:
        MalformedHistogramError: it is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise MalformedHistogramError(f"bucket bound le={text!r} is not a number") from None


@dataclass(frozen=True, slots=True)
class Observed:
    """What the series of one histogram counted in a window, bucket by bucket."""

    bounds: tuple[float, ...]
    increases: tuple[Increase, ...]

    def buckets(self, part: Window | None = None) -> Buckets:
        """Sum the buckets over the window, or over a part of it, by sample times.

        Raises:
            MalformedHistogramError: cumulative counts fall.
        """
        counts = (one.within(part) if part else one.events for one in self.increases)
        return _monotonic(Buckets(self.bounds, tuple(counts)))


def observed(
    series: Iterable[Series], window: Window, scrapes: Mapping[Instance, Sequence[float]]
) -> Observed:
    """Count the buckets of all series of a histogram.

    Raises:
        MalformedHistogramError: a histogram lacks its +Inf bucket, or two histograms have different bounds.
    """
    children: dict[frozenset[tuple[str, str]], dict[float, list[Series]]] = {}
    for one in series:
        identity = frozenset((key, value) for key, value in one.labels.items() if key != "le")
        bound = parse_bound(one.labels.get("le", ""))
        children.setdefault(identity, {}).setdefault(bound, []).append(one)
    bounds = _shared_bounds(children.values())
    increases = (
        increase((s for child in children.values() for s in child[bound]), window, scrapes)
        for bound in bounds
    )
    return Observed(bounds, tuple(increases))


def _shared_bounds(children: Iterable[Mapping[float, object]]) -> tuple[float, ...]:
    different = {tuple(sorted(child)) for child in children}
    if len(different) > 1:
        shown = " and ".join(str(list(bounds)) for bounds in sorted(different)[:2])
        raise MalformedHistogramError(f"histograms with different bucket bounds: {shown}")
    bounds = different.pop() if different else ()
    if bounds and bounds[-1] != inf:
        raise MalformedHistogramError("the +Inf bucket is missing")
    return bounds


def _monotonic(buckets: Buckets) -> Buckets:
    for low, high, bound in zip(buckets.counts, buckets.counts[1:], buckets.bounds[1:], strict=False):
        if high < low:
            raise MalformedHistogramError(f"bucket le={bound:g} holds {high:g}, fewer than the {low:g} below")
    return buckets
