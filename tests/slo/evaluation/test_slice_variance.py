"""The variance of sums over slices that are alike: known figures, and what always holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.evaluation.slice_variance import (
    autocorrelation_time,
    frequencies,
    independent_variance,
    long_run_variance,
)


@pytest.mark.parametrize(
    ("slices", "alike", "degrees"),
    [
        pytest.param(2, 1.0, 1, id="the least that vary"),
        pytest.param(3, 1.0, 1, id="0.4 x 3^(2/3) = 0.8"),
        pytest.param(30, 1.0, 4, id="0.4 x 30^(2/3) = 3.86"),
        pytest.param(300, 1.0, 18, id="0.4 x 300^(2/3) = 17.9"),
        pytest.param(300, 10.0, 4, id="ten of 300 are worth one: as of 30"),
        pytest.param(300, 300.0, 1, id="all alike"),
    ],
)
def test_degrees_of_freedom(slices: int, alike: float, degrees: int) -> None:
    assert frequencies(slices, alike) == degrees


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_autocorrelation_time_of_a_first_order_autoregression(correlation: float) -> None:
    """(1 + r) / (1 - r) (Sokal)."""
    found = autocorrelation_time(autoregression(20_000, correlation))
    assert found == pytest.approx((1 + correlation) / (1 - correlation), rel=0.1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_variance_of_a_first_order_autoregression(correlation: float) -> None:
    """1 / (1 - r)^2 for steps of variance 1: its spectrum at frequency zero."""
    found, _ = long_run_variance(autoregression(20_000, correlation))
    assert found == pytest.approx((1 - correlation) ** -2, rel=0.3)


def autoregression(number: int, correlation: float) -> np.ndarray:
    random = np.random.default_rng(1)
    values = np.zeros(number)
    for place, step in enumerate(random.standard_normal(number)):
        values[place] = correlation * values[place - 1] + step
    return np.asarray(values - values.mean())


def test_slices_that_do_not_differ_do_not_vary() -> None:
    assert long_run_variance(np.zeros(10)) == (0.0, 1.0)
    assert independent_variance(np.zeros(10)) == 0.0


def test_the_variance_of_independent_slices_is_that_of_a_sample() -> None:
    assert independent_variance(np.array([-1.0, 0.0, 1.0])) == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), st.floats(0.001, 1000))
def test_it_grows_with_the_square_of_the_unit(values: list[float], unit: float) -> None:
    deviations = np.asarray(values) - np.mean(values)
    variance, alike = long_run_variance(deviations)
    scaled, _ = long_run_variance(deviations * unit)
    assert scaled == pytest.approx(variance * unit**2, rel=1e-3, abs=1e-9)
    assert alike >= 1
