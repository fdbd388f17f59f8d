"""Intervals of a ratio: known figures, and what always holds."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slo.counting.histograms import Buckets
from slo.evaluation.binomial_intervals import events_to_show, further_events, interval, sampled, target_shown
from slo.evaluation.confidence import percentile_interval

SLICES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=40)
"""Good and bad events of slices."""

SHOWN = [(0.99, 299), (0.999, 2_995), (0.9999, 29_956)]


@given(st.floats(0.001, 0.99999), st.floats(0.5, 0.9999))
def test_no_fewer_events_show_it(target: float, level: float) -> None:
    events = events_to_show(target, level)
    assert target**events <= (1 - level) * (1 + 1e-7)
    assert target ** (events - 1) > (1 - level) * (1 - 1e-7)


def test_a_target_that_is_shown_to_the_last_digit() -> None:
    assert [events_to_show(0.5, level) for level in (0.5, 0.75, 0.875)] == [1, 2, 3]


@pytest.mark.parametrize(("target", "events"), SHOWN)
def test_so_many_good_events_show_a_target(target: float, events: int) -> None:
    assert events_to_show(target, 0.95) == events
    assert target_shown(events, 0.95) >= target > target_shown(events - 1, 0.95)


def bounds(good: list[float], total: list[float], level: float = 0.95) -> tuple[float, float]:
    seen = sampled(good, total)
    assert seen is not None
    return interval(seen, level)


def test_few_bad_events_evenly_spread_have_clopper_and_pearsons_interval() -> None:
    """For 5 of 1,000 it is 0.98837 to 0.99838, even where slices seem to vary less than chance would."""
    assert bounds([199, 199, 199, 199, 199], [200] * 5) == pytest.approx((0.98837, 0.99838), abs=1e-5)


def test_slices_too_even_for_chance_count_as_four_times_as_many_events_at_most() -> None:
    even = sampled([50.0] * 20, [100.0] * 20)
    assert even is not None
    assert even.independent == 4 * 2_000
    assert interval(even, 0.95) == pytest.approx((0.489, 0.511), abs=5e-4)


def test_as_sure_as_a_number_below_one_can_be_leaves_everything_open() -> None:
    low, high = bounds([9, 8, 10, 7, 10, 9, 10], [10] * 7, level=1 - 2**-53)
    assert low == pytest.approx(0)
    assert high == pytest.approx(1)


def test_nothing_is_known_of_one_slice() -> None:
    assert bounds([99], [100]) == (0, 1)


def test_no_events() -> None:
    assert sampled([], []) is None
    assert sampled([0], [0]) is None


def test_a_burst_is_wider_than_the_same_failures_spread() -> None:
    spread = bounds([98, 99, 97, 98, 98, 98], [100] * 6)
    burst = bounds([100, 100, 88, 100, 100, 100], [100] * 6)
    assert burst[0] < spread[0]
    assert spread[1] < burst[1]


@pytest.mark.parametrize("slices", range(3, 12))
def test_a_burst_is_seen_wherever_it_is(slices: int) -> None:
    """A single wave is zero in the middle, and sees nothing of a burst there."""
    for place in range(slices):
        good = [1000.0] * slices
        good[place] = 900.0
        low, high = bounds(good, [1000.0] * slices)
        even_low, even_high = bounds([1000 - 100 / slices] * slices, [1000.0] * slices)
        assert high - low > 2 * (even_high - even_low), place


@given(SLICES, st.sampled_from([0.8, 0.9, 0.95]))
def test_the_interval_holds_the_ratio_and_grows_with_the_level(
    slices: list[tuple[int, int]], level: float
) -> None:
    good, total = [float(g) for g, _ in slices], [float(g + b) for g, b in slices]
    seen = sampled(good, total)
    assume(seen is not None)
    assert seen is not None
    low, high = interval(seen, level)
    assert 0 <= low <= seen.ratio <= high <= 1
    wider = interval(seen, 0.99)
    assert wider[0] <= low
    assert wider[1] >= high


@given(SLICES)
def test_good_and_bad_mirror_each_other(slices: list[tuple[int, int]]) -> None:
    total = [float(g + b) for g, b in slices]
    assume(sum(total) > 0)
    low, high = bounds([float(g) for g, _ in slices], total)
    mirrored = bounds([float(b) for _, b in slices], total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-6)


@given(SLICES, st.floats(0.05, 0.95))
def test_so_many_further_events_put_it_on_one_side(slices: list[tuple[int, int]], target: float) -> None:
    seen = sampled([float(g) for g, _ in slices], [float(g + b) for g, b in slices])
    assume(seen is not None)
    assert seen is not None
    more = further_events(seen, target, 0.95)
    assume(more is not None)
    assert more is not None
    times = 1 + more / seen.total
    low, high = interval(seen.times(times), 0.95)
    assert low >= target or high < target


def test_a_percentile_lies_above_the_bounds_that_too_few_events_reach() -> None:
    slices = [
        Buckets((0.1, 0.2, 0.5, float("inf")), (n, 90.0, 99.0, 100.0)) for n in [50.0, 52.0, 48.0, 50.0] * 10
    ]
    assert percentile_interval(slices, 0.95, 0.95) == (0.2, 0.5)
    assert percentile_interval(slices, 0.999, 0.95) == (0.5, None)
