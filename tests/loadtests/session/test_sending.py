"""Traces, feeders, expectations, abort conditions and reports: the real generator against a real server."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped] # the package has no types

from slo.model import RequestCounts
from tests.support.generator import send_load, start_generator
from tests.support.http_server import ReceivedRequests, serve_http

pytestmark = pytest.mark.slow


USERS = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/status/500", name="n")
"""


@pytest.fixture
def server() -> Iterator[ReceivedRequests]:
    with serve_http() as received:
        yield received


def test_a_trace_is_sent_at_its_recorded_times(server: ReceivedRequests, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time_seconds,request\n0,a\n0.2,b\n0.2,a\n0.9,a\n1.0,b\n")
    requests = "[{name: a, path: /a}, {name: b, path: /b}]"
    profile = f"name: t\narrivals: trace\ntrace: t.csv\nwarmup: 1s\nrequests: {requests}"
    record = send_load(tmp_path, server.url, profile)
    assert {name: counts.sent for name, counts in record.requests.items()} == {"a": 3, "b": 2}
    assert record.window.seconds == pytest.approx(1.0, abs=0.1)
    assert server.total == 5 + record.warmup.sent


def test_each_arrival_takes_the_next_row(server: ReceivedRequests, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"id": n, "v": [n]}) + "\n" for n in range(20)))
    profile = """\
name: fed
feeder: rows.jsonl
stages: [{duration: 1s, rate: 40}]
requests: [{name: item, method: PUT, path: '/item/${id}', json: {v: '${v}'}, headers: {X-Id: 'n${id}'}}]
"""
    record = send_load(tmp_path, server.url, profile)
    assert server.paths == {f"/item/{n}": 2 for n in range(20)}
    assert Counter(server.bodies) == {b'{"v": [%d]}' % n: 2 for n in range(20)}
    assert {headers["X-Id"] for headers in server.headers} == {f"n{n}" for n in range(20)}
    assert set(record.requests) == {"item"}


@pytest.mark.parametrize(
    ("expect", "failed"),
    [("contains: ok", 0), ("contains: 'no'", 10), ("matches: '^o.$'", 0), ("matches: x, status: 200", 10)],
)
def test_the_response_body_is_checked(
    expect: str, failed: int, server: ReceivedRequests, tmp_path: Path
) -> None:
    profile = f"name: b\nstages: [{{duration: 1s, rate: 10}}]\nrequests: [{{path: /, expect: {{{expect}}}}}]"
    total = send_load(tmp_path, server.url, profile).total
    assert (total.completed, total.failed) == (10, failed)
    assert total.errors == ({"unexpected body": 10} if failed else {})


ABORTS = {
    "{error_ratio: 0.5, after: 1s}": ("/status/500", "100 % of the requests failed, more than 50 %"),
    "{p95: 1ms}": ("/slow", "p95 of response time was"),
}


@pytest.mark.parametrize("condition", ABORTS)
def test_a_load_that_exceeds_an_abort_condition_is_aborted(
    condition: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    path, reason = ABORTS[condition]
    profile = (
        f"name: a\nabort: [{condition}]\nstages: [{{duration: 30s, rate: 40}}]\nrequests: [{{path: {path}}}]"
    )
    with start_generator(tmp_path, profile, "--host", server.url) as generator:
        assert generator.wait_for_exit() == 0
        record = generator.record
    assert record.interrupted
    assert reason in str(record.aborted)
    assert record.window.seconds < 10
    assert record.total.sent == server.total


def test_a_load_within_its_abort_conditions_is_not_aborted(server: ReceivedRequests, tmp_path: Path) -> None:
    conditions = "abort: [{error_ratio: 0.5}, {p99: 10s}]"
    profile = f"name: a\n{conditions}\nstages: [{{duration: 1s, rate: 40}}]\nrequests: [{{path: /}}]"
    record = send_load(tmp_path, server.url, profile)
    assert (record.interrupted, record.aborted, record.total.sent) == (False, None, 40)


def test_the_hdrhistogram_log_agrees_with_the_record(server: ReceivedRequests, tmp_path: Path) -> None:
    requests = "[{name: 'one, two', path: /a}, {name: b, path: /b}]"
    record = send_load(
        tmp_path, server.url, f"name: h\nstages: [{{duration: 2s, rate: 50}}]\nrequests: {requests}"
    )
    lines = [
        line
        for line in (tmp_path / "out" / "response_times.hlog").read_text().splitlines()
        if line[0] not in '#"'
    ]
    tags = [line.split(",")[0] for line in lines]
    assert tags[1:] == [f"Tag={name.replace(', ', '__')}" for name in record.requests]
    for line, counts in zip(lines, (record.total, *record.requests.values()), strict=True):
        _assert_same_percentiles(HdrHistogram.decode(line.rsplit(",", 1)[1]), counts)


def _assert_same_percentiles(decoded: HdrHistogram, counts: RequestCounts) -> None:
    assert decoded.get_total_count() == counts.sent
    for ratio, seconds in ((0.5, counts.response_time.p50), (0.99, counts.response_time.p99)):
        rank = ceil(ratio * counts.sent)  # HdrHistogram rounds ranks; we never take a lower one
        value = decoded.get_value_at_percentile(100 * rank / counts.sent)
        assert value / 1e6 == pytest.approx(seconds, rel=0.002, abs=2e-6)


def test_the_first_byte_comes_before_the_end_of_the_response(
    server: ReceivedRequests, tmp_path: Path
) -> None:
    record = send_load(
        tmp_path, server.url, "name: f\nstages: [{duration: 1s, rate: 20}]\nrequests: [{path: /}]"
    )
    first, service = record.total.time_to_first_byte, record.total.service_time
    for early, late in ((first.p50, service.p50), (first.max, service.max)):
        assert early is not None
        assert late is not None
        assert 0 < early <= late
    for smaller, larger in pairwise([first.p50, first.p90, first.p99, first.max]):
        assert smaller <= larger  # type: ignore[operator] # none of them is None


@pytest.mark.parametrize("source", ["requests: [{name: n, path: /status/500}]", "locustfile: users.py"])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_locusts_own_report_agrees_with_the_record(
    source: str, processes: str, server: ReceivedRequests, tmp_path: Path
) -> None:
    (tmp_path / "users.py").write_text(USERS)
    text = f"name: r\nwarmup: 1s\nstages: [{{duration: 2s, rate: 30}}]\n{source}"
    record = send_load(tmp_path, server.url, text, "--locust-report", "--processes", processes)
    with (tmp_path / "out" / "locust_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    for name in ("n", "Aggregated"):
        assert (int(rows[name]["Request Count"]), int(rows[name]["Failure Count"])) == (60, 60)
        assert float(rows[name]["Average Content Size"]) == 2
    assert rows["n"]["Type"] == "GET"
    assert float(rows["n"]["Max Response Time"]) == pytest.approx(
        1000 * (record.total.response_time.max or 0)
    )
    with (tmp_path / "out" / "locust_failures.csv").open() as file:
        assert [(row["Error"], row["Occurrences"]) for row in csv.DictReader(file)] == [("status 500", "60")]
    page = (tmp_path / "out" / "locust.html").read_text()
    assert "status 500" in page
    assert server.url in page
