"""The metrics that scrapes read from the recorder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.http import connection
from loadtests.recording import (
    FAILURE_REASONS,
    OTHER_REASON,
    UNANSWERED_AT_END,
    DurationHistogram,
    Recorder,
    classify_failure,
)
from loadtests.session.exporter import (
    BUCKET_BOUNDS_SECONDS,
    MAX_NAMES,
    OTHER_NAMES,
    LoadCollector,
)
from slo.model import Op, ThresholdSLI
from slo.openslo import load_spec
from slo.promql import list_selectors, parse_indicator

ROOT = Path(__file__).resolve().parents[3]
HALF_MICROSECOND = 0.5e-6

Samples = dict[tuple[str, str, str], float]
"""By the name of the sample, its label ``name``, and its label ``reason`` or ``le``."""


def create_collector(recorder: Recorder, known: Iterable[str] = ()) -> LoadCollector:
    info = {"engine": "wire", "profile": "test", "run": "r1"}
    return LoadCollector(lambda: recorder, lambda: 3, lambda: known, info)


def collect(collector: LoadCollector) -> Samples:
    return {
        (s.name, s.labels.get("name", ""), s.labels.get("reason", s.labels.get("le", ""))): s.value
        for metric in collector.collect()
        for s in metric.samples
        if not s.name.endswith("_created")
    }


def record(recorder: Recorder, name: str, seconds: float, error: str | None = None) -> None:
    recorder.record_request(
        name,
        intended_start=10.0,
        sent_at=10.0,
        ended_at=10.0 + seconds,
        status=0 if error else 200,
        error=error,
    )


def find_failures(samples: Samples) -> dict[str, float]:
    """Return the failures that are not 0, by reason."""
    return {
        reason: value
        for (name, _, reason), value in samples.items()
        if name.endswith("failed_total") and value
    }


# --- Buckets ------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 40), min_size=1), st.sampled_from(BUCKET_BOUNDS_SECONDS))
def test_a_bucket_never_counts_a_slower_value_and_misses_only_values_just_below_its_bound(
    seconds: list[float], bound: float
) -> None:
    histogram = DurationHistogram()
    histogram.add(np.array(seconds))
    [count] = histogram.count_at_most([bound])
    assert count <= sum(value <= bound + HALF_MICROSECOND for value in seconds)
    assert count >= sum(value < bound * 0.999 - HALF_MICROSECOND for value in seconds)


EDGES = {
    "far below the bound": (0.2, 1),
    "at the start of the HDR bucket that contains the bound": (0.249984, 0),
    "in the last HDR bucket that ends below the bound": (0.249983, 1),
    "just above the bound": (0.250001, 0),
}


@pytest.mark.parametrize(("seconds", "expected"), EDGES.values(), ids=EDGES.keys())
def test_values_near_the_bound_of_the_250_ms_bucket(seconds: float, expected: int) -> None:
    histogram = DurationHistogram()
    histogram.add(np.array([seconds]))
    assert histogram.count_at_most([0.25]) == [expected]


def test_every_latency_threshold_of_the_reference_spec_is_a_bucket_bound() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    parts = [selector for slo in spec.slos for selector in list_selectors(parse_indicator(slo.sli))]
    bounds = {float(m.value) for part in parts if part for m in part.matchers if m.label == "le"}
    bounds |= {
        float(objective.threshold or 0)
        for slo in spec.slos
        for objective in slo.objectives
        if isinstance(slo.sli, ThresholdSLI) and objective.op is Op.LTE and "duration" in str(slo.sli.metric)
    }
    assert bounds == {0.25, 1.0}
    assert bounds <= set(BUCKET_BOUNDS_SECONDS)


# --- Counters -----------------------------------------------------------------------------------


def test_every_series_of_a_declared_request_exists_before_its_first_request() -> None:
    samples = collect(create_collector(Recorder(), ["order"]))
    of_order = {key: value for key, value in samples.items() if key[1] == "order"}
    assert set(of_order.values()) == {0}
    assert {reason for name, _, reason in of_order if name == "proofload_requests_failed_total"} == set(
        FAILURE_REASONS
    )
    counters = {name for name, _, _ in of_order if name.endswith("_total")}
    words = ("offered", "sent", "completed", "failed", "dropped")
    assert counters == {f"proofload_requests_{word}_total" for word in words}
    for word in ("response_time", "service_time", "lateness"):
        bounds = [bound for name, _, bound in of_order if name == f"proofload_{word}_seconds_bucket"]
        assert list(map(float, bounds)) == [*BUCKET_BOUNDS_SECONDS, float("inf")]


def test_the_metrics_equal_the_counts_of_the_recorder() -> None:
    recorder = Recorder(10.0)
    for seconds in (0.1, 0.2, 0.3):
        record(recorder, "order", seconds)
    record(recorder, "order", 2.0, "timed out")
    recorder.record_dropped(11.0, "no user was free", "order")
    samples = collect(create_collector(recorder, ["order", "search"]))
    expected = {"offered": 5, "sent": 4, "completed": 3, "dropped": 1}
    for word, number in expected.items():
        assert samples[f"proofload_requests_{word}_total", "order", ""] == number
    assert find_failures(samples) == {"timed out": 1}
    assert samples["proofload_response_time_seconds_bucket", "order", "0.25"] == 2
    assert samples["proofload_response_time_seconds_count", "order", ""] == 4
    assert samples["proofload_response_time_seconds_sum", "order", ""] == pytest.approx(2.6)
    assert samples["proofload_in_flight", "", ""] == 3
    assert recorder.count_total().sent == 4


def test_all_metrics_of_a_scrape_are_read_at_the_same_time() -> None:
    recorder = Recorder()
    record(recorder, "order", 0.1)
    values = []
    for metric in create_collector(recorder).collect():
        values += [s.value for s in metric.samples if s.name.endswith(("_sent_total", "_seconds_count"))]
        record(recorder, "order", 0.1)  # the load continues while samples are written
    assert values == [1] * 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-0.01, 5), st.booleans(), st.booleans())))
def test_no_counter_ever_decreases(rows: list[tuple[str, float, bool, bool]]) -> None:
    recorder = Recorder(10.0)
    collector = create_collector(recorder, "a")
    before = collect(collector)
    for name, lateness, is_good, is_dropped in rows:
        if is_dropped:
            recorder.record_dropped(10.0, "no user was free", name)
        else:
            recorder.record_request(
                name,
                intended_start=10,
                sent_at=10 + lateness,
                ended_at=16,
                status=200,
                error=None if is_good else "x",
            )
        after = collect(collector)
        assert all(after[key] >= value for key, value in before.items())
        before = after


def test_names_beyond_the_limit_are_counted_as_one() -> None:
    recorder = Recorder()
    collector = create_collector(recorder)
    for number in range(MAX_NAMES + 20):
        record(recorder, f"/item/{number}", 0.1)
        collect(collector)
    samples = collect(collector)
    counts = {
        name: value for (of, name, _), value in samples.items() if of == "proofload_requests_sent_total"
    }
    assert len(counts) == MAX_NAMES + 1
    assert counts[OTHER_NAMES] == 20
    assert sum(counts.values()) == MAX_NAMES + 20


# --- Reasons ------------------------------------------------------------------------------------

CLASSES = {
    "a client error": ("status 404", "status 4xx"),
    "a server error": ("status 503", "status 5xx"),
    "an error class of the list": ("timed out", "timed out"),
    "an exception of the user's code": ("ZeroDivisionError", OTHER_REASON),
    "a status that does not exist": ("status 0", OTHER_REASON),
}


@pytest.mark.parametrize(("error", "reason"), CLASSES.values(), ids=CLASSES.keys())
def test_each_error_class_has_a_reason_of_the_closed_list(error: str, reason: str) -> None:
    assert classify_failure(error) == reason
    assert reason in FAILURE_REASONS


def test_every_error_class_of_the_engines_is_a_reason() -> None:
    text = (
        ROOT / "loadtests" / "locust" / "error_classes.py"
    ).read_text()  # importing it would patch this process for gevent
    classes = set(re.findall(r'^    \(\w+(?:\.\w+)?, "([^"]+)"\),$', text, re.MULTILINE))
    assert len(classes) > 5
    classes |= {*connection._ERROR_CLASSES.values(), UNANSWERED_AT_END}
    assert classes <= set(FAILURE_REASONS)
