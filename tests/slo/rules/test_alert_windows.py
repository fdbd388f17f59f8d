"""Burn rates and windows of the alerts, and how rules write numbers and durations."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import SUPPORTED_WINDOW_DAYS, build_window_pairs, format_decimal, format_duration


@given(st.sampled_from(SUPPORTED_WINDOW_DAYS[1:]))
def test_a_longer_window_never_alerts_at_a_lower_burn_rate(days: int) -> None:
    for shorter, longer in zip(build_window_pairs(days - 1), build_window_pairs(days), strict=True):
        assert longer.burn_rate >= shorter.burn_rate >= 1


@given(st.decimals(min_value="0.000001", max_value="0.999999", places=6))
def test_a_decimal_is_written_exactly(number: object) -> None:
    exact = Fraction(str(number))
    assert Fraction(format_decimal(exact)) == exact
    assert "e" not in format_decimal(exact)


def test_a_fraction_without_a_finite_decimal_is_refused() -> None:
    with pytest.raises(ValueError, match="no finite decimal"):
        format_decimal(Fraction(1, 3))


BURN_RATES = {
    7: "13.44 3.5 1.4 1",
    10: "13.44 3.5 1.4 1",
    14: "13.44 3.5 1.4 1",
    21: "13.44 4.2 2.1 1",
    28: "13.44 5.6 2.8 1",
    30: "14.4 6 3 1",
    90: "43.2 18 9 3",
}


@pytest.mark.parametrize(("days", "rates"), BURN_RATES.items())
def test_burn_rates_spend_the_cited_share_of_the_budget(days: int, rates: str) -> None:
    assert " ".join(format_decimal(pair.burn_rate) for pair in build_window_pairs(days)) == rates


def test_windows_are_written_as_prometheus_writes_them() -> None:
    assert [format_duration(days * 86_400) for days in BURN_RATES] == [
        *("1w", "10d", "2w", "3w", "4w", "30d", "90d")
    ]
