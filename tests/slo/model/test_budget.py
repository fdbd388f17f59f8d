"""Error budget arithmetic on the exact decimal values of targets."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model.budget import (
    calculate_budget_spent,
    calculate_days_to_exhaustion,
    calculate_minimum_events,
    is_certainly_missed,
    meets_target,
    to_exact_fraction,
)

TARGETS = st.decimals(0, 1, places=6, allow_nan=False).map(float).filter(lambda target: 0 < target < 1)
COUNTS = st.integers(0, 10**9)

SPENT = {
    "no events": (0, 0, 0.9, 0.0),
    "a bad event without a budget": (1, 0, 0.9, inf),
    "a third of the budget": (1, 300, 0.99, pytest.approx(1 / 3)),
    "exactly the whole budget": (1, 1000, 0.999, 1.0),
}


@pytest.mark.parametrize("case", SPENT)
def test_budget_spent_is_a_share_of_the_allowed_events(case: str) -> None:
    bad, total, target, share = SPENT[case]
    assert calculate_budget_spent(bad, total, target) == share


@given(COUNTS, COUNTS, TARGETS)
def test_a_target_is_met_iff_at_most_the_budget_is_spent(good: int, bad: int, target: float) -> None:
    total = good + bad
    allowed = total * (1 - to_exact_fraction(target))
    assert meets_target(good, total, target) == (bad <= allowed)
    assert is_certainly_missed(bad, total, target) == (bad > allowed)
    if total:
        assert calculate_budget_spent(bad, total, target) == float(Fraction(bad) / allowed)


@given(TARGETS)
def test_the_budget_of_the_minimum_events_is_one_bad_event(target: float) -> None:
    assert calculate_minimum_events(target) * (1 - to_exact_fraction(target)) == 1


@pytest.mark.parametrize(("burn_rate", "days"), [(0.0, None), (1.0, 28.0), (14.0, 2.0), (0.5, 56.0)])
def test_days_until_the_budget_of_four_weeks_is_spent(burn_rate: float, days: float | None) -> None:
    assert calculate_days_to_exhaustion(burn_rate, 28 * 86_400) == days
