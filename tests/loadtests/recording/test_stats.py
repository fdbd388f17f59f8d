"""Sums of a load: sent and added, nothing is lost, and parts add up to what is counted at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgpack  # type: ignore[import-untyped] # it comes without types
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.recording.hdr_histogram import Histogram
from loadtests.recording.recorder import Books
from loadtests.recording.stats import Account, SecondSums, Sums

QUICK = settings(max_examples=50, deadline=None)
"""Machines that run tests are busy now and then."""
SECONDS = st.floats(0, 4_000) | st.floats(0, 0.001)
PARTS = st.lists(st.lists(SECONDS, max_size=30), max_size=5)


def histogram(seconds: Sequence[float]) -> Histogram:
    made = Histogram()
    made.add(np.array(seconds, dtype=np.float64))
    return made


def plain(histogram: Histogram) -> tuple[Any, ...]:
    places, counts = histogram.places()
    return places.tolist(), counts.tolist(), histogram.total, histogram.highest


def sent(data: Any) -> Any:
    return msgpack.unpackb(msgpack.packb(data), strict_map_key=False)


@QUICK
@given(PARTS)
def test_histograms_add_up(parts: list[list[float]]) -> None:
    whole, added = histogram(list(chain(*parts))), Histogram()
    for part in parts:
        added.merge(Histogram.from_wire(sent(histogram(part).to_wire())))
    assert plain(added) == plain(whole)
    assert added.sum == pytest.approx(whole.sum)
    assert added.quantiles().p99 == whole.quantiles().p99


@QUICK
@given(PARTS)
def test_what_was_added_stays_what_it_is(parts: list[list[float]]) -> None:
    """Merging shares no memory."""
    made = [histogram(part) for part in parts]
    before = [plain(one) for one in made]
    added = Histogram()
    for one in [*made, *made]:
        added.merge(one)
    assert [plain(one) for one in made] == before
    assert added.total == 2 * sum(map(len, parts))


COUNTS = st.integers(0, 2**40)
TEXTS = st.text(max_size=5)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    times = {
        name: histogram(draw(st.lists(SECONDS, max_size=5)))
        for name in ("lateness", "response_time", "service_time", "time_to_first_byte")
    }
    account = Account(draw(st.sampled_from(["GET", "POST"])))
    for name in ("offered", "sent", "completed", "failed", "body_bytes"):
        setattr(account, name, draw(COUNTS))
    for name, one in times.items():
        setattr(account, name, one)
    account.statuses.update(draw(st.dictionaries(st.integers(100, 599), COUNTS, max_size=3)))
    account.errors.update(draw(st.dictionaries(TEXTS, COUNTS, max_size=3)))
    return account


@st.composite
def sums(draw: st.DrawFn) -> Sums:
    seconds = {
        number: SecondSums(draw(COUNTS), 0, draw(COUNTS), 1, histogram(draw(st.lists(SECONDS, max_size=5))))
        for number in draw(st.sets(st.integers(0, 4), max_size=3))
    }
    edges = sorted(draw(st.tuples(st.floats(0, 2e9), st.floats(0, 2e9))))
    return Sums(draw(st.dictionaries(TEXTS, accounts(), max_size=3)), seconds, *edges)


def shown(one: Sums) -> Any:
    """Give everything of sums that can be compared."""
    return sent(one.to_wire())


@QUICK
@given(sums())
def test_sums_are_read_as_they_were_sent(one: Sums) -> None:
    assert shown(Sums.from_wire(shown(one))) == shown(one)


def test_sums_of_nothing_are_sent_too() -> None:
    assert shown(Sums.from_wire(shown(Sums()))) == shown(Sums())


@QUICK
@given(st.lists(accounts(), max_size=4))
def test_accounts_add_up(parts: list[Account]) -> None:
    added = Account()
    for part in parts:
        added.add(Account.from_wire(sent(part.to_wire())))
    for name in ("offered", "sent", "completed", "failed", "body_bytes"):
        assert getattr(added, name) == sum(getattr(part, name) for part in parts)
    for status in (code for part in parts for code in part.statuses):
        assert added.statuses[status] == sum(part.statuses[status] for part in parts)
    for error in (text for part in parts for text in part.errors):
        assert added.errors[error] == sum(part.errors[error] for part in parts)
    assert added.response_time.total == sum(part.response_time.total for part in parts)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.floats(0, 8),
        st.floats(0, 3),
        st.floats(0, 3),
        st.sampled_from([0, 200, 503]),
        st.integers(0, 5),
    ),
    max_size=40,
)
"""Name, intended, lateness, service time, status, and which of the processes sends it."""


def write(books: Books, rows: Sequence[tuple[str, float, float, float, int, int]]) -> None:
    for name, intended, late, took, status, _ in rows:
        began = 100 + intended + late
        error = None if status == 200 else f"status {status}"
        times = {"intended": 100 + intended, "began": began, "ended": began + took}
        books.sent(name, **times, status=status, error=error, method="GET", body_bytes=3)


@QUICK
@given(ROWS, st.integers(0, 3))
def test_books_of_parts_are_the_books_of_the_whole(rows: list[Any], flush: int) -> None:
    whole, together = Books(100.0), Books(100.0)
    write(whole, rows)
    for process in range(6):
        part = Books(100.0)
        own = [row for row in rows if row[-1] == process]
        for place in range(0, len(own), flush + 1):
            write(part, own[place : place + flush + 1])
            together.add(Sums.from_wire(sent(part.take_sums().to_wire())))
    assert counted(together) == counted(whole)
    assert together.window(0) == whole.window(0)


def counted(books: Books) -> Any:
    names = {
        name: (one.offered, one.sent, one.completed, one.failed, one.body_bytes, one.statuses, one.errors,
               *(plain(getattr(one, kind)) for kind in ("lateness", "response_time", "service_time")))
        for name, one in books.accounts().items()
    }  # fmt: skip
    seconds = [(one.time, one.offered, one.sent, one.completed, one.failed) for one in books.per_second(115)]
    return names, seconds
