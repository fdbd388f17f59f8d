"""Arrivals follow the rate: to within one arrival for constant arrivals, on average for Poisson arrivals."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.profile import Stage
from loadtests.schedule.pacing import count_expected_arrivals, generate_arrivals


def make_stage(seconds: float, rate: float, to: float | None = None) -> Stage:
    return Stage.model_construct(duration_seconds=seconds, rate=rate, to=to)


rates = st.floats(0, 200)
stages = st.lists(st.builds(make_stage, st.floats(0.1, 20), rates, st.none() | rates), min_size=1, max_size=4)

CASES = {
    "a constant rate": ([make_stage(1, 4)], [0, 0.25, 0.5, 0.75]),
    "a ramp up from zero: t = sqrt(2 k / slope)": ([make_stage(2, 0, 2)], [0, 2**0.5]),
    "a ramp down": ([make_stage(2, 2, 0)], [0, 2 - 2**0.5]),
    "a stage of rate zero between two stages": (
        [make_stage(1, 2), make_stage(1, 0), make_stage(1, 2)],
        [0, 0.5, 2, 2.5],
    ),
    "an arrival whose integral spans two stages": (
        [make_stage(0.5, 1), make_stage(0.5, 3)],
        [0, 0.5 + 0.5 / 3],
    ),
    "a rate of zero": ([make_stage(5, 0)], []),
    "an end that a rounding error would pass": ([make_stage(3, 0.1 * 10)], [0, 1, 2]),
}


@pytest.mark.parametrize(("plan", "times"), CASES.values(), ids=CASES)
def test_constant_arrivals_are_at_these_times(plan: list[Stage], times: list[float]) -> None:
    assert list(generate_arrivals(plan, "constant", 1)) == pytest.approx(times)


@given(stages)
def test_constant_arrivals_match_the_integral_of_the_rate_to_within_one(plan: list[Stage]) -> None:
    times = list(generate_arrivals(plan, "constant", 1))
    end = sum(stage.duration_seconds for stage in plan)
    for fraction in (0.1, 0.37, 0.5, 0.99, 1.0):
        until = end * fraction
        assert abs(sum(time <= until for time in times) - count_expected_arrivals(plan, until)) <= 1 + 1e-6


@given(stages, st.sampled_from(["constant", "poisson"]), st.integers(0, 2**31))
def test_arrivals_ascend_inside_the_load(plan: list[Stage], kind: str, seed: int) -> None:
    times = list(generate_arrivals(plan, kind, seed))  # type: ignore[arg-type]
    end = sum(stage.duration_seconds for stage in plan)
    assert all(before <= after for before, after in pairwise(times))
    assert all(0 <= time <= end + 1e-9 for time in times)


@given(st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_arrivals(seed: int) -> None:
    plan = [make_stage(1, 50), make_stage(1, 50, 0)]
    assert list(generate_arrivals(plan, "poisson", seed)) == list(generate_arrivals(plan, "poisson", seed))


def test_poisson_gaps_are_exponential() -> None:
    """Mean 1/rate, variance 1/rate²; 10,000 gaps estimate both to within a few percent."""
    times = list(generate_arrivals([make_stage(100, 100)], "poisson", 42))
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) == pytest.approx(10_000, rel=0.03)
    assert fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert pvariance(gaps) == pytest.approx(0.0001, rel=0.08)


def test_poisson_arrivals_follow_a_ramp() -> None:
    """In a ramp from zero, a quarter of the arrivals are in the first half."""
    times = list(generate_arrivals([make_stage(100, 0, 200)], "poisson", 42))
    assert sum(time < 50 for time in times) / len(times) == pytest.approx(0.25, abs=0.02)
