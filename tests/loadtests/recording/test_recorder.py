"""The books: what is counted, and what follows from it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.recording.hdr_histogram import Histogram
from loadtests.recording.recorder import NOT_SENT, Books
from loadtests.recording.run_json import SCHEMA_FILE, from_json, run_schema, to_json
from slo.model import GeneratorProcess, Quantiles, RunRecord, Window

START = 1_800_000_000.0


def some() -> Books:
    """Five arrivals a second apart: good, late and failed, unanswered, dropped, and one of two requests."""
    books = Books(START)
    books.sent("a", intended=START, began=START, ended=START + 0.1, status=200, error=None)
    books.sent("b", intended=START + 1, began=START + 1.5, ended=START + 2.5, status=500, error="status 500")
    books.sent("a", intended=START + 2, began=START + 2, ended=START + 4, status=0, error="timed out")
    books.dropped(START + 3, "no user was free")
    books.sent("a", intended=START + 4, began=START + 4, ended=START + 4.1, status=200, error=None)
    books.sent("c", intended=None, began=START + 4.2, ended=START + 4.3, status=200, error=None)
    return books


def test_every_row_is_counted_for_what_it_is() -> None:
    total = some().total()
    assert (total.offered, total.sent, total.completed, total.failed, total.dropped) == (6, 5, 4, 2, 1)
    assert total.statuses == {"200": 3, "500": 1}
    assert total.errors == {"no user was free": 1, "status 500": 1, "timed out": 1}


def test_response_time_counts_from_the_intended_start_and_service_time_from_the_send() -> None:
    late = some().by_name()["b"]
    assert late.lateness.max == pytest.approx(0.5)
    assert late.response_time.max == pytest.approx(1.5)
    assert late.service_time.max == pytest.approx(1.0)


def test_a_further_request_of_an_arrival_has_no_lateness() -> None:
    further = some().by_name()["c"]
    assert further.lateness == Quantiles()
    assert further.response_time.max == pytest.approx(0.1)
    assert (further.offered, further.sent) == (1, 1)


def test_names_add_up_to_the_total() -> None:
    books = some()
    parts = books.by_name()
    assert set(parts) == {"a", "b", "c", NOT_SENT}
    for field in ("offered", "sent", "completed", "failed", "dropped"):
        assert sum(getattr(part, field) for part in parts.values()) == getattr(books.total(), field)


def test_the_window_reaches_from_the_first_intended_start_to_the_last_response() -> None:
    span = some().window(0)
    assert (span.start, span.end) == pytest.approx((START, START + 4.3), rel=1e-12)


def test_a_load_without_a_request_has_the_window_that_was_planned() -> None:
    empty = Books(START)
    assert empty.window(START + 5) == Window(START, START + 5)
    assert empty.total().offered == 0
    assert len(empty.per_second(START + 5)) == 6


def test_seconds_count_when_things_happened() -> None:
    books = some()
    seconds = books.per_second(books.window(0).end)
    assert [second.time - START for second in seconds] == [0, 1, 2, 3, 4]
    assert [second.offered for second in seconds] == [1, 1, 1, 1, 2]
    assert [second.sent for second in seconds] == [1, 1, 1, 0, 2]
    assert [second.completed for second in seconds] == [1, 0, 1, 0, 2]
    assert [second.failed for second in seconds] == [0, 0, 1, 0, 1]
    assert seconds[2].p50 == pytest.approx(1.5, rel=0.001)
    assert seconds[1].p50 is None


times = st.floats(0, 60, allow_subnormal=False)
rows = st.lists(
    st.tuples(times, st.floats(0, 5), st.floats(0, 5), st.sampled_from([0, 200, 404, 503]), st.booleans()),
    max_size=60,
)


@given(rows)
def test_books_always_balance(given_rows: list[tuple[float, float, float, int, bool]]) -> None:
    books = Books(START)
    for intended, late, took, status, dropped in given_rows:
        if dropped:
            books.dropped(START + intended, "no user was free")
            continue
        began = START + intended + late
        error = None if status == 200 else f"status {status}"
        books.sent(
            "x", intended=START + intended, began=began, ended=began + took, status=status, error=error
        )
    total, span = books.total(), books.window(START + 1)
    assert total.offered == total.sent + total.dropped == len(given_rows)
    assert books.requests == total.sent
    assert books.failed == total.failed
    assert books.answered == total.completed
    series = books.per_second(span.end)
    for field in ("offered", "sent", "completed", "failed"):
        assert sum(getattr(second, field) for second in series) == getattr(total, field)


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=300), st.floats(0, 1))
def test_a_percentile_is_a_measured_value_to_three_digits(values: list[float], ratio: float) -> None:
    histogram = Histogram()
    histogram.add(np.array(values))
    found = histogram.quantile(ratio)
    exact = sorted(values)[max(math.ceil(ratio * len(values) - 1e-9), 1) - 1]
    assert found == pytest.approx(exact, rel=0.001, abs=1.1e-6)


@given(st.lists(st.floats(0, 3600)), st.lists(st.floats(0, 3600)))
def test_merged_histograms_are_the_histogram_of_all(one: list[float], other: list[float]) -> None:
    parts, whole = [Histogram(), Histogram()], Histogram()
    for part, values in zip(parts, (one, other), strict=True):
        part.add(np.array(values))
    whole.add(np.array(one + other))
    parts[0].merge(parts[1])
    assert parts[0].values() == whole.values()
    assert (parts[0].total, parts[0].highest) == (whole.total, whole.highest)


def test_memory_does_not_grow_with_the_load() -> None:
    books = Books(START)
    for number in range(50_000):
        at = START + number / 10_000
        books.sent("a", intended=at, began=at, ended=at + 0.001, status=200, error=None)
    assert len(books._rows) < 50_000
    assert books.total().sent == 50_000


def record() -> RunRecord:
    books = some()
    span = books.window(0)
    return RunRecord(
        id="20260101T000000Z-abc123",
        target="http://127.0.0.1:8000",
        engine="locust",
        seed=1,
        window=span,
        profile={"name": "test", "stages": [{"duration_seconds": 5.0, "rate": 1.0}]},
        total=books.total(),
        requests=books.by_name(),
        warmup=Books().total(),
        series=books.per_second(span.end),
        generator={"locust": "2.47.0"},
        processes=(GeneratorProcess("here", 7, cpu_ratio=0.1), GeneratorProcess("there", 8, lost=True)),
    )


def test_a_record_survives_its_file() -> None:
    assert from_json(json.loads(json.dumps(to_json(record()), allow_nan=False))) == record()


def test_the_schema_file_is_the_schema() -> None:
    """Renew it with ``python -m loadtests.runfile``."""
    assert json.loads(SCHEMA_FILE.read_text()) == run_schema()


OTHERS = {
    "another schema": ({"schema": 2}, "run of schema 2, expected 1"),
    "no schema": ({}, "run of schema None"),
    "a field that is missing": ({"schema": 1, "id": "x"}, "no record of a run"),
}


@pytest.mark.parametrize(("data", "said"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_record_is_refused(data: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json(data)


@pytest.mark.timeout(10)
def test_books_without_a_begin_are_summed_as_fast_as_others() -> None:
    """What ``on_start`` sends before a load without warm-up is in books whose seconds begin in 1970."""
    books = Books()
    books.sent("login", intended=None, began=1.8e9, ended=1.8e9 + 1, status=200, error=None)
    assert books.total().sent == 1
