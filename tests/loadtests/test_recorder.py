"""The books: what is counted, and what follows from it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.recorder import NOT_SENT, Books, counts, counts_by_name, per_second, quantiles, window
from loadtests.runfile import SCHEMA_FILE, from_json, run_schema, to_json
from slo.model import Quantiles, RunRecord, Window

START = 1_800_000_000.0


def some() -> Books:
    """Five arrivals a second apart: good, late and failed, unanswered, dropped, and one of two requests."""
    books = Books()
    books.sent("a", intended=START, began=START, ended=START + 0.1, status=200, error=None)
    books.sent("b", intended=START + 1, began=START + 1.5, ended=START + 2.5, status=500, error="status 500")
    books.sent("a", intended=START + 2, began=START + 2, ended=START + 4, status=0, error="timed out")
    books.dropped(START + 3, "no user was free")
    books.sent("a", intended=START + 4, began=START + 4, ended=START + 4.1, status=200, error=None)
    books.sent("c", intended=None, began=START + 4.2, ended=START + 4.3, status=200, error=None)
    return books


def test_every_row_is_counted_for_what_it_is() -> None:
    total = counts(some().frame())
    assert (total.offered, total.sent, total.completed, total.failed, total.dropped) == (6, 5, 4, 2, 1)
    assert total.statuses == {"200": 3, "500": 1}
    assert total.errors == {"no user was free": 1, "status 500": 1, "timed out": 1}


def test_response_time_counts_from_the_intended_start_and_service_time_from_the_send() -> None:
    late = counts_by_name(some().frame())["b"]
    assert late.lateness.max == pytest.approx(0.5)
    assert late.response_time.max == pytest.approx(1.5)
    assert late.service_time.max == pytest.approx(1.0)


def test_a_further_request_of_an_arrival_has_no_lateness() -> None:
    further = counts_by_name(some().frame())["c"]
    assert further.lateness == Quantiles()
    assert further.response_time.max == pytest.approx(0.1)
    assert (further.offered, further.sent) == (1, 1)


def test_names_add_up_to_the_total() -> None:
    frame = some().frame()
    parts = counts_by_name(frame)
    assert set(parts) == {"a", "b", "c", NOT_SENT}
    for field in ("offered", "sent", "completed", "failed", "dropped"):
        assert sum(getattr(part, field) for part in parts.values()) == getattr(counts(frame), field)


def test_the_window_reaches_from_the_first_intended_start_to_the_last_response() -> None:
    span = window(some().frame(), 0, 1)
    assert (span.start, span.end) == pytest.approx((START, START + 4.3), rel=1e-12)


def test_a_load_without_a_request_has_the_window_that_was_planned() -> None:
    empty = Books().frame()
    assert window(empty, START, START + 5) == Window(START, START + 5)
    assert counts(empty).offered == 0
    assert len(per_second(empty, Window(START, START + 5))) == 6


def test_seconds_count_when_things_happened() -> None:
    frame = some().frame()
    seconds = per_second(frame, window(frame, 0, 1))
    assert [second.time - START for second in seconds] == [0, 1, 2, 3, 4]
    assert [second.offered for second in seconds] == [1, 1, 1, 1, 2]
    assert [second.sent for second in seconds] == [1, 1, 1, 0, 2]
    assert [second.completed for second in seconds] == [1, 0, 1, 0, 2]
    assert [second.failed for second in seconds] == [0, 0, 1, 0, 1]
    assert seconds[2].p50 == pytest.approx(1.5)
    assert seconds[1].p50 is None


times = st.floats(0, 60, allow_subnormal=False)
rows = st.lists(
    st.tuples(times, st.floats(0, 5), st.floats(0, 5), st.sampled_from([0, 200, 404, 503]), st.booleans()),
    max_size=60,
)


@given(rows)
def test_books_always_balance(given_rows: list[tuple[float, float, float, int, bool]]) -> None:
    books = Books()
    for intended, late, took, status, dropped in given_rows:
        if dropped:
            books.dropped(START + intended, "no user was free")
            continue
        began = START + intended + late
        error = None if status == 200 else f"status {status}"
        books.sent(
            "x", intended=START + intended, began=began, ended=began + took, status=status, error=error
        )
    frame = books.frame()
    total, span = counts(frame), window(frame, START, START + 1)
    assert total.offered == total.sent + total.dropped == len(given_rows)
    assert books.requests == total.sent
    assert books.failed == total.failed
    assert books.answered == total.completed
    series = per_second(frame, span)
    for field in ("offered", "sent", "completed", "failed"):
        assert sum(getattr(second, field) for second in series) == getattr(total, field)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_a_percentile_is_a_measured_value_that_so_many_do_not_exceed(values: list[float]) -> None:
    import pandas as pd  # noqa: PLC0415 - only here

    found = quantiles(pd.Series(values))
    for share, value in ((0.5, found.p50), (0.95, found.p95), (0.999, found.p99_9), (1, found.max)):
        assert value in values
        assert sum(one <= value for one in values) >= math.floor(share * len(values))


def record() -> RunRecord:
    frame = some().frame()
    span = window(frame, 0, 1)
    return RunRecord(
        id="20260101T000000Z-abc123",
        target="http://127.0.0.1:8000",
        engine="locust",
        seed=1,
        window=span,
        profile={"name": "test", "stages": [{"duration_seconds": 5.0, "rate": 1.0}]},
        total=counts(frame),
        requests=counts_by_name(frame),
        warmup=counts(Books().frame()),
        series=per_second(frame, span),
        generator={"locust": "2.47.0", "cpu_ratio": 0.1},
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
