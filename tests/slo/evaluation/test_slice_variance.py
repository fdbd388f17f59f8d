"""The variance of sums over correlated slices: known values and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.evaluation.slice_variance import (
    count_frequencies,
    estimate_autocorrelation_time,
    estimate_independent_variance,
    estimate_long_run_variance,
)


@pytest.mark.parametrize(
    ("slice_count", "autocorrelation_time", "degrees"),
    [
        pytest.param(2, 1.0, 1, id="the smallest number of slices with a variance"),
        pytest.param(3, 1.0, 1, id="0.4 x 3^(2/3) = 0.8"),
        pytest.param(30, 1.0, 4, id="0.4 x 30^(2/3) = 3.86"),
        pytest.param(300, 1.0, 18, id="0.4 x 300^(2/3) = 17.9"),
        pytest.param(300, 10.0, 4, id="autocorrelation time 10: like 30 slices"),
        pytest.param(300, 300.0, 1, id="all slices correlated"),
    ],
)
def test_degrees_of_freedom(slice_count: int, autocorrelation_time: float, degrees: int) -> None:
    assert count_frequencies(slice_count, autocorrelation_time) == degrees


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_autocorrelation_time_of_a_first_order_autoregression(correlation: float) -> None:
    """It is (1 + r) / (1 - r) (Sokal)."""
    time = estimate_autocorrelation_time(make_autoregression(20_000, correlation))
    assert time == pytest.approx((1 + correlation) / (1 - correlation), rel=0.1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_variance_of_a_first_order_autoregression(correlation: float) -> None:
    """It is 1 / (1 - r)^2 for steps of variance 1: the spectrum at frequency zero."""
    variance, _ = estimate_long_run_variance(make_autoregression(20_000, correlation))
    assert variance == pytest.approx((1 - correlation) ** -2, rel=0.3)


def make_autoregression(number: int, correlation: float) -> np.ndarray:
    random = np.random.default_rng(1)
    values = np.zeros(number)
    for index, step in enumerate(random.standard_normal(number)):
        values[index] = correlation * values[index - 1] + step
    return np.asarray(values - values.mean())


def test_equal_slices_have_no_variance() -> None:
    assert estimate_long_run_variance(np.zeros(10)) == (0.0, 1.0)
    assert estimate_independent_variance(np.zeros(10)) == 0.0


def test_the_variance_of_independent_slices_is_the_sample_variance() -> None:
    assert estimate_independent_variance(np.array([-1.0, 0.0, 1.0])) == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), st.floats(0.001, 1000))
def test_the_variance_scales_with_the_square_of_the_unit(values: list[float], unit: float) -> None:
    deviations = np.asarray(values) - np.mean(values)
    variance, time = estimate_long_run_variance(deviations)
    scaled, _ = estimate_long_run_variance(deviations * unit)
    assert scaled == pytest.approx(variance * unit**2, rel=1e-3, abs=1e-9)
    assert time >= 1
