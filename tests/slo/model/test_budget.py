"""Arithmetic of the error budget: exact fractions of the numbers that were written."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model.budget import (
    budget_spent,
    days_to_exhaustion,
    exact,
    meets,
    minimum_events,
    missed_whatever_unseen,
)

TARGETS = st.decimals(0, 1, places=6, allow_nan=False).map(float).filter(lambda target: 0 < target < 1)
COUNTS = st.integers(0, 10**9)

SPENT = {
    "no event, no bad one": (0, 0, 0.9, 0.0),
    "a bad event where nothing was allowed": (1, 0, 0.9, inf),
    "a third of what ten in a thousand allow": (1, 300, 0.99, pytest.approx(1 / 3)),
    "all of it, to the last event": (1, 1000, 0.999, 1.0),
}


@pytest.mark.parametrize("case", SPENT)
def test_the_share_of_the_budget_that_is_spent(case: str) -> None:
    bad, total, target, share = SPENT[case]
    assert budget_spent(bad, total, target) == share


@given(COUNTS, COUNTS, TARGETS)
def test_a_target_is_met_exactly_where_no_more_than_the_budget_is_spent(
    good: int, bad: int, target: float
) -> None:
    total = good + bad
    allowed = total * (1 - exact(target))
    assert meets(good, total, target) == (bad <= allowed)
    assert missed_whatever_unseen(bad, total, target) == (bad > allowed)
    if total:
        assert budget_spent(bad, total, target) == float(Fraction(bad) / allowed)


@given(TARGETS)
def test_the_fewest_events_allow_one_bad_one(target: float) -> None:
    assert minimum_events(target) * (1 - exact(target)) == 1


@pytest.mark.parametrize(("burn", "days"), [(0.0, None), (1.0, 28.0), (14.0, 2.0), (0.5, 56.0)])
def test_days_until_the_budget_of_four_weeks_is_gone(burn: float, days: float | None) -> None:
    assert days_to_exhaustion(burn, 28 * 86_400) == days
