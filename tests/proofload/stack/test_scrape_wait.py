from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from proofload.stack import scrape_wait
from proofload.stack.scrape_wait import NoScrapeError, await_closing_scrape, await_scrape, build_up_query
from slo.model import EventsSLI, PromQL, Service, Spec
from slo.prometheus import ConnectionSettings, PrometheusClient, PrometheusError
from tests.support.http_faults import (
    Responder,
    RunningServer,
    find_refused_url,
    reset_connection,
    respond_error,
    respond_success,
    respond_text,
    run_server,
)
from tests.support.specs import CHECKOUT_SLO

NOW = 1_000.0


def spec_of_jobs(*jobs: str) -> Spec:
    """Return a spec with two counters for each job."""
    slis = [EventsSLI(PromQL(f"a{{job={json.dumps(j)}}}"), PromQL(f"b{{job={json.dumps(j)}}}")) for j in jobs]
    return Spec(tuple(replace(CHECKOUT_SLO, name=str(n), sli=sli) for n, sli in enumerate(slis)))


SPECS = {
    "no job": (Spec((CHECKOUT_SLO,)), "up"),
    "one job": (spec_of_jobs("shop"), 'up{job=~"shop"}'),
    "two jobs, each once": (spec_of_jobs("shop", "bank", "shop"), 'up{job=~"bank|shop"}'),
    "a job with characters of a regular expression": (spec_of_jobs("c++|a.b"), r'up{job=~"c\\+\\+\\|a\\.b"}'),
    "a job with quotes": (spec_of_jobs('a"b'), r'up{job=~"a\"b"}'),
    "a job of the service's requests": (
        Spec((CHECKOUT_SLO,), (Service("shop", request_counter='r{job="shop"}'),)),
        'up{job=~"shop"}',
    ),
    "a job that is selected by a regular expression only": (
        Spec((CHECKOUT_SLO,), (Service("shop", request_counter='r{job=~"shop.*"}'),)),
        "up",
    ),
}


@pytest.mark.parametrize(("spec", "query"), SPECS.values(), ids=SPECS.keys())
def test_the_query_selects_the_jobs_that_the_spec_names(spec: Spec, query: str) -> None:
    assert build_up_query(spec) == query


# --- Waiting ------------------------------------------------------------------------------------


def scraped(*times: float, jobs: Sequence[str] = ("shop",)) -> Responder:
    """Respond with the time of the last scrape of each target; each job has all targets."""
    rows = [
        {"metric": {"job": job, "instance": str(n)}, "value": [NOW, str(time)]}
        for n, time in enumerate(times)
        for job in jobs
    ]
    return respond_success({"resultType": "vector", "result": rows})


class Clock:
    """A clock that advances by one second at each reading."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape_wait, "POLL_INTERVAL_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def wait(
    *responders: Responder, timeout: float = 10, jobs: Sequence[str] = ("shop",)
) -> tuple[float, RunningServer]:
    build = respond_success({"version": "2.42.0"})
    with (
        run_server(build, *responders) as server,
        PrometheusClient(ConnectionSettings(server.url, retries=0)) as prometheus,
    ):
        spec = spec_of_jobs(*jobs)
        last = await_scrape(prometheus, spec, after=NOW, timeout_seconds=timeout, clock=Clock())
        assert server.requests.pop(0).path == "/api/v1/status/buildinfo"
        return last, server


@dataclass(frozen=True)
class Case:
    responders: tuple[Responder, ...]
    queries: int
    last: float = NOW + 1


CASES = {
    "a scrape after the time already exists": Case((scraped(NOW + 1),), 1),
    "a scrape at exactly that time is not after it": Case((scraped(NOW), scraped(NOW + 1)), 2),
    "no scrape at first": Case((scraped(), scraped(NOW - 5), scraped(NOW + 1)), 3),
    "the slower of two targets": Case(
        (scraped(NOW + 1, NOW - 3), scraped(NOW + 2, NOW - 3), scraped(NOW + 2, NOW + 1)), 3, NOW + 2
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_last_scrape_after_the_time_is_returned(case: Case) -> None:
    last, server = wait(*case.responders)
    assert last == case.last
    assert len(server.requests) == case.queries
    assert {request.parameters["query"] for request in server.requests} == {'timestamp(up{job=~"shop"})'}
    assert [float(request.parameters["time"]) for request in server.requests] == [
        NOW + 2 + n for n in range(case.queries)
    ]


def test_the_first_scrape_of_every_job_is_awaited() -> None:
    jobs = ("shop", "c++")
    responders = (scraped(NOW + 5), scraped(NOW + 6, jobs=jobs))
    last, server = wait(*responders, jobs=jobs)
    assert (last, len(server.requests)) == (NOW + 6, 2)


def test_a_missing_job_is_awaited_for_a_shorter_time() -> None:
    last, server = wait(scraped(NOW + 50), timeout=40, jobs=("shop", "gone"))
    assert (last, len(server.requests)) == (NOW + 50, 16)


TIMEOUTS = {
    "no target": (scraped(), r'timestamp(up{job=~"shop"}) has no series'),
    "a target that is no longer scraped": (scraped(NOW - 60), "the last scrape was 66 s ago"),
    "one of two targets is no longer scraped": (
        scraped(NOW + 3, NOW - 60),
        "the last scrape was 66 s ago",
    ),
}


@pytest.mark.parametrize(("responder", "cause"), TIMEOUTS.values(), ids=TIMEOUTS.keys())
def test_a_timeout_states_its_cause(responder: Responder, cause: str) -> None:
    with pytest.raises(NoScrapeError) as caught:
        wait(responder, timeout=4)
    assert str(caught.value) == f"no scrape of the service within 4 s: {cause}"


FAULTS = {
    "Prometheus closes the connection": (scraped(NOW - 1), reset_connection),
    "Prometheus fails": (respond_text("", 503),),
    "Prometheus rejects the query": (respond_error(422, "no"),),
}


@pytest.mark.parametrize("responders", FAULTS.values(), ids=FAULTS.keys())
def test_a_prometheus_that_fails_ends_the_wait(responders: Sequence[Responder]) -> None:
    with pytest.raises(PrometheusError):
        wait(*responders)


# --- The scrape that closes a window ------------------------------------------------------------


def wait_for_closing(url: str, ago: float) -> list[str]:
    """Wait for the scrape that closes a window which ended ``ago`` seconds ago; return the status lines."""
    messages: list[str] = []
    with PrometheusClient(ConnectionSettings(url, retries=0)) as prometheus:
        await_closing_scrape(prometheus, spec_of_jobs("shop"), time.time() - ago, 60, messages.append)
    return messages


def test_a_window_that_ended_long_ago_is_not_awaited() -> None:
    with run_server(reset_connection) as server:
        assert wait_for_closing(server.url, ago=61) == []
        assert not server.requests


def test_a_window_that_ended_recently_is_awaited() -> None:
    with run_server(scraped(time.time() + 60)) as server:
        assert wait_for_closing(server.url, ago=1) == ["waiting for the scrape that closes the window"]
        assert [request.path for request in server.requests] == ["/api/v1/status/buildinfo", "/api/v1/query"]


def test_a_missing_closing_scrape_is_reported_and_is_no_error() -> None:
    with run_server(scraped(NOW)) as server:
        _, message = wait_for_closing(server.url, ago=59.9)
    assert message.startswith("no scrape of the service within 0 s: the last scrape was ")


def test_an_unreachable_prometheus_is_reported_and_is_no_error() -> None:
    _, message = wait_for_closing(find_refused_url(), ago=1)
    assert "does not respond (Connection refused)" in message
