"""Confidence intervals of a ratio of events, for events that are correlated in time.

First, the variance of the ratio is estimated from its sums over consecutive slices of time
(:mod:`slo.evaluation.slice_variance`). Then the Clopper-Pearson interval (Biometrika 26, 1934) is computed
for the number of independent events that would have the same variance; it also holds for few events (E. Korn,
B. Graubard, Survey Methodology 24(2), 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log

import numpy as np

from slo.evaluation.slice_variance import (
    count_frequencies,
    estimate_independent_variance,
    estimate_long_run_variance,
)
from slo.model import Interval

DEFAULT_LEVEL = 0.95
"""Confidence level of the intervals in reports when the policy sets none."""
MIN_EVENTS_FOR_VARIANCE = 10
"""With fewer good or bad events the effective sample size is at most the number of events."""

MIN_VARIANCE_RATIO = 0.25
"""Lower limit of the variance, relative to that of independent events and that of independent slices.

With few frequencies the estimate can miss a burst by chance."""


def preload_scipy() -> None:
    """Import SciPy's special functions, which takes longer than a check; meant for a background thread."""
    import scipy.special  # noqa: F401, PLC0415


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """A ratio of good events, estimated from slices of time.

    ``good`` of ``total`` events in ``slice_count`` slices. ``variance`` of the ratio; ``None``: there is only
    one slice. ``independent_slice_variance``: the variance of the ratio if the slices were independent.
    ``autocorrelation_time``: how many slices carry as much information as one independent slice.
    """

    good: float
    total: float
    slice_count: int
    variance: float | None = None
    independent_slice_variance: float = 0.0
    autocorrelation_time: float = 1.0

    @property
    def ratio(self) -> float:
        """Share of good events."""
        return self.good / self.total

    @property
    def effective_sample_size(self) -> float | None:
        """Number of independent events with the same variance; all events, if all are good or all are bad."""
        if self.good in (0, self.total):
            return self.total
        if self.variance is None:
            return None
        return self.ratio * (1 - self.ratio) / max(self.variance, self.min_variance)

    @property
    def min_variance(self) -> float:
        """Lower limit of the variance of the ratio."""
        independent_events = self.ratio * (1 - self.ratio) / self.total
        return MIN_VARIANCE_RATIO * max(independent_events, self.independent_slice_variance)

    def scale(self, factor: float) -> RatioEstimate:
        """Return the estimate for a window ``factor`` times as long with the same ratio and correlation."""
        variance = None if self.variance is None else self.variance / factor
        slices = max(round(self.slice_count * factor), 1)
        good, total = self.good * factor, self.total * factor
        return RatioEstimate(
            good, total, slices, variance, self.independent_slice_variance / factor, self.autocorrelation_time
        )


def estimate_ratio(good: Sequence[float], total: Sequence[float]) -> RatioEstimate | None:
    """Estimate a ratio and its variance from the events of consecutive slices; ``None`` without events."""
    goods, totals = np.asarray(good, float), np.asarray(total, float)
    events, slice_count = float(totals.sum()), len(goods)
    if not events:
        return None
    estimate = RatioEstimate(float(goods.sum()), events, slice_count)
    if slice_count == 1:
        return estimate
    deviations, to_ratio = goods - estimate.ratio * totals, slice_count / events**2
    variance, autocorrelation_time = estimate_long_run_variance(deviations)
    independent = estimate_independent_variance(deviations)
    return replace(
        estimate,
        variance=variance * to_ratio,
        independent_slice_variance=independent * to_ratio,
        autocorrelation_time=autocorrelation_time,
    )


def compute_interval(estimate: RatioEstimate, level: float) -> Interval:
    """Return the confidence interval of the ratio of good events.

    If all events are good, or all are bad, the interval is one-sided and the whole error probability is on
    that side: 299 events without a bad one show 99 % at level 0.95. ``(0, 1)`` if there is only one slice.
    """
    if estimate.good == estimate.total:
        return Interval(float((1 - level) ** (1 / estimate.total)), 1.0)
    if not estimate.good:
        return Interval(0.0, float(1 - (1 - level) ** (1 / estimate.total)))
    if estimate.variance is None:
        return Interval(0.0, 1.0)
    return _compute_clopper_pearson(estimate.ratio, _adjust_sample_size(estimate, level), level)


def _adjust_sample_size(estimate: RatioEstimate, level: float) -> float:
    """Return the effective number of events, reduced because the variance is itself an estimate.

    Source: Korn and Graubard; the factor is the squared ratio of the normal quantile to Student's t quantile.
    The lower limit of the variance is not an estimate, so it is not adjusted.
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415 - see preload_scipy

    tail = (1 - level) / 2  # the lower tail: it stays above 0 for every level below 1
    degrees = count_frequencies(estimate.slice_count, estimate.autocorrelation_time)
    adjustment = float(ndtri(tail) / stdtrit(degrees, tail)) ** 2
    binomial = estimate.ratio * (1 - estimate.ratio)
    events = binomial / max((estimate.variance or 0.0) / adjustment, estimate.min_variance)
    has_few_events = min(estimate.good, estimate.total - estimate.good) < MIN_EVENTS_FOR_VARIANCE
    return min(events, estimate.total) if has_few_events else events


def _compute_clopper_pearson(ratio: float, events: float, level: float) -> Interval:
    from scipy.special import betaincinv  # noqa: PLC0415 - see preload_scipy

    good, bad, tail = ratio * events, (1 - ratio) * events, (1 - level) / 2
    return Interval(float(betaincinv(good, bad + 1, tail)), float(betaincinv(good + 1, bad, 1 - tail)))


# --- Required number of events ------------------------------------------------------------------

_MAX_SCALE_FACTOR = 1e6
"""Longest run to suggest, in lengths of this run; beyond it the ratio is too close to the target."""


def estimate_further_events(estimate: RatioEstimate, target: float, level: float) -> float | None:
    """Estimate how many more events at the same ratio would put the interval on one side of the target.

    Rounded up to two significant figures. ``None`` if more than :data:`_MAX_SCALE_FACTOR` times as many
    events would be needed, or if the variance is unknown.
    """
    if estimate.effective_sample_size is None or estimate.ratio == target:
        return None
    low, high = 1.0, 2.0
    while not _is_decided_after(estimate, high, target, level):
        low, high = high, 2 * high
        if high > _MAX_SCALE_FACTOR:
            return None
    while high / low > 1.01:  # noqa: PLR2004 - one per cent: two figures are shown
        middle = (low * high) ** 0.5
        low, high = (low, middle) if _is_decided_after(estimate, middle, target, level) else (middle, high)
    return _round_up_two_figures((high - 1) * estimate.total)


def _is_decided_after(estimate: RatioEstimate, factor: float, target: float, level: float) -> bool:
    return is_one_sided(compute_interval(estimate.scale(factor), level), target)


def is_one_sided(interval: Interval, target: float) -> bool:
    """Return whether the whole interval meets the target or the whole interval misses it."""
    return interval.low >= target or interval.high < target


def _round_up_two_figures(number: float) -> float:
    """Round up to two significant figures: 1,234 becomes 1,300."""
    step = 10 ** max(len(str(ceil(number))) - 2, 0)
    return float(ceil(number / step) * step)


def count_events_needed(target: float, level: float) -> int:
    """Return the fewest events, all good, that show a target at a confidence level: 299 for 99 % at 0.95.

    The smallest n with target^n <= 1 - level (rule of three; J. Hanley, A. Lippman-Hand, JAMA 249, 1983).
    """
    return ceil(log(1 - level) / log(target) - 1e-9)  # more than the rounding error of the logarithms


def compute_target_shown(events: float, level: float) -> float:
    """Return the highest target that this number of events shows at a confidence level if all are good."""
    return float((1 - level) ** (1 / events)) if events else 0.0
