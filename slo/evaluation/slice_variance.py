"""How much a sum over slices of time varies, where slices near each other are alike.

The equal-weighted cosine estimator (E. Lazarus, D. Lewis, J. Stock, M. Watson, HAR Inference: Recommendations
for Practice, Journal of Business & Economic Statistics 36(4), 2018) averages the strength of the slowest
waves. How many it takes is a compromise: few tell little, many look at waves faster than what is alike. So
slices that are alike count as the fewer they are worth.
"""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

_ENOUGH_LAGS = 5
"""Times the autocorrelation time: lags beyond it hold more noise than correlation (Sokal)."""


def frequencies(slices: int, alike: float = 1.0) -> int:
    """Give how many waves tell the variance, which are its degrees of freedom: 0.4 T^(2/3), by the source.

    ``alike``: the autocorrelation time in slices, by which T is divided.
    """
    return max(1, min(int(0.4 * (slices / alike) ** (2 / 3) + 0.5), slices - 1))


def autocorrelation_time(deviations: _Array) -> float:
    """Give how many slices are worth one independent slice: 1 + 2 x the sum of their autocorrelations.

    Summed up to the first lag of five times the result (A. Sokal, Monte Carlo Methods in Statistical
    Mechanics, 1997), each with the 1/T that deviations from their own mean take off it (F. Marriott, J. Pope,
    Bias in the Estimation of Autocorrelations, Biometrika 41, 1954). At least 1.
    """
    number, power = len(deviations), float(deviations @ deviations)
    if not power:
        return 1.0
    time = 1.0
    for lag in range(1, max(number // 3, 1) + 1):
        time += 2 * (float(deviations[lag:] @ deviations[:-lag]) / power + 1 / number)
        if lag >= _ENOUGH_LAGS * time:
            break
    return max(time, 1.0)


def independent_variance(deviations: _Array) -> float:
    """Give the variance of a slice's deviation were each slice independent of the others."""
    return float(deviations @ deviations) / (len(deviations) - 1)


def long_run_variance(deviations: _Array) -> tuple[float, float]:
    """Give the variance of a slice's deviation, less or more for what is alike, and the autocorrelation time.

    ``deviations`` from the mean, at least two. The greater of the estimates with as many waves as were
    right for independent slices and as many as are for slices so alike: the time is learnt from the same
    slices, and is by luck too short as often as the variance is too small.
    """
    number, time = len(deviations), autocorrelation_time(deviations)
    most = frequencies(number)
    moments = (np.arange(number) + 0.5) / number
    strengths = (np.cos(pi * np.outer(np.arange(1, most + 1), moments)) @ deviations) ** 2 * 2 / number
    estimates = (float(strengths[:few].mean()) for few in (frequencies(number, time), most))
    return max(estimates), time
