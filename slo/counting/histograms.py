"""Classic histograms: what their bucket counts prove about percentiles and thresholds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, isinf

from slo.counting.bucket_bounds import SeriesByBound, split_at_bound_changes
from slo.counting.counters import CounterIncrease, count_increase
from slo.model import Interval, MalformedHistogramError, Op, Series, Window, parse_bound, to_exact_fraction
from slo.scraping import RestartEvidence

_Bounds = tuple[float, ...]


# --- Bucket counts ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BucketCounts:
    """Cumulative counts of observations by bucket bound (``le``), ascending; the last bound is +Inf.

    At least ``counts[i]`` observations are at most ``bounds[i]``, and at most ``max_counts[i]`` are. Without
    ``max_counts``, the counts are exact; they differ where histograms with different bounds are merged.
    """

    bounds: _Bounds
    counts: tuple[float, ...]
    max_counts: tuple[float, ...] | None = None

    @property
    def total(self) -> float:
        """Number of observations."""
        return self.counts[-1] if self.counts else 0

    def count_at_most(self, threshold: float) -> Interval:
        """Return how many observations can be at or below a threshold; exact if it is a bucket bound."""
        index = bisect_left(self.bounds, threshold)
        if self.bounds[index] == threshold:
            return Interval(self.counts[index], self._max_count(index))
        return self.count_below(threshold)

    def count_below(self, threshold: float) -> Interval:
        """Return how many observations can be strictly below a threshold."""
        index = bisect_left(self.bounds, threshold)
        return Interval(self.counts[index - 1] if index else 0, self._max_count(index))

    def _max_count(self, index: int) -> float:
        return (self.max_counts or self.counts)[index]

    def count_good(self, op: Op, threshold: float) -> Interval:
        """Return how many observations can satisfy ``op threshold``, with the operator ``lte`` or ``lt``."""
        return self.count_at_most(threshold) if op is Op.LTE else self.count_below(threshold)


def merge_histograms(histograms: Sequence[BucketCounts]) -> BucketCounts:
    """Add up histograms; where bounds differ, count at each bound that any of them has."""
    if len(histograms) == 1:
        return histograms[0]
    bounds = tuple(sorted({bound for histogram in histograms for bound in histogram.bounds}))
    counts = [[histogram.count_at_most(bound) for histogram in histograms] for bound in bounds]
    fewest = tuple(sum(count.low for count in row) for row in counts)
    most = tuple(sum(count.high for count in row) for row in counts)
    return BucketCounts(bounds, fewest, None if most == fewest else most)


def _require_monotonic(buckets: BucketCounts) -> BucketCounts:
    for low, high, bound in zip(buckets.counts, buckets.counts[1:], buckets.bounds[1:], strict=False):
        if high < low:
            raise MalformedHistogramError(
                f"bucket le={bound:g} counts {high:g}, fewer than the {low:g} of the bucket below it"
            )
    return buckets


# --- Percentiles --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile from bucket counts: it lies in ``(lower, upper]``; ``point`` is interpolated between them.

    ``upper`` and ``point`` are ``None`` in the +Inf bucket, which has no upper bound.
    """

    lower: float
    upper: float | None
    point: float | None


def find_percentile(buckets: BucketCounts, quantile: float) -> Percentile | None:
    """Return the bucket that contains the observation of rank ceil(quantile x total), the nearest rank.

    The interval is proved by the buckets. The point is interpolated linearly inside it, as Prometheus's
    ``histogram_quantile`` does. ``None`` without observations.
    """
    if not buckets.total:
        return None
    rank = max(ceil(to_exact_fraction(quantile) * Fraction(buckets.total)), 1)
    first = bisect_left(buckets.max_counts or buckets.counts, rank)  # buckets below certainly contain fewer
    last = bisect_left(buckets.counts, rank)
    upper = buckets.bounds[last]
    lower = buckets.bounds[first - 1] if first else min(0.0, upper)
    if isinf(upper):
        return Percentile(lower, None, None)
    below = buckets.counts[first - 1] if first else 0
    share = (quantile * buckets.total - below) / (buckets.counts[last] - below)
    return Percentile(lower, upper, lower + (upper - lower) * min(max(share, 0.0), 1.0))


# --- Counting series ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HistogramIncrease:
    """Increases of all buckets of histograms in a window, grouped by equal bounds.

    ``groups`` are pairs of bounds and one increase for each bound. A histogram whose bounds change in the
    window is in several groups, each for a part of the window.
    """

    groups: tuple[tuple[_Bounds, tuple[CounterIncrease, ...]], ...]

    @property
    def return_count(self) -> int:
        """How often bucket series were missing and returned without proof of a restart."""
        return sum(increase.return_count for _, increases in self.groups for increase in increases)

    def count_buckets(self, subwindow: Window | None = None) -> BucketCounts:
        """Count the observations in each bucket over the window, or over a part of it, by sample times.

        Raises:
            MalformedHistogramError: a cumulative count is lower than that of the bucket below it.
        """
        return merge_histograms(
            [
                _require_monotonic(BucketCounts(bounds, _count_events(increases, subwindow)))
                for bounds, increases in self.groups
            ]
        )

    def count_buckets_by_scrape(self) -> dict[float, BucketCounts]:
        """Return the observations that each scrape added, by its time in Unix seconds."""
        parts: dict[float, list[BucketCounts]] = {}
        for bounds, increases in self.groups:
            counts_by_time: dict[float, list[float]] = {}
            for index, increase in enumerate(increases):
                for time, events in increase.increments_by_time:
                    counts_by_time.setdefault(time, [0.0] * len(bounds))[index] += events
            for time, counts in counts_by_time.items():
                parts.setdefault(time, []).append(BucketCounts(bounds, tuple(counts)))
        return {time: merge_histograms(histograms) for time, histograms in parts.items()}


def _count_events(increases: Iterable[CounterIncrease], subwindow: Window | None) -> tuple[float, ...]:
    if subwindow is None:
        return tuple(increase.events for increase in increases)
    return tuple(increase.count_within(subwindow) for increase in increases)


def count_histogram_increase(
    bucket_series: Iterable[Series], window: Window, restart_evidence: RestartEvidence
) -> HistogramIncrease:
    """Count the buckets of all series of a histogram metric.

    Raises:
        MalformedHistogramError: a histogram lacks its +Inf bucket, or its samples are invalid.
    """
    parts_by_bounds: dict[tuple[_Bounds, Window], list[SeriesByBound]] = {}
    for histogram in _group_by_histogram(bucket_series):
        for part, part_window in split_at_bound_changes(histogram, window):
            parts_by_bounds.setdefault((_sort_bounds(part), part_window), []).append(part)
    groups = tuple(
        (
            bounds,
            tuple(
                count_increase(
                    (series for part in parts for series in part[bound]), part_window, restart_evidence
                )
                for bound in bounds
            ),
        )
        for (bounds, part_window), parts in sorted(parts_by_bounds.items(), key=_sort_by_bounds_and_start)
    )
    if any(increase.invalid_series_count for _, increases in groups for increase in increases):
        raise MalformedHistogramError("its buckets contain NaN, Inf or negative values")
    return HistogramIncrease(groups)


def _group_by_histogram(bucket_series: Iterable[Series]) -> Iterable[SeriesByBound]:
    """Group bucket series by their labels other than ``le``, then by bound."""
    histograms: dict[frozenset[tuple[str, str]], dict[float, list[Series]]] = {}
    for series in bucket_series:
        labels = frozenset((key, value) for key, value in series.labels.items() if key != "le")
        bound = parse_bound(series.labels.get("le", ""))
        histograms.setdefault(labels, {}).setdefault(bound, []).append(series)
    return histograms.values()


def _sort_by_bounds_and_start(group: tuple[tuple[_Bounds, Window], object]) -> tuple[_Bounds, float]:
    (bounds, window), _ = group
    return bounds, window.start


def _sort_bounds(series_by_bound: Mapping[float, object]) -> _Bounds:
    bounds = tuple(sorted(series_by_bound))
    if bounds[-1] != inf:
        raise MalformedHistogramError("the +Inf bucket is missing")
    return bounds
