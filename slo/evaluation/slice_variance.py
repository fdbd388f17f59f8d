"""Variance of sums over consecutive slices of time that are correlated with each other.

The equal-weighted cosine estimator (E. Lazarus, D. Lewis, J. Stock, M. Watson, HAR Inference: Recommendations
for Practice, Journal of Business & Economic Statistics 36(4), 2018) averages the power at the lowest
frequencies. With few frequencies the estimate is noisy; with many it includes frequencies at which the slices
are no longer correlated. Therefore the number of frequencies depends on the autocorrelation time.
"""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

_LAG_CUTOFF_FACTOR = 5
"""Last lag, in autocorrelation times: beyond it noise exceeds correlation (Sokal)."""


def count_frequencies(slice_count: int, autocorrelation_time: float = 1.0) -> int:
    """Return the number of frequencies, which is the degrees of freedom: 0.4 T^(2/3) (Lazarus et al.).

    T is the number of slices divided by their ``autocorrelation_time``, which is in slices.
    """
    return max(1, min(int(0.4 * (slice_count / autocorrelation_time) ** (2 / 3) + 0.5), slice_count - 1))


def estimate_autocorrelation_time(deviations: _Array) -> float:
    """Return the autocorrelation time in slices: 1 + 2 x the sum of the autocorrelations, at least 1.

    The sum ends at the first lag of at least five times the result (A. Sokal, Monte Carlo Methods in
    Statistical Mechanics, 1997). 1/T is added to each autocorrelation to correct the bias of deviations from
    the sample mean (F. Marriott, J. Pope, Bias in the Estimation of Autocorrelations, Biometrika 41, 1954).
    """
    slice_count, power = len(deviations), float(deviations @ deviations)
    if not power:
        return 1.0
    time = 1.0
    for lag in range(1, max(slice_count // 3, 1) + 1):
        time += 2 * (float(deviations[lag:] @ deviations[:-lag]) / power + 1 / slice_count)
        if lag >= _LAG_CUTOFF_FACTOR * time:
            break
    return max(time, 1.0)


def estimate_independent_variance(deviations: _Array) -> float:
    """Return the variance of a slice's deviation if the slices were independent."""
    return float(deviations @ deviations) / (len(deviations) - 1)


def estimate_long_run_variance(deviations: _Array) -> tuple[float, float]:
    """Return the long-run variance of a slice's deviation, and the autocorrelation time in slices.

    ``deviations`` from the mean, at least two. The variance is the greater of two estimates: one with the
    number of frequencies for independent slices, one with the number for this autocorrelation time. The time
    comes from the same slices, so by chance it is too short as often as the variance is too small.
    """
    slice_count, time = len(deviations), estimate_autocorrelation_time(deviations)
    frequency_count = count_frequencies(slice_count)
    positions = (np.arange(slice_count) + 0.5) / slice_count
    cosines = np.cos(pi * np.outer(np.arange(1, frequency_count + 1), positions))
    powers = (cosines @ deviations) ** 2 * 2 / slice_count
    estimates = (
        float(powers[:count].mean()) for count in (count_frequencies(slice_count, time), frequency_count)
    )
    return max(estimates), time
