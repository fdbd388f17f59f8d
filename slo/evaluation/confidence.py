"""Confidence intervals of an objective: of its ratio of good events and of its percentile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, isinf

from slo.counting import BucketCounts, SlicedEvents, count_with_edges, list_slice_counts
from slo.evaluation.binomial_intervals import (
    DEFAULT_LEVEL,
    RatioEstimate,
    compute_interval,
    compute_target_shown,
    estimate_further_events,
    estimate_ratio,
    is_one_sided,
)
from slo.model import Interval, Intervals, MeasuredValue, ObjectiveVerdict, Policy, meets_target


def add_intervals(verdict: ObjectiveVerdict, events: SlicedEvents, policy: Policy) -> ObjectiveVerdict:
    """Return the verdict with its intervals, at the policy's level or else at :data:`DEFAULT_LEVEL`."""
    level = policy.confidence or DEFAULT_LEVEL
    intervals = compute_intervals(events, verdict.target, level)
    if intervals is None:
        return verdict
    return replace(verdict, intervals=intervals, measured=_add_percentile_interval(verdict, events, level))


def compute_intervals(events: SlicedEvents, target: float, level: float) -> Intervals | None:
    """Return the intervals of a ratio of good events; ``None`` without events."""
    lowest, highest = (estimate_ratio(*list_slice_counts(events.slices, index)) for index in (0, 1))
    if lowest is None or highest is None:
        return None
    sampling = Interval(compute_interval(lowest, level).low, compute_interval(highest, level).high)
    edges, combined = None, sampling
    if events.edges:
        edges, with_edges = _compute_edge_intervals(lowest, highest, events, level)
        combined = Interval(min(with_edges.low, sampling.low), max(with_edges.high, sampling.high))
    nearest = lowest if meets_target(lowest.good, lowest.total, target) else highest
    further_events = (
        None if is_one_sided(sampling, target) else estimate_further_events(nearest, target, level)
    )
    return Intervals(
        level=level,
        bucket=Interval(lowest.ratio, highest.ratio),
        sampling=sampling,
        combined=combined,
        slices=lowest.slice_count,
        target_shown=compute_target_shown(lowest.total, level),
        edges=edges,
        independent_events=nearest.effective_sample_size,
        further_events=further_events,
    )


def _compute_edge_intervals(
    lowest: RatioEstimate, highest: RatioEstimate, events: SlicedEvents, level: float
) -> tuple[Interval, Interval]:
    """Return where the ratio can lie if events at the window's edges are left out: observed, and sampling.

    The variance is that of the whole window. If no events remain, the ratio can have any value.
    """
    worst, best = _leave_out_edges(lowest, events, 0), _leave_out_edges(highest, events, 1)
    observed = Interval(worst.ratio if worst else 0.0, best.ratio if best else 1.0)
    return observed, Interval(
        compute_interval(worst, level).low if worst else 0.0,
        compute_interval(best, level).high if best else 1.0,
    )


def _leave_out_edges(estimate: RatioEstimate, events: SlicedEvents, bound_index: int) -> RatioEstimate | None:
    """Return the estimate with the edges' events at their worst (0) or best (1); ``None`` without events."""
    good, total = count_with_edges(events.slices, events.edges or (), bound_index)
    return replace(estimate, good=good, total=total) if total else None


# --- Percentiles --------------------------------------------------------------------------------


def _add_percentile_interval(
    verdict: ObjectiveVerdict, events: SlicedEvents, level: float
) -> MeasuredValue | None:
    measured = verdict.measured
    if measured is None or measured.quantile is None or not events.buckets:
        return measured
    return replace(measured, sampling=compute_percentile_interval(events.buckets, measured.quantile, level))


def compute_percentile_interval(
    slices: Sequence[BucketCounts], quantile: float, level: float
) -> tuple[float | None, float | None]:
    """Return the confidence interval of a percentile, in bucket bounds.

    It inverts the interval of the share of events at or below each bound (R. Woodruff, Confidence Intervals
    for Medians and Other Position Measures, Journal of the American Statistical Association 47, 1952).
    ``None`` instead of a bound: the percentile can lie below the lowest, or above the highest finite bound.
    """
    lower, upper = None, None
    for bound, share in _compute_bucket_shares(slices, level):
        if share.high < quantile:
            lower = bound
        if share.low >= quantile and upper is None and not isinf(bound):
            upper = bound
    return lower, upper


def _compute_bucket_shares(slices: Sequence[BucketCounts], level: float) -> Iterator[tuple[float, Interval]]:
    """Yield each finite bucket bound with the interval of the share of events at or below it."""
    slices = [buckets for buckets in slices if buckets.total]
    totals = [buckets.total for buckets in slices]
    for bound in sorted({bound for buckets in slices for bound in buckets.bounds if bound < inf}):
        counts = [buckets.count_at_most(bound) for buckets in slices]
        lowest = estimate_ratio([low for low, _ in counts], totals)
        highest = estimate_ratio([high for _, high in counts], totals)
        if lowest and highest:
            low, high = compute_interval(lowest, level).low, compute_interval(highest, level).high
            yield bound, Interval(low, high)
