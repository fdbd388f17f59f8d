"""Confidence intervals of a ratio: known values and properties."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slo.counting import BucketCounts
from slo.evaluation.binomial_intervals import (
    compute_interval,
    compute_target_shown,
    count_events_needed,
    estimate_further_events,
    estimate_ratio,
)
from slo.evaluation.confidence import compute_percentile_interval
from slo.model import Interval

SLICES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=40)
"""Good and bad events of slices."""

SHOWN = [(0.99, 299), (0.999, 2_995), (0.9999, 29_956)]


@given(st.floats(0.001, 0.99999), st.floats(0.5, 0.9999))
def test_fewer_events_do_not_show_the_target(target: float, level: float) -> None:
    events = count_events_needed(target, level)
    assert target**events <= (1 - level) * (1 + 1e-7)
    assert target ** (events - 1) > (1 - level) * (1 - 1e-7)


def test_targets_that_are_shown_exactly() -> None:
    assert [count_events_needed(0.5, level) for level in (0.5, 0.75, 0.875)] == [1, 2, 3]


@pytest.mark.parametrize(("target", "events"), SHOWN)
def test_the_number_of_good_events_that_show_a_target(target: float, events: int) -> None:
    assert count_events_needed(target, 0.95) == events
    assert compute_target_shown(events, 0.95) >= target > compute_target_shown(events - 1, 0.95)


def interval_of(good: list[float], total: list[float], level: float = 0.95) -> Interval:
    estimate = estimate_ratio(good, total)
    assert estimate is not None
    return compute_interval(estimate, level)


def test_few_bad_events_evenly_spread_have_the_clopper_pearson_interval() -> None:
    """For 5 of 1,000 it is 0.98837 to 0.99838, although the slices vary less than independent events."""
    assert interval_of([199, 199, 199, 199, 199], [200] * 5) == pytest.approx((0.98837, 0.99838), abs=1e-5)


def test_very_even_slices_count_as_at_most_four_times_as_many_events() -> None:
    even = estimate_ratio([50.0] * 20, [100.0] * 20)
    assert even is not None
    assert even.effective_sample_size == 4 * 2_000
    assert compute_interval(even, 0.95) == pytest.approx((0.489, 0.511), abs=5e-4)


def test_the_highest_level_below_one_gives_the_whole_range() -> None:
    low, high = interval_of([9, 8, 10, 7, 10, 9, 10], [10] * 7, level=1 - 2**-53)
    assert low == pytest.approx(0)
    assert high == pytest.approx(1)


def test_a_single_slice_gives_the_whole_range() -> None:
    assert interval_of([99], [100]) == (0, 1)


def test_no_events() -> None:
    assert estimate_ratio([], []) is None
    assert estimate_ratio([0], [0]) is None


def test_a_burst_gives_a_wider_interval_than_evenly_spread_failures() -> None:
    spread = interval_of([98, 99, 97, 98, 98, 98], [100] * 6)
    burst = interval_of([100, 100, 88, 100, 100, 100], [100] * 6)
    assert burst.low < spread.low
    assert spread.high < burst.high


@pytest.mark.parametrize("slice_count", range(3, 12))
def test_a_burst_widens_the_interval_wherever_it_is(slice_count: int) -> None:
    """A single frequency would miss a burst in the middle, where its cosine is zero."""
    for index in range(slice_count):
        good = [1000.0] * slice_count
        good[index] = 900.0
        burst = interval_of(good, [1000.0] * slice_count)
        even = interval_of([1000 - 100 / slice_count] * slice_count, [1000.0] * slice_count)
        assert burst.high - burst.low > 2 * (even.high - even.low), index


@given(SLICES, st.sampled_from([0.8, 0.9, 0.95]))
def test_the_interval_contains_the_ratio_and_grows_with_the_level(
    slices: list[tuple[int, int]], level: float
) -> None:
    good, total = [float(g) for g, _ in slices], [float(g + b) for g, b in slices]
    estimate = estimate_ratio(good, total)
    assume(estimate is not None)
    assert estimate is not None
    low, high = compute_interval(estimate, level)
    assert 0 <= low <= estimate.ratio <= high <= 1
    wider = compute_interval(estimate, 0.99)
    assert wider.low <= low
    assert wider.high >= high


@given(SLICES)
def test_the_interval_of_bad_events_mirrors_that_of_good_events(slices: list[tuple[int, int]]) -> None:
    total = [float(g + b) for g, b in slices]
    assume(sum(total) > 0)
    low, high = interval_of([float(g) for g, _ in slices], total)
    mirrored = interval_of([float(b) for _, b in slices], total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-6)


@given(SLICES, st.floats(0.05, 0.95))
def test_the_further_events_put_the_interval_on_one_side(
    slices: list[tuple[int, int]], target: float
) -> None:
    estimate = estimate_ratio([float(g) for g, _ in slices], [float(g + b) for g, b in slices])
    assume(estimate is not None)
    assert estimate is not None
    further = estimate_further_events(estimate, target, 0.95)
    assume(further is not None)
    assert further is not None
    factor = 1 + further / estimate.total
    low, high = compute_interval(estimate.scale(factor), 0.95)
    assert low >= target or high < target


def test_the_confidence_interval_of_a_percentile() -> None:
    slices = [
        BucketCounts((0.1, 0.2, 0.5, float("inf")), (n, 90.0, 99.0, 100.0))
        for n in [50.0, 52.0, 48.0, 50.0] * 10
    ]
    assert compute_percentile_interval(slices, 0.95, 0.95) == (0.2, 0.5)
    assert compute_percentile_interval(slices, 0.999, 0.95) == (0.5, None)
