"""The recorder: what it counts, and the records made from it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.recording.hdr_histogram import DurationHistogram
from loadtests.recording.recorder import NOT_SENT, Recorder
from loadtests.recording.run_json import RUN_SCHEMA_FILE, build_run_schema, run_from_json, run_to_json
from slo.model import FailureCount, GeneratorProcess, Quantiles, RunRecord, Window

START = 1_800_000_000.0


def record_arrivals() -> Recorder:
    """Five arrivals, one a second: good, late and failed, unanswered, dropped, and one with two requests."""
    recorder = Recorder(START)
    recorder.record_request(
        "a", intended_start=START, sent_at=START, ended_at=START + 0.1, status=200, error=None
    )
    recorder.record_request(
        "b",
        intended_start=START + 1,
        sent_at=START + 1.5,
        ended_at=START + 2.5,
        status=500,
        error="status 500",
    )
    recorder.record_request(
        "a", intended_start=START + 2, sent_at=START + 2, ended_at=START + 4, status=0, error="timed out"
    )
    recorder.record_dropped(START + 3, "no user was free")
    recorder.record_request(
        "a", intended_start=START + 4, sent_at=START + 4, ended_at=START + 4.1, status=200, error=None
    )
    recorder.record_request(
        "c", intended_start=None, sent_at=START + 4.2, ended_at=START + 4.3, status=200, error=None
    )
    return recorder


def test_every_row_is_counted_once_by_its_kind() -> None:
    total = record_arrivals().count_total()
    assert (total.offered, total.sent, total.completed, total.failed, total.dropped) == (6, 5, 4, 2, 1)
    assert total.statuses == {"200": 3, "500": 1}
    assert total.errors == {"no user was free": 1, "status 500": 1, "timed out": 1}
    assert sorted(total.failures, key=lambda failure: failure.status) == [
        FailureCount("timed out", 0, 1),
        FailureCount("status 500", 500, 1),
    ]


def test_failures_of_the_same_class_are_counted_by_status() -> None:
    recorder = Recorder(START)
    for status in (401, 503, 503):
        recorder.record_request(
            "a",
            intended_start=START,
            sent_at=START,
            ended_at=START + 0.1,
            status=status,
            error="unexpected answer",
        )
    assert recorder.count_total().failures == (
        FailureCount("unexpected answer", 503, 2),
        FailureCount("unexpected answer", 401, 1),
    )


def test_response_time_counts_from_the_intended_start_and_service_time_from_the_send() -> None:
    late = record_arrivals().count_by_name()["b"]
    assert late.lateness.max == pytest.approx(0.5)
    assert late.response_time.max == pytest.approx(1.5)
    assert late.service_time.max == pytest.approx(1.0)


def test_a_further_request_of_an_arrival_has_no_lateness() -> None:
    further = record_arrivals().count_by_name()["c"]
    assert further.lateness == Quantiles()
    assert further.response_time.max == pytest.approx(0.1)
    assert (further.offered, further.sent) == (1, 1)


def test_the_counts_of_names_add_up_to_the_total() -> None:
    recorder = record_arrivals()
    parts = recorder.count_by_name()
    assert set(parts) == {"a", "b", "c", NOT_SENT}
    for field in ("offered", "sent", "completed", "failed", "dropped"):
        assert sum(getattr(part, field) for part in parts.values()) == getattr(recorder.count_total(), field)


def test_the_window_reaches_from_the_first_intended_start_to_the_last_response() -> None:
    window = record_arrivals().find_window(0)
    assert (window.start, window.end) == pytest.approx((START, START + 4.3), rel=1e-12)


def test_a_load_without_requests_has_the_planned_window() -> None:
    empty = Recorder(START)
    assert empty.find_window(START + 5) == Window(START, START + 5)
    assert empty.count_total().offered == 0
    assert len(empty.list_seconds(START + 5)) == 6


def test_seconds_count_starts_and_ends_at_their_times() -> None:
    recorder = record_arrivals()
    seconds = recorder.list_seconds(recorder.find_window(0).end)
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
def test_counts_always_balance(drawn_rows: list[tuple[float, float, float, int, bool]]) -> None:
    recorder = Recorder(START)
    for intended_start, lateness, service_time, status, is_dropped in drawn_rows:
        if is_dropped:
            recorder.record_dropped(START + intended_start, "no user was free")
            continue
        sent_at = START + intended_start + lateness
        error = None if status == 200 else f"status {status}"
        recorder.record_request(
            "x",
            intended_start=START + intended_start,
            sent_at=sent_at,
            ended_at=sent_at + service_time,
            status=status,
            error=error,
        )
    total, window = recorder.count_total(), recorder.find_window(START + 1)
    assert total.offered == total.sent + total.dropped == len(drawn_rows)
    assert recorder.sent_count == total.sent
    assert recorder.failed_count == total.failed
    assert recorder.completed_count == total.completed
    series = recorder.list_seconds(window.end)
    for field in ("offered", "sent", "completed", "failed"):
        assert sum(getattr(second, field) for second in series) == getattr(total, field)


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=300), st.floats(0, 1))
def test_a_percentile_is_a_measured_value_to_three_digits(values: list[float], ratio: float) -> None:
    histogram = DurationHistogram()
    histogram.add(np.array(values))
    quantile = histogram.compute_quantile(ratio)
    exact = sorted(values)[max(math.ceil(ratio * len(values) - 1e-9), 1) - 1]
    assert quantile == pytest.approx(exact, rel=0.001, abs=1.1e-6)


@given(st.lists(st.floats(0, 3600)), st.lists(st.floats(0, 3600)))
def test_merged_histograms_equal_one_histogram_of_all_values(first: list[float], second: list[float]) -> None:
    parts, whole = [DurationHistogram(), DurationHistogram()], DurationHistogram()
    for part, values in zip(parts, (first, second), strict=True):
        part.add(np.array(values))
    whole.add(np.array(first + second))
    parts[0].merge(parts[1])
    assert parts[0].list_values() == whole.list_values()
    assert (parts[0].total, parts[0].highest) == (whole.total, whole.highest)


def test_memory_does_not_grow_with_the_load() -> None:
    recorder = Recorder(START)
    for number in range(50_000):
        time = START + number / 10_000
        recorder.record_request(
            "a", intended_start=time, sent_at=time, ended_at=time + 0.001, status=200, error=None
        )
    assert len(recorder._rows) < 50_000
    assert recorder.count_total().sent == 50_000


def build_record() -> RunRecord:
    recorder = record_arrivals()
    window = recorder.find_window(0)
    return RunRecord(
        id="20260101T000000Z-abc123",
        target="http://127.0.0.1:8000",
        engine="locust",
        seed=1,
        window=window,
        profile={"name": "test", "stages": [{"duration_seconds": 5.0, "rate": 1.0}]},
        total=recorder.count_total(),
        requests=recorder.count_by_name(),
        warmup=Recorder().count_total(),
        series=recorder.list_seconds(window.end),
        generator={"locust": "2.47.0"},
        processes=(GeneratorProcess("here", 7, cpu_ratio=0.1), GeneratorProcess("there", 8, lost=True)),
    )


def test_a_record_is_unchanged_after_writing_and_reading() -> None:
    assert (
        run_from_json(json.loads(json.dumps(run_to_json(build_record()), allow_nan=False))) == build_record()
    )


def test_the_schema_file_is_up_to_date() -> None:
    """Rewrite it with ``python -m loadtests.recording.run_json``."""
    assert json.loads(RUN_SCHEMA_FILE.read_text()) == build_run_schema()


INVALID_RECORDS = {
    "another schema number": ({"schema": 2}, "run of schema 2, expected 1"),
    "no schema number": ({}, "run of schema None"),
    "missing fields": ({"schema": 1, "id": "x"}, "not a run record"),
}


@pytest.mark.parametrize(("data", "message"), INVALID_RECORDS.values(), ids=INVALID_RECORDS)
def test_an_invalid_record_is_rejected(data: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_from_json(data)


@pytest.mark.timeout(10)
def test_a_recorder_without_a_start_time_is_reduced_as_fast_as_others() -> None:
    """Requests of ``on_start`` before a load without warm-up go to a recorder whose seconds start in 1970."""
    recorder = Recorder()
    recorder.record_request(
        "login", intended_start=None, sent_at=1.8e9, ended_at=1.8e9 + 1, status=200, error=None
    )
    assert recorder.count_total().sent == 1
