"""What scrapes read of the books."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.http import connection
from loadtests.recording.hdr_histogram import Histogram
from loadtests.recording.recorder import UNANSWERED, Books
from loadtests.session.exporter import (
    BOUNDS_SECONDS,
    MOST_NAMES,
    OTHER_NAMES,
    OTHER_REASON,
    REASONS,
    LoadCollector,
    reason_of,
)
from slo.model import Op, ThresholdSLI
from slo.openslo.spec_reader import load_spec
from slo.promql.query_plan import expression, metrics

ROOT = Path(__file__).resolve().parents[3]
HALF_MICROSECOND = 0.5e-6

Samples = dict[tuple[str, str, str], float]
"""By the sample's name, its label ``name``, and its reason or bound."""


def collector(books: Books, known: Iterable[str] = ()) -> LoadCollector:
    info = {"engine": "wire", "profile": "test", "run": "r1"}
    return LoadCollector(lambda: books, lambda: 3, lambda: known, info)


def collected(one: LoadCollector) -> Samples:
    return {
        (s.name, s.labels.get("name", ""), s.labels.get("reason", s.labels.get("le", ""))): s.value
        for metric in one.collect()
        for s in metric.samples
        if not s.name.endswith("_created")
    }


def sent(books: Books, name: str, seconds: float, error: str | None = None) -> None:
    books.sent(name, intended=10.0, began=10.0, ended=10.0 + seconds, status=0 if error else 200, error=error)


def failed(samples: Samples) -> dict[str, float]:
    """Give the failures that are not 0, by reason."""
    return {
        reason: value
        for (name, _, reason), value in samples.items()
        if name.endswith("failed_total") and value
    }


# --- Buckets ------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 40), min_size=1), st.sampled_from(BOUNDS_SECONDS))
def test_a_bucket_never_holds_what_was_slower_and_lacks_only_what_was_hardly_faster(
    seconds: list[float], bound: float
) -> None:
    histogram = Histogram()
    histogram.add(np.array(seconds))
    [counted] = histogram.at_most([bound])
    assert counted <= sum(one <= bound + HALF_MICROSECOND for one in seconds)
    assert counted >= sum(one < bound * 0.999 - HALF_MICROSECOND for one in seconds)


EDGES = {
    "far below": (0.2, 1),
    "where the place of the bound begins": (0.249984, 0),
    "the last place that ends below": (0.249983, 1),
    "just above": (0.250001, 0),
}


@pytest.mark.parametrize(("seconds", "within"), EDGES.values(), ids=EDGES.keys())
def test_the_edges_of_the_bucket_of_250_ms(seconds: float, within: int) -> None:
    histogram = Histogram()
    histogram.add(np.array([seconds]))
    assert histogram.at_most([0.25]) == [within]


def test_every_latency_threshold_of_the_reference_spec_is_a_bound() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    parts = [expression(metric).selector for slo in spec.slos for metric in metrics(slo).values()]
    bounds = {float(m.value) for part in parts if part for m in part.matchers if m.label == "le"}
    bounds |= {
        float(objective.threshold or 0)
        for slo in spec.slos
        for objective in slo.objectives
        if isinstance(slo.sli, ThresholdSLI) and objective.op is Op.LTE and "duration" in str(slo.sli.metric)
    }
    assert bounds == {0.25, 1.0}
    assert bounds <= set(BOUNDS_SECONDS)


# --- Counters -----------------------------------------------------------------------------------


def test_every_series_of_a_declared_request_is_there_before_its_first_request() -> None:
    samples = collected(collector(Books(), ["order"]))
    of_order = {key: value for key, value in samples.items() if key[1] == "order"}
    assert set(of_order.values()) == {0}
    assert {reason for name, _, reason in of_order if name == "proofload_requests_failed_total"} == set(
        REASONS
    )
    counters = {name for name, _, _ in of_order if name.endswith("_total")}
    words = ("offered", "sent", "completed", "failed", "dropped")
    assert counters == {f"proofload_requests_{word}_total" for word in words}
    for word in ("response_time", "service_time", "lateness"):
        bounds = [bound for name, _, bound in of_order if name == f"proofload_{word}_seconds_bucket"]
        assert list(map(float, bounds)) == [*BOUNDS_SECONDS, float("inf")]


def test_the_counts_are_those_of_the_books() -> None:
    books = Books(10.0)
    for seconds in (0.1, 0.2, 0.3):
        sent(books, "order", seconds)
    sent(books, "order", 2.0, "timed out")
    books.dropped(11.0, "no user was free", "order")
    samples = collected(collector(books, ["order", "search"]))
    expected = {"offered": 5, "sent": 4, "completed": 3, "dropped": 1}
    for word, number in expected.items():
        assert samples[f"proofload_requests_{word}_total", "order", ""] == number
    assert failed(samples) == {"timed out": 1}
    assert samples["proofload_response_time_seconds_bucket", "order", "0.25"] == 2
    assert samples["proofload_response_time_seconds_count", "order", ""] == 4
    assert samples["proofload_response_time_seconds_sum", "order", ""] == pytest.approx(2.6)
    assert samples["proofload_in_flight", "", ""] == 3
    assert books.total().sent == 4


def test_all_of_a_scrape_is_of_one_moment() -> None:
    books = Books()
    sent(books, "order", 0.1)
    values = []
    for metric in collector(books).collect():
        values += [s.value for s in metric.samples if s.name.endswith(("_sent_total", "_seconds_count"))]
        sent(books, "order", 0.1)  # the load goes on while samples are written
    assert values == [1] * 4


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-0.01, 5), st.booleans(), st.booleans())))
def test_no_counter_ever_falls(rows: list[tuple[str, float, bool, bool]]) -> None:
    books = Books(10.0)
    one = collector(books, "a")
    before = collected(one)
    for name, late, good, drop in rows:
        if drop:
            books.dropped(10.0, "no user was free", name)
        else:
            books.sent(name, intended=10, began=10 + late, ended=16, status=200, error=None if good else "x")
        after = collected(one)
        assert all(after[key] >= value for key, value in before.items())
        before = after


def test_names_beyond_the_limit_are_counted_as_one() -> None:
    books = Books()
    one = collector(books)
    for number in range(MOST_NAMES + 20):
        sent(books, f"/item/{number}", 0.1)
        collected(one)
    samples = collected(one)
    counts = {
        name: value for (of, name, _), value in samples.items() if of == "proofload_requests_sent_total"
    }
    assert len(counts) == MOST_NAMES + 1
    assert counts[OTHER_NAMES] == 20
    assert sum(counts.values()) == MOST_NAMES + 20


# --- Reasons ------------------------------------------------------------------------------------

CLASSES = {
    "a status of the caller's": ("status 404", "status 4xx"),
    "a status of the server's": ("status 503", "status 5xx"),
    "a class": ("timed out", "timed out"),
    "an exception that nobody thought of": ("ZeroDivisionError", OTHER_REASON),
    "a status that is none": ("status 0", OTHER_REASON),
}


@pytest.mark.parametrize(("error", "reason"), CLASSES.values(), ids=CLASSES.keys())
def test_each_class_of_errors_has_a_reason_of_the_closed_list(error: str, reason: str) -> None:
    assert reason_of(error) == reason
    assert reason in REASONS


def test_every_class_that_the_engines_name_is_a_reason_of_its_own() -> None:
    text = (
        ROOT / "loadtests" / "locust" / "error_classes.py"
    ).read_text()  # importing it would patch this process for gevent
    classes = set(re.findall(r'^    \(\w+(?:\.\w+)?, "([^"]+)"\),$', text, re.MULTILINE))
    assert len(classes) > 5
    classes |= {*connection._REASONS.values(), UNANSWERED}
    assert classes <= set(REASONS)
