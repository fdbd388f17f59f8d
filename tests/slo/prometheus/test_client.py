from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from slo.evaluation.evaluate import evaluate
from slo.model import Evidence, Outcome, PromQL, RawRatioSLI, Reason, Series, Spec, Window
from slo.prometheus.client import Prometheus, PrometheusError, PrometheusUnreachableError, QueryError
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import gather
from tests.support.http_faults import (
    Answer,
    Asked,
    envelope,
    half,
    refusal,
    refused_url,
    reset,
    serving,
    silence,
    text,
)
from tests.support.specs import CHECKOUT

UNREACHABLE, REFUSED = PrometheusUnreachableError, QueryError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def impatient(url: str, retries: int = 1) -> Connection:
    return Connection(url, connect_timeout_seconds=1, read_timeout_seconds=0.2, retries=retries)


def vector(*values: str) -> dict[str, object]:
    return {"resultType": "vector", "result": [{"metric": {}, "value": [7.5, value]} for value in values]}


def matrix(*samples: tuple[float, str]) -> dict[str, object]:
    return {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": list(samples)}]}


@dataclass(frozen=True)
class Fault:
    answers: tuple[Answer, ...]
    kind: type[PrometheusError]
    says: str
    asked: int


def shaped(data: object) -> Fault:
    return Fault((envelope(data),), REFUSED, "no result that can be read for 'up'", 1)


LOGIN_PAGE = "<html><title>Sign in</title></html>"
FAULTS = {
    "it resets every connection": Fault((reset,), UNREACHABLE, "(Connection reset by peer)", 2),
    "it closes half-way": Fault((half,), UNREACHABLE, "does not answer (IncompleteRead(15 bytes", 1),
    "it never answers": Fault((silence,), UNREACHABLE, "timed out", 2),
    "it is overloaded and stays so": Fault((text("busy", 503),), UNREACHABLE, "answered 503", 2),
    "it fails and says why": Fault((refusal(500, "disk full", "internal"),), UNREACHABLE, "disk full", 2),
    "it asks to come back in an hour": Fault((text("", 503, Retry_After="3600"),), UNREACHABLE, "503", 2),
    "it is rate-limited for an hour": Fault((text("", 429, Retry_After="3600"),), REFUSED, "429", 1),
    "it refuses the query": Fault((refusal(400, "parse error: x"),), REFUSED, "400: parse error: x", 1),
    "it can't execute the query": Fault((refusal(422, "too many samples"),), REFUSED, "too many samples", 1),
    "it wants a password": Fault((text("", 401),), REFUSED, "answered 401: it wants other credentials", 1),
    "it forbids": Fault((text(LOGIN_PAGE, 403),), REFUSED, "answered 403", 1),
    "it has no such API": Fault((text("404 page not found", 404),), REFUSED, "answered 404", 1),
    "it redirects to a login page": Fault(
        (text("", 302, Location="http://127.0.0.1:9/login"),), REFUSED, "answered 302: it redirects", 1
    ),
    "it is a web page": Fault((text(LOGIN_PAGE),), REFUSED, "no answer of the Prometheus HTTP API", 1),
    "it says nothing at all": Fault((text(""),), REFUSED, "no answer of the Prometheus HTTP API", 1),
    "it speaks another JSON": Fault((text("[1, 2]"),), REFUSED, "no answer of the Prometheus HTTP API", 1),
    "it cuts its JSON short": Fault((text('{"status": "succ'),), REFUSED, "no answer of the Prom", 1),
    "the data is missing": shaped(None),
    "the data is a list": shaped([]),
    "the result is missing": shaped({"resultType": "vector"}),
    "the result is no list": shaped({"resultType": "vector", "result": 3}),
    "the rows are no mappings": shaped({"resultType": "vector", "result": [3]}),
    "the labels are missing": shaped({"resultType": "vector", "result": [{"value": [1, "2"]}]}),
    "a sample has no value": shaped({"resultType": "vector", "result": [{"metric": {}, "value": [1]}]}),
    "a sample is no number": shaped(vector("many")),
    "a scalar is cut short": shaped({"resultType": "scalar", "result": [1]}),
    "it gives samples of a range": shaped(matrix((1, "2"))),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_clear_error(fault: Fault) -> None:
    with serving(*fault.answers) as server, Prometheus(impatient(server.url)) as prometheus:
        with pytest.raises(fault.kind) as caught:
            prometheus.value("up", 7.5)
        assert fault.says in str(caught.value)
        assert "\n" not in str(caught.value)
        assert server.url in str(caught.value)
        assert len(server.asked) == fault.asked


def test_a_refused_connection_is_unreachable() -> None:
    url = refused_url()
    with (
        Prometheus(impatient(url)) as prometheus,
        pytest.raises(PrometheusUnreachableError, match=rf"{url} does not answer \(.*refused"),
    ):
        prometheus.value("up", 7.5)


RECOVERIES = {
    "503 once": (text("starting", 503),),
    "503 and 502": (text("starting", 503), text("", 502)),
    "a reset connection": (reset,),
    "an answer that comes too late": (silence,),
}


@pytest.mark.parametrize("first", RECOVERIES.values(), ids=RECOVERIES.keys())
@pytest.mark.parametrize("query", ["up", "up + " * 300 + "up"], ids=["GET", "POST"])
def test_a_passing_fault_is_retried(first: tuple[Answer, ...], query: str) -> None:
    with (
        serving(*first, envelope(vector("3"))) as server,
        Prometheus(impatient(server.url, retries=2)) as prometheus,
    ):
        assert prometheus.value(query, 7.5).series == (Series({}, (7.5,), (3.0,)),)
        assert [asked.parameters["query"] for asked in server.asked] == [query] * (len(first) + 1)


def test_samples_of_another_shape_are_refused() -> None:
    shapes: list[object] = [vector("1"), {"resultType": "matrix", "result": [{"metric": {}, "values": [1]}]}]
    for data in shapes:
        with serving(envelope(data)) as server, Prometheus(impatient(server.url)) as prometheus:
            with pytest.raises(QueryError):
                prometheus.raw("up", 0, 10)
            assert len(server.asked) == 1


# --- What is asked and kept ---------------------------------------------------------------------


def asked_for(ask: Callable[[Prometheus], object], *answers: Answer, path: str = "") -> Asked:
    with serving(*answers) as server, Prometheus(impatient(server.url + path)) as prometheus:
        ask(prometheus)
        (asked,) = server.asked
        return asked


def test_the_time_is_always_given() -> None:
    asked = asked_for(lambda p: p.value("up", 1_700_000_000.25), envelope(vector("1")))
    assert asked.parameters == {"query": "up", "time": "1700000000.250"}
    assert (asked.method, asked.path, asked.in_body) == ("GET", "/api/v1/query", False)


def test_raw_samples_are_those_of_a_range_selector() -> None:
    answer = envelope(matrix((8.5, "1"), (9.5, "NaN"), (10, "+Inf")))
    asked = asked_for(lambda p: p.raw('up{job="a"}', 7.75, 10), answer)
    assert asked.parameters == {"query": 'up{job="a"}[2250ms]', "time": "10.000"}


def test_a_long_query_goes_by_post() -> None:
    query = "up + " * 300 + "up"
    asked = asked_for(lambda p: p.value(query, 7.5), envelope(vector("1")))
    assert (asked.method, asked.in_body) == ("POST", True)
    assert asked.parameters == {"query": query, "time": "7.500"}


@pytest.mark.parametrize("path", ["/prometheus", "/prometheus/"])
def test_a_path_before_the_api_is_kept(path: str) -> None:
    asked = asked_for(lambda p: p.value("up", 7.5), envelope(vector("1")), path=path)
    assert asked.path == "/prometheus/api/v1/query"


def test_an_answer_is_kept_with_its_warnings() -> None:
    answer = envelope(matrix((8.5, "1"), (9.5, "2")), warnings=["partial answer"], infos=["not a counter"])
    with serving(answer) as server, Prometheus(impatient(server.url)) as prometheus:
        result = prometheus.raw("a_total", 0, 10)
    assert result.series == (Series({"job": "a"}, (8.5, 9.5), (1.0, 2.0)),)
    assert result.warnings == ("partial answer", "not a counter")
    assert (result.query, result.time, result.exact, result.error) == ("a_total[10000ms]", 10, True, None)


def test_a_scalar_is_one_series_without_labels() -> None:
    answer = envelope({"resultType": "scalar", "result": [7.5, "3"]})
    with serving(answer) as server, Prometheus(impatient(server.url)) as prometheus:
        assert prometheus.value("3", 7.5).series == (Series({}, (7.5,), (3.0,)),)


VERSIONS = {
    "Prometheus": (envelope({"version": "2.42.0"}), "2.42.0"),
    "a server that does not say": (envelope({}), ""),
    "a server without that page": (text("", 404), ""),
    "a server with another page there": (envelope(["a"]), ""),
}


@pytest.mark.parametrize(("answer", "version"), VERSIONS.values(), ids=VERSIONS.keys())
def test_the_version_is_what_the_server_says(answer: Answer, version: str) -> None:
    with serving(answer) as server, Prometheus(impatient(server.url)) as prometheus:
        assert prometheus.version() == version


# --- Evidence -----------------------------------------------------------------------------------


def evidence_of(*answers: Answer) -> Evidence:
    """Gather the evidence of one SLO of two counters from a server that answers so."""
    with serving(*answers) as server, Prometheus(impatient(server.url)) as prometheus:
        return gather(prometheus, Spec((CHECKOUT,)), Window(0, 10), now=11, margin=1)


BUILD, SAMPLES = envelope({"version": "2.42.0"}), envelope(matrix(*((time, "1") for time in range(-1, 12))))
NO_CLOCK = envelope({"resultType": "vector", "result": []})
DEATHS = {
    "before the first answer": (reset,),
    "after it said its version": (BUILD, reset),
    "between two counters": (BUILD, NO_CLOCK, SAMPLES, text("", 503)),
    "before the scrapes are known": (BUILD, NO_CLOCK, SAMPLES, SAMPLES, silence),
}


@pytest.mark.parametrize("answers", DEATHS.values(), ids=DEATHS.keys())
def test_a_server_that_dies_while_asked_decides_nothing(answers: tuple[Answer, ...]) -> None:
    evidence = evidence_of(*answers)
    assert evidence.error is not None
    verdict = evaluate(Spec((CHECKOUT,)), evidence)
    assert verdict.outcome is Outcome.UNDECIDED
    assert {one.reason for one in verdict.objectives} == {Reason.PROMETHEUS_UNREACHABLE}


REFUSALS = {
    "in Prometheus's words": (refusal(422, "too many samples"), "too many samples"),
    "by asking for a password": (text("", 401), "answered 401"),
    "with samples of another shape": (shaped(3).answers[0], "no result that can be read"),
}


@pytest.mark.parametrize(("answer", "says"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_query_refused_decides_nothing_of_its_objective(answer: Answer, says: str) -> None:
    evidence = evidence_of(BUILD, NO_CLOCK, answer, SAMPLES)
    assert evidence.error is None
    verdict = evaluate(Spec((CHECKOUT,)), evidence)
    (objective,) = verdict.objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert says in objective.detail


def test_what_is_asked_about_the_scrapes_matches_the_jobs_literally() -> None:
    odd = envelope({"resultType": "matrix", "result": [{"metric": {"job": "c++|a.b"}, "values": [[8, "1"]]}]})
    with serving(BUILD, NO_CLOCK, odd) as server, Prometheus(impatient(server.url)) as prometheus:
        gather(prometheus, Spec((CHECKOUT,)), Window(0, 10), now=11, margin=1)
    asked = [one.parameters.get("query", "") for one in server.asked]
    assert any(query.startswith(r'up{job=~"c\\+\\+\\|a\\.b"}') for query in asked)


def test_the_scrapes_of_what_prometheus_computes_are_asked_too() -> None:
    ratio = RawRatioSLI(PromQL('sum(rate(ok{job="shop"}[1m])) / sum(rate(all{job=~"shop|till"}[1m]))'))
    spec = Spec((replace(CHECKOUT, sli=ratio),))
    down = envelope(matrix(*((time, "0") for time in range(-1, 12))))
    with (
        serving(BUILD, NO_CLOCK, envelope(vector("1")), down) as server,
        Prometheus(impatient(server.url)) as prometheus,
    ):
        (judged,) = evaluate(spec, gather(prometheus, spec, Window(0, 10), now=11, margin=1)).objectives
    assert [asked.parameters["query"].split("[")[0] for asked in server.asked[-2:]] == [
        'up{job=~"(?:shop|till)|shop"}',
        'process_start_time_seconds{job=~"(?:shop|till)|shop"}',
    ]
    assert (judged.outcome, judged.reason) == (Outcome.UNDECIDED, Reason.TARGET_DOWN)
