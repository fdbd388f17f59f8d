"""Statistics survive serialization, and those of parts add up to those of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgpack  # type: ignore[import-untyped] # the package has no types
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.recording.hdr_histogram import DurationHistogram
from loadtests.recording.recorder import Recorder
from loadtests.recording.stats import RequestStats, SecondStats, StatsTable

QUICK = settings(max_examples=50, deadline=None)
"""No deadline: a busy machine makes examples slow."""
SECONDS = st.floats(0, 4_000) | st.floats(0, 0.001)
PARTS = st.lists(st.lists(SECONDS, max_size=30), max_size=5)


def histogram(seconds: Sequence[float]) -> DurationHistogram:
    result = DurationHistogram()
    result.add(np.array(seconds, dtype=np.float64))
    return result


def to_comparable(histogram: DurationHistogram) -> tuple[Any, ...]:
    buckets, counts = histogram.list_buckets()
    return buckets.tolist(), counts.tolist(), histogram.total, histogram.highest


def send(data: Any) -> Any:
    return msgpack.unpackb(msgpack.packb(data), strict_map_key=False)


@QUICK
@given(PARTS)
def test_histograms_add_up(parts: list[list[float]]) -> None:
    whole, added = histogram(list(chain(*parts))), DurationHistogram()
    for part in parts:
        added.merge(DurationHistogram.deserialize(send(histogram(part).serialize())))
    assert to_comparable(added) == to_comparable(whole)
    assert added.sum == pytest.approx(whole.sum)
    assert added.compute_quantiles().p99 == whole.compute_quantiles().p99


@QUICK
@given(PARTS)
def test_merging_does_not_change_the_histograms_that_were_added(parts: list[list[float]]) -> None:
    """Merged histograms share no memory."""
    histograms = [histogram(part) for part in parts]
    before = [to_comparable(part) for part in histograms]
    added = DurationHistogram()
    for part in [*histograms, *histograms]:
        added.merge(part)
    assert [to_comparable(part) for part in histograms] == before
    assert added.total == 2 * sum(map(len, parts))


COUNTS = st.integers(0, 2**40)
TEXTS = st.text(max_size=5)


@st.composite
def request_stats(draw: st.DrawFn) -> RequestStats:
    histograms = {
        name: histogram(draw(st.lists(SECONDS, max_size=5)))
        for name in ("lateness", "response_time", "service_time", "time_to_first_byte")
    }
    stats = RequestStats(draw(st.sampled_from(["GET", "POST"])))
    for name in ("offered", "sent", "completed", "failed", "body_bytes"):
        setattr(stats, name, draw(COUNTS))
    for name, times in histograms.items():
        setattr(stats, name, times)
    stats.statuses.update(draw(st.dictionaries(st.integers(100, 599), COUNTS, max_size=3)))
    stats.errors.update(draw(st.dictionaries(TEXTS, COUNTS, max_size=3)))
    stats.failed_answers.update(draw(st.dictionaries(TEXTS, COUNTS, max_size=3)))
    return stats


@st.composite
def stats_tables(draw: st.DrawFn) -> StatsTable:
    seconds = {
        number: SecondStats(draw(COUNTS), 0, draw(COUNTS), 1, histogram(draw(st.lists(SECONDS, max_size=5))))
        for number in draw(st.sets(st.integers(0, 4), max_size=3))
    }
    first, last = sorted(draw(st.tuples(st.floats(0, 2e9), st.floats(0, 2e9))))
    by_name = draw(st.dictionaries(TEXTS, request_stats(), max_size=3))
    return StatsTable(by_name, seconds, first, last)


def serialize(table: StatsTable) -> Any:
    """Return everything in a table, as data that can be compared."""
    return send(table.serialize())


@QUICK
@given(stats_tables())
def test_a_table_is_unchanged_after_sending(table: StatsTable) -> None:
    assert serialize(StatsTable.deserialize(serialize(table))) == serialize(table)


def test_an_empty_table_is_unchanged_after_sending() -> None:
    assert serialize(StatsTable.deserialize(serialize(StatsTable()))) == serialize(StatsTable())


@QUICK
@given(st.lists(request_stats(), max_size=4))
def test_request_stats_add_up(parts: list[RequestStats]) -> None:
    added = RequestStats()
    for part in parts:
        added.add(RequestStats.deserialize(send(part.serialize())))
    for name in ("offered", "sent", "completed", "failed", "body_bytes"):
        assert getattr(added, name) == sum(getattr(part, name) for part in parts)
    for status in (code for part in parts for code in part.statuses):
        assert added.statuses[status] == sum(part.statuses[status] for part in parts)
    for error in (text for part in parts for text in part.errors):
        assert added.errors[error] == sum(part.errors[error] for part in parts)
    for failure in (text for part in parts for text in part.failed_answers):
        assert added.failed_answers[failure] == sum(part.failed_answers[failure] for part in parts)
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
"""Name, intended start, lateness, service time, status, and the number of the process that sends it."""


def record_rows(recorder: Recorder, rows: Sequence[tuple[str, float, float, float, int, int]]) -> None:
    for name, intended_start, lateness, service_time, status, _ in rows:
        sent_at = 100 + intended_start + lateness
        recorder.record_request(
            name,
            intended_start=100 + intended_start,
            sent_at=sent_at,
            ended_at=sent_at + service_time,
            status=status,
            error=None if status == 200 else f"status {status}",
            method="GET",
            body_bytes=3,
        )


@QUICK
@given(ROWS, st.integers(0, 3))
def test_recorders_of_parts_add_up_to_a_recorder_of_the_whole(rows: list[Any], flush: int) -> None:
    whole, together = Recorder(100.0), Recorder(100.0)
    record_rows(whole, rows)
    for process in range(6):
        part = Recorder(100.0)
        part_rows = [row for row in rows if row[-1] == process]
        for start in range(0, len(part_rows), flush + 1):
            record_rows(part, part_rows[start : start + flush + 1])
            together.add_stats(StatsTable.deserialize(send(part.take_stats().serialize())))
    assert list_counts(together) == list_counts(whole)
    assert together.find_window(0) == whole.find_window(0)


def list_counts(recorder: Recorder) -> Any:
    names = {
        name: (stats.offered, stats.sent, stats.completed, stats.failed, stats.body_bytes, stats.statuses,
               stats.errors,
               *map(to_comparable, (stats.lateness, stats.response_time, stats.service_time)))
        for name, stats in recorder.read_stats_by_name().items()
    }  # fmt: skip
    seconds = [
        (second.time, second.offered, second.sent, second.completed, second.failed)
        for second in recorder.list_seconds(115)
    ]
    return names, seconds
