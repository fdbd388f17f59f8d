"""Arrivals follow the rate: to within one for a constant schedule, on average for a Poisson one."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.profile.profile_models import Stage
from loadtests.schedule.pacing import arrivals, offered


def stage(seconds: float, rate: float, to: float | None = None) -> Stage:
    return Stage.model_construct(duration_seconds=seconds, rate=rate, to=to)


rates = st.floats(0, 200)
stages = st.lists(st.builds(stage, st.floats(0.1, 20), rates, st.none() | rates), min_size=1, max_size=4)

CASES = {
    "an even rate": ([stage(1, 4)], [0, 0.25, 0.5, 0.75]),
    "a ramp up from zero: t = sqrt(2 k / slope)": ([stage(2, 0, 2)], [0, 2**0.5]),
    "a ramp down": ([stage(2, 2, 0)], [0, 2 - 2**0.5]),
    "a pause between two stages": ([stage(1, 2), stage(1, 0), stage(1, 2)], [0, 0.5, 2, 2.5]),
    "stages that share an arrival's integral": ([stage(0.5, 1), stage(0.5, 3)], [0, 0.5 + 0.5 / 3]),
    "a rate of zero": ([stage(5, 0)], []),
    "an end that rounding would overstep": ([stage(3, 0.1 * 10)], [0, 1, 2]),
}


@pytest.mark.parametrize(("plan", "moments"), CASES.values(), ids=CASES)
def test_constant_arrivals(plan: list[Stage], moments: list[float]) -> None:
    assert list(arrivals(plan, "constant", 1)) == pytest.approx(moments)


@given(stages)
def test_a_constant_schedule_offers_the_integral_of_the_rate_to_within_one(plan: list[Stage]) -> None:
    moments = list(arrivals(plan, "constant", 1))
    end = sum(one.duration_seconds for one in plan)
    for share in (0.1, 0.37, 0.5, 0.99, 1.0):
        until = end * share
        assert abs(sum(moment <= until for moment in moments) - offered(plan, until)) <= 1 + 1e-6


@given(stages, st.sampled_from(["constant", "poisson"]), st.integers(0, 2**31))
def test_arrivals_ascend_inside_the_load(plan: list[Stage], kind: str, seed: int) -> None:
    moments = list(arrivals(plan, kind, seed))  # type: ignore[arg-type]
    end = sum(one.duration_seconds for one in plan)
    assert all(before <= after for before, after in pairwise(moments))
    assert all(0 <= moment <= end + 1e-9 for moment in moments)


@given(st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_arrivals(seed: int) -> None:
    plan = [stage(1, 50), stage(1, 50, 0)]
    assert list(arrivals(plan, "poisson", seed)) == list(arrivals(plan, "poisson", seed))


def test_poisson_gaps_are_exponential() -> None:
    """Mean 1/rate, variance 1/rate²; 10,000 gaps give both to within a few hundredths."""
    moments = list(arrivals([stage(100, 100)], "poisson", 42))
    gaps = [after - before for before, after in pairwise(moments)]
    assert len(moments) == pytest.approx(10_000, rel=0.03)
    assert fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert pvariance(gaps) == pytest.approx(0.0001, rel=0.08)


def test_poisson_arrivals_follow_a_ramp() -> None:
    """Of a ramp from zero, a quarter of the arrivals come in the first half."""
    moments = list(arrivals([stage(100, 0, 200)], "poisson", 42))
    assert sum(moment < 50 for moment in moments) / len(moments) == pytest.approx(0.25, abs=0.02)
