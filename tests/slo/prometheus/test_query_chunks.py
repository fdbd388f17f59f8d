"""Long windows, asked for piece by piece, are the same as in one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import Series
from slo.prometheus.query_chunks import PIECE_SECONDS, Joined, pieces

STEP = 900.0
CLOSED = {"Prometheus 2 gives the sample at a piece's start": True, "Prometheus 3 does not": False}


@given(st.integers(0, 2 * 10**9), st.integers(1, 5 * int(PIECE_SECONDS)))
def test_pieces_cover_the_stretch_without_gap_or_overlap(start: int, seconds: int) -> None:
    found = list(pieces(start, start + seconds))
    assert (found[0][0], found[-1][1]) == (start, start + seconds)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(0 < end - begin <= PIECE_SECONDS for begin, end in found[1:])


@pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED.keys())
def test_series_are_put_together_again(closed: bool) -> None:
    whole = {
        "there all along": Series({"s": "a"}, *_samples(0, 100)),
        "gone for a piece": Series({"s": "b"}, *_samples(0, 100, missing=range(20, 60))),
        "born late": Series({"s": "c"}, *_samples(70, 100)),
    }
    joined = Joined()
    for start, end in pieces(0, 99 * STEP):
        joined.add([part for one in whole.values() if (part := _within(one, start, end, closed)).times])
    got = [(dict(one.labels), list(one.times), list(one.values)) for one in joined.series()]
    first = 0 if closed else 1  # the stretch's own start is left out, as the server has it
    assert got == [
        (dict(one.labels), [t for t in one.times if t >= first], list(one.values)[-len(_after(one, first)) :])
        for one in whole.values()
    ]


def _after(one: Series, first: float) -> list[float]:
    return [time for time in one.times if time >= first]


def _samples(first: int, end: int, missing: range = range(0)) -> tuple[tuple[float, ...], tuple[float, ...]]:
    places = [place for place in range(first, end) if place not in missing]
    return tuple(place * STEP for place in places), tuple(float(place) for place in places)


def _within(one: Series, start: float, end: float, closed: bool) -> Series:
    kept = [
        (time, value)
        for time, value in zip(one.times, one.values, strict=True)
        if (start <= time if closed else start < time) and time <= end
    ]
    return Series(one.labels, tuple(t for t, _ in kept), tuple(v for _, v in kept))
