from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from proofload.stack import scrape_wait
from proofload.stack.scrape_wait import NoScrapeError, await_closing_scrape, await_scrape, up_query
from slo.model import EventsSLI, PromQL, Service, Spec
from slo.prometheus.client import Prometheus, PrometheusError
from slo.prometheus.connection import Connection
from tests.support.http_faults import Answer, Server, envelope, refusal, refused_url, reset, serving, text
from tests.support.specs import CHECKOUT

NOW = 1_000.0


def of_jobs(*jobs: str) -> Spec:
    """Give a spec of two counters for each job."""
    slis = [EventsSLI(PromQL(f"a{{job={json.dumps(j)}}}"), PromQL(f"b{{job={json.dumps(j)}}}")) for j in jobs]
    return Spec(tuple(replace(CHECKOUT, name=str(n), sli=sli) for n, sli in enumerate(slis)))


SPECS = {
    "no job": (Spec((CHECKOUT,)), "up"),
    "one job": (of_jobs("shop"), 'up{job=~"shop"}'),
    "two jobs, each once": (of_jobs("shop", "bank", "shop"), 'up{job=~"bank|shop"}'),
    "a job that would be a pattern": (of_jobs("c++|a.b"), r'up{job=~"c\\+\\+\\|a\\.b"}'),
    "a job with quotes": (of_jobs('a"b'), r'up{job=~"a\"b"}'),
    "a job of the service's requests": (
        Spec((CHECKOUT,), (Service("shop", requests='r{job="shop"}'),)),
        'up{job=~"shop"}',
    ),
    "a job that is only matched by a pattern": (
        Spec((CHECKOUT,), (Service("shop", requests='r{job=~"shop.*"}'),)),
        "up",
    ),
}


@pytest.mark.parametrize(("spec", "query"), SPECS.values(), ids=SPECS.keys())
def test_the_scrapes_of_the_jobs_that_the_spec_names_are_awaited(spec: Spec, query: str) -> None:
    assert up_query(spec) == query


# --- Waiting ------------------------------------------------------------------------------------


def scraped(*times: float, jobs: Sequence[str] = ("shop",)) -> Answer:
    """Answer with the time of the last scrape of each target; each of them belongs to every job."""
    rows = [
        {"metric": {"job": job, "instance": str(n)}, "value": [NOW, str(time)]}
        for n, time in enumerate(times)
        for job in jobs
    ]
    return envelope({"resultType": "vector", "result": rows})


class Clock:
    """Goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape_wait, "POLL_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def awaited(*answers: Answer, deadline: float = 10, jobs: Sequence[str] = ("shop",)) -> tuple[float, Server]:
    build = envelope({"version": "2.42.0"})
    with serving(build, *answers) as server, Prometheus(Connection(server.url, retries=0)) as prometheus:
        spec = of_jobs(*jobs)
        seen = await_scrape(prometheus, spec, after=NOW, deadline_seconds=deadline, clock=Clock())
        assert server.asked.pop(0).path == "/api/v1/status/buildinfo"
        return seen, server


@dataclass(frozen=True)
class Wait:
    answers: tuple[Answer, ...]
    asked: int
    last: float = NOW + 1


WAITS = {
    "a scrape that is already there": Wait((scraped(NOW + 1),), 1),
    "a scrape at the very moment is none after it": Wait((scraped(NOW), scraped(NOW + 1)), 2),
    "the first scrape of all": Wait((scraped(), scraped(NOW - 5), scraped(NOW + 1)), 3),
    "the slower of two targets": Wait(
        (scraped(NOW + 1, NOW - 3), scraped(NOW + 2, NOW - 3), scraped(NOW + 2, NOW + 1)), 3, NOW + 2
    ),
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_the_last_scrape_after_the_moment_is_given(wait: Wait) -> None:
    seen, server = awaited(*wait.answers)
    assert seen == wait.last
    assert len(server.asked) == wait.asked
    assert {asked.parameters["query"] for asked in server.asked} == {'timestamp(up{job=~"shop"})'}
    assert [float(asked.parameters["time"]) for asked in server.asked] == [
        NOW + 2 + n for n in range(wait.asked)
    ]


def test_the_first_scrape_of_every_job_is_awaited() -> None:
    jobs = ("shop", "c++")
    late = (scraped(NOW + 5), scraped(NOW + 6, jobs=jobs))
    seen, server = awaited(*late, jobs=jobs)
    assert (seen, len(server.asked)) == (NOW + 6, 2)


def test_a_job_that_is_not_there_is_not_awaited_until_the_deadline() -> None:
    seen, server = awaited(scraped(NOW + 50), deadline=40, jobs=("shop", "gone"))
    assert (seen, len(server.asked)) == (NOW + 50, 16)


NEVER = {
    "no target": (scraped(), r'timestamp(up{job=~"shop"}) has no series'),
    "a target that is not scraped any more": (scraped(NOW - 60), "the last scrape was 66 s ago"),
    "one of two targets is not scraped any more": (
        scraped(NOW + 3, NOW - 60),
        "the last scrape was 66 s ago",
    ),
}


@pytest.mark.parametrize(("answer", "says"), NEVER.values(), ids=NEVER.keys())
def test_waiting_ends_at_the_deadline_and_says_why(answer: Answer, says: str) -> None:
    with pytest.raises(NoScrapeError) as caught:
        awaited(answer, deadline=4)
    assert str(caught.value) == f"no scrape of the service within 4 s: {says}"


FAULTS = {
    "Prometheus dies": (scraped(NOW - 1), reset),
    "Prometheus fails": (text("", 503),),
    "Prometheus refuses": (refusal(422, "no"),),
}


@pytest.mark.parametrize("answers", FAULTS.values(), ids=FAULTS.keys())
def test_a_prometheus_that_does_not_answer_ends_the_wait(answers: Sequence[Answer]) -> None:
    with pytest.raises(PrometheusError):
        awaited(*answers)


# --- The scrape that closes a window ------------------------------------------------------------


def closing(url: str, ago: float) -> list[str]:
    """Wait for the scrape that closes a window which ended so many seconds ago; tell what was said."""
    said: list[str] = []
    with Prometheus(Connection(url, retries=0)) as prometheus:
        await_closing_scrape(prometheus, of_jobs("shop"), time.time() - ago, 60, said.append)
    return said


def test_a_window_long_past_is_not_waited_for() -> None:
    with serving(reset) as server:
        assert closing(server.url, ago=61) == []
        assert not server.asked


def test_a_window_that_ended_just_now_is_waited_for() -> None:
    with serving(scraped(time.time() + 60)) as server:
        assert closing(server.url, ago=1) == ["waiting for the scrape that closes the window"]
        assert [asked.path for asked in server.asked] == ["/api/v1/status/buildinfo", "/api/v1/query"]


def test_a_closing_scrape_that_never_comes_is_told_and_left_to_the_evidence() -> None:
    with serving(scraped(NOW)) as server:
        _, told = closing(server.url, ago=59.9)
    assert told.startswith("no scrape of the service within 0 s: the last scrape was ")


def test_a_prometheus_that_is_gone_is_told_and_left_to_the_evidence() -> None:
    _, told = closing(refused_url(), ago=1)
    assert "does not answer (Connection refused)" in told
