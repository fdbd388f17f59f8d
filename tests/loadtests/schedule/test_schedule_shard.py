"""Shares of a schedule: together they are the whole, however it was dealt on the way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, chain, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.schedule.schedule_shard import WHOLE, Deal, Hand, counted

QUICK = settings(max_examples=50, deadline=None)
"""Machines that run tests are busy now and then."""
GAPS = st.lists(st.one_of(st.floats(0.001, 0.1), st.floats(1, 30)), max_size=60)
"""Between arrivals, in seconds: of high rates and of low ones."""
MOMENTS = GAPS.map(lambda gaps: list(accumulate(gaps)))
SHARES = st.integers(1, 5)
Taken = list[tuple[int, float]]


def walked(hand: Hand) -> Taken:
    return list(iter(hand.next, None))


@st.composite
def dealings(draw: st.DrawFn) -> tuple[list[tuple[float, int]], int]:
    """Deals for everybody: since when, among how many; and how many processes there are at most."""
    sizes = draw(st.lists(SHARES, min_size=1, max_size=5))
    since = sorted(draw(st.lists(st.floats(0, 60), min_size=len(sizes) - 1, max_size=len(sizes) - 1)))
    return list(zip([0.0, *since], sizes, strict=True)), max(sizes)


def deals_of(process: int, dealt: list[tuple[float, int]]) -> list[Deal]:
    return [Deal(since, process if process < shares else -1, shares) for since, shares in dealt]


@QUICK
@given(MOMENTS, dealings())
def test_the_shares_of_deals_known_from_the_start_are_the_whole(
    moments: list[float], dealing: tuple[list[tuple[float, int]], int]
) -> None:
    dealt, processes = dealing
    taken = [walked(Hand(moments, deals_of(one, dealt))) for one in range(processes)]
    assert sorted(chain(*taken)) == list(enumerate(moments))


def stepping(moments: list[float], deals: list[Deal], early: list[float]) -> Iterator[tuple[int, float]]:
    """Take a share as a process does: each new deal comes ``early`` seconds before it holds, at any arrival.

    An arrival is taken once its moment has come; the one after it may be looked at before a deal comes.
    """
    hand = Hand(moments, deals[:1])
    told = [(deal.since - ahead, deal) for deal, ahead in zip(deals[1:], early, strict=True)]
    told.sort(key=lambda one: one[1].since)
    following = hand.next()
    while True:
        while told and (following is None or told[0][0] <= following[1]):
            following = hand.deal(told.pop(0)[1])
        if following is None:
            return
        yield following
        following = hand.next()


@QUICK
@given(MOMENTS, dealings(), st.data())
def test_the_shares_of_deals_that_come_on_the_way_are_the_whole(
    moments: list[float], dealing: tuple[list[tuple[float, int]], int], data: st.DataObject
) -> None:
    dealt, processes = dealing
    lengths = st.lists(st.floats(0, 40), min_size=len(dealt) - 1, max_size=len(dealt) - 1)
    taken: Taken = []
    for process in range(processes):
        early = data.draw(lengths)  # each process hears of it at another moment
        taken += stepping(moments, deals_of(process, dealt), early)
    assert sorted(taken) == list(enumerate(moments))


def test_what_was_looked_at_is_dealt_by_the_deal_of_its_own_moment() -> None:
    hand = Hand([1.0, 5.0, 9.0], [Deal(0, 1, 2), Deal(4, 0, 3), Deal(8, 0, 2)])
    assert hand.next() == (2, 9.0)
    assert hand.deal(Deal(20, 0, 1)) == (2, 9.0)
    assert hand.next() is None


@QUICK
@given(MOMENTS, dealings(), st.floats(0, 100))
def test_counted_agrees_with_what_is_taken(
    moments: list[float], dealing: tuple[list[tuple[float, int]], int], until: float
) -> None:
    deals = deals_of(0, dealing[0])
    taken = [moment for _, moment in walked(Hand(moments, deals))]
    assert counted(moments, deals, until) == sum(moment < until for moment in taken)


def test_one_process_takes_everything() -> None:
    assert walked(Hand([0.0, 0.0, 2.0], WHOLE)) == [(0, 0.0), (1, 0.0), (2, 2.0)]
    assert walked(Hand()) == []


@QUICK
@given(MOMENTS, st.lists(st.integers(0, 60), max_size=20))
def test_dealing_the_same_again_changes_nothing(moments: list[float], places: list[int]) -> None:
    hand = Hand(moments, (Deal(0, 1, 3),))
    taken: Taken = []
    following = hand.next()
    while following is not None:
        for _ in range(places.count(len(taken))):
            following = hand.deal(Deal(0, 1, 3))
        if following is None:
            break
        taken.append(following)
        following = hand.next()
    assert taken == [one for one in enumerate(moments) if one[0] % 3 == 1]
    assert all(before < after for before, after in pairwise(taken))
