"""The client: faults, retries, what is sent, and evidence from failing servers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from slo.evaluation import evaluate
from slo.model import Evidence, Outcome, PromQL, RawRatioSLI, Reason, Series, Spec, Window
from slo.prometheus.client import PrometheusClient, PrometheusError, PrometheusUnreachableError, QueryError
from slo.prometheus.connection import ConnectionSettings
from slo.prometheus.evidence_gathering import gather_evidence
from tests.support.http_faults import (
    Handler,
    RecordedRequest,
    Responder,
    find_refused_url,
    never_respond,
    reset_connection,
    respond_error,
    respond_success,
    respond_text,
    run_server,
    send_partial_response,
)
from tests.support.specs import CHECKOUT_SLO

UNREACHABLE, REFUSED = PrometheusUnreachableError, QueryError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def short_timeouts(url: str, retries: int = 1) -> ConnectionSettings:
    return ConnectionSettings(url, connect_timeout_seconds=1, read_timeout_seconds=0.2, retries=retries)


def vector(*values: str) -> dict[str, object]:
    return {"resultType": "vector", "result": [{"metric": {}, "value": [7.5, value]} for value in values]}


def respond_clock(handler: Handler) -> None:
    """Respond with the server's time, which is that of this machine."""
    respond_success(vector(f"{time.time():.3f}"))(handler)


def matrix(*samples: tuple[float, str]) -> dict[str, object]:
    return {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": list(samples)}]}


@dataclass(frozen=True)
class Fault:
    """Responses of a server, and the expected error and number of requests."""

    responders: tuple[Responder, ...]
    error: type[PrometheusError]
    message: str
    request_count: int


def unparsable(data: object) -> Fault:
    return Fault((respond_success(data),), REFUSED, "a result that can't be parsed for 'up'", 1)


LOGIN_PAGE = "<html><title>Sign in</title></html>"
FAULTS = {
    "every connection is reset": Fault((reset_connection,), UNREACHABLE, "(Connection reset by peer)", 2),
    "the connection is closed in the middle of the body": Fault(
        (send_partial_response,), UNREACHABLE, "does not respond (IncompleteRead(15 bytes", 1
    ),
    "there is no response": Fault((never_respond,), UNREACHABLE, "timed out", 2),
    "503 on every request": Fault((respond_text("busy", 503),), UNREACHABLE, "responded with 503", 2),
    "500 with an error message": Fault(
        (respond_error(500, "disk full", "internal"),), UNREACHABLE, "disk full", 2
    ),
    "503 with Retry-After of an hour": Fault(
        (respond_text("", 503, Retry_After="3600"),), UNREACHABLE, "503", 2
    ),
    "429 with Retry-After of an hour": Fault((respond_text("", 429, Retry_After="3600"),), REFUSED, "429", 1),
    "the query is refused": Fault((respond_error(400, "parse error: x"),), REFUSED, "400: parse error: x", 1),
    "the query can't be executed": Fault(
        (respond_error(422, "too many samples"),), REFUSED, "too many samples", 1
    ),
    "401": Fault((respond_text("", 401),), REFUSED, "responded with 401: it refuses the credentials", 1),
    "403 with a page": Fault((respond_text(LOGIN_PAGE, 403),), REFUSED, "responded with 403", 1),
    "404: no such API": Fault((respond_text("404 page not found", 404),), REFUSED, "responded with 404", 1),
    "a redirect to a login page": Fault(
        (respond_text("", 302, Location="http://127.0.0.1:9/login"),),
        REFUSED,
        "responded with 302: it redirects",
        1,
    ),
    "a web page": Fault((respond_text(LOGIN_PAGE),), REFUSED, "not a response of the Prometheus HTTP API", 1),
    "an empty body": Fault((respond_text(""),), REFUSED, "not a response of the Prometheus HTTP API", 1),
    "JSON of another shape": Fault(
        (respond_text("[1, 2]"),), REFUSED, "not a response of the Prometheus HTTP API", 1
    ),
    "truncated JSON": Fault((respond_text('{"status": "succ'),), REFUSED, "not a response of the Prom", 1),
    "data that is missing": unparsable(None),
    "data that is a list": unparsable([]),
    "a result that is missing": unparsable({"resultType": "vector"}),
    "a result that is not a list": unparsable({"resultType": "vector", "result": 3}),
    "rows that are not mappings": unparsable({"resultType": "vector", "result": [3]}),
    "labels that are missing": unparsable({"resultType": "vector", "result": [{"value": [1, "2"]}]}),
    "a sample without a value": unparsable(
        {"resultType": "vector", "result": [{"metric": {}, "value": [1]}]}
    ),
    "a sample that is not a number": unparsable(vector("many")),
    "a scalar without a value": unparsable({"resultType": "scalar", "result": [1]}),
    "a matrix instead of a vector": unparsable(matrix((1, "2"))),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_fault_gives_an_error_of_one_line(fault: Fault) -> None:
    with run_server(*fault.responders) as server, PrometheusClient(short_timeouts(server.url)) as prometheus:
        with pytest.raises(fault.error) as caught:
            prometheus.query_instant("up", 7.5)
        assert fault.message in str(caught.value)
        assert "\n" not in str(caught.value)
        assert server.url in str(caught.value)
        assert len(server.requests) == fault.request_count


def test_refused_connection_is_unreachable() -> None:
    url = find_refused_url()
    with (
        PrometheusClient(short_timeouts(url)) as prometheus,
        pytest.raises(PrometheusUnreachableError, match=rf"{url} does not respond \(.*refused"),
    ):
        prometheus.query_instant("up", 7.5)


RECOVERIES = {
    "503 once": (respond_text("starting", 503),),
    "503 and 502": (respond_text("starting", 503), respond_text("", 502)),
    "a reset connection": (reset_connection,),
    "a response that comes too late": (never_respond,),
}


@pytest.mark.parametrize("failures", RECOVERIES.values(), ids=RECOVERIES.keys())
@pytest.mark.parametrize("query", ["up", "up + " * 300 + "up"], ids=["GET", "POST"])
def test_temporary_fault_is_retried(failures: tuple[Responder, ...], query: str) -> None:
    with (
        run_server(*failures, respond_success(vector("3"))) as server,
        PrometheusClient(short_timeouts(server.url, retries=2)) as prometheus,
    ):
        assert prometheus.query_instant(query, 7.5).series == (Series({}, (7.5,), (3.0,)),)
        queries = [request.parameters["query"] for request in server.requests]
        assert queries == [query] * (len(failures) + 1)


def test_samples_that_are_not_a_matrix_are_refused() -> None:
    results: list[object] = [vector("1"), {"resultType": "matrix", "result": [{"metric": {}, "values": [1]}]}]
    for data in results:
        with (
            run_server(respond_success(data)) as server,
            PrometheusClient(short_timeouts(server.url)) as prometheus,
        ):
            with pytest.raises(QueryError):
                prometheus.fetch_samples("up", 0, 10)
            assert len(server.requests) == 1


# --- Requests and results -------------------------------------------------------------------------


def record_request(
    query: Callable[[PrometheusClient], object], *responders: Responder, path: str = ""
) -> RecordedRequest:
    """Return the only request that a query sends."""
    with run_server(*responders) as server, PrometheusClient(short_timeouts(server.url + path)) as prometheus:
        query(prometheus)
        (request,) = server.requests
        return request


def test_evaluation_time_is_always_sent() -> None:
    request = record_request(lambda p: p.query_instant("up", 1_700_000_000.25), respond_success(vector("1")))
    assert request.parameters == {"query": "up", "time": "1700000000.250"}
    assert (request.method, request.path, request.in_body) == ("GET", "/api/v1/query", False)


def test_samples_are_queried_by_a_range_selector() -> None:
    responder = respond_success(matrix((8.5, "1"), (9.5, "NaN"), (10, "+Inf")))
    request = record_request(lambda p: p.fetch_samples('up{job="a"}', 7.75, 10), responder)
    assert request.parameters == {"query": 'up{job="a"}[2250ms]', "time": "10.000"}


def test_long_query_is_sent_by_post() -> None:
    query = "up + " * 300 + "up"
    request = record_request(lambda p: p.query_instant(query, 7.5), respond_success(vector("1")))
    assert (request.method, request.in_body) == ("POST", True)
    assert request.parameters == {"query": query, "time": "7.500"}


@pytest.mark.parametrize("path", ["/prometheus", "/prometheus/"])
def test_path_of_the_url_is_kept(path: str) -> None:
    request = record_request(lambda p: p.query_instant("up", 7.5), respond_success(vector("1")), path=path)
    assert request.path == "/prometheus/api/v1/query"


def test_result_has_the_warnings_of_the_response() -> None:
    responder = respond_success(
        matrix((8.5, "1"), (9.5, "2")), warnings=["partial response"], infos=["not a counter"]
    )
    with run_server(responder) as server, PrometheusClient(short_timeouts(server.url)) as prometheus:
        result = prometheus.fetch_samples("a_total", 0, 10)
    assert result.series == (Series({"job": "a"}, (8.5, 9.5), (1.0, 2.0)),)
    assert result.warnings == ("partial response", "not a counter")
    assert (result.query, result.time, result.exact, result.error) == ("a_total[10000ms]", 10, True, None)


def test_scalar_is_a_series_without_labels() -> None:
    responder = respond_success({"resultType": "scalar", "result": [7.5, "3"]})
    with run_server(responder) as server, PrometheusClient(short_timeouts(server.url)) as prometheus:
        assert prometheus.query_instant("3", 7.5).series == (Series({}, (7.5,), (3.0,)),)


VERSIONS = {
    "Prometheus": (respond_success({"version": "2.42.0"}), "2.42.0"),
    "a server without a version": (respond_success({}), ""),
    "a server without build information": (respond_text("", 404), ""),
    "build information of another shape": (respond_success(["a"]), ""),
}


@pytest.mark.parametrize(("responder", "version"), VERSIONS.values(), ids=VERSIONS.keys())
def test_version_is_that_of_the_build_information(responder: Responder, version: str) -> None:
    with run_server(responder) as server, PrometheusClient(short_timeouts(server.url)) as prometheus:
        assert prometheus.fetch_version() == version


# --- Evidence -----------------------------------------------------------------------------------


def gather_from(*responders: Responder) -> Evidence:
    """Return the evidence for an SLO of two counters from a server with these responders."""
    with run_server(*responders) as server, PrometheusClient(short_timeouts(server.url)) as prometheus:
        return gather_evidence(prometheus, Spec((CHECKOUT_SLO,)), Window(0, 10), now=11, margin_seconds=1)


BUILD, SAMPLES = (
    respond_success({"version": "2.42.0"}),
    respond_success(matrix(*((time, "1") for time in range(-1, 12)))),
)
NO_CLOCK = respond_success({"resultType": "vector", "result": []})
FAILURES = {
    "before the first response": (reset_connection,),
    "after the version": (BUILD, reset_connection),
    "between two counters": (BUILD, NO_CLOCK, SAMPLES, respond_text("", 503)),
    "before up is queried": (BUILD, NO_CLOCK, SAMPLES, SAMPLES, never_respond),
}


@pytest.mark.parametrize("responders", FAILURES.values(), ids=FAILURES.keys())
def test_server_that_fails_between_queries_gives_undecided(responders: tuple[Responder, ...]) -> None:
    evidence = gather_from(*responders)
    assert evidence.error is not None
    verdict = evaluate(Spec((CHECKOUT_SLO,)), evidence)
    assert verdict.outcome is Outcome.UNDECIDED
    assert {objective.reason for objective in verdict.objectives} == {Reason.PROMETHEUS_UNREACHABLE}


REFUSALS = {
    "with an error message": (respond_error(422, "too many samples"), "too many samples"),
    "with 401": (respond_text("", 401), "responded with 401"),
    "with a result that can't be parsed": (unparsable(3).responders[0], "a result that can't be parsed"),
}


@pytest.mark.parametrize(("responder", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_query_gives_undecided(responder: Responder, message: str) -> None:
    evidence = gather_from(BUILD, NO_CLOCK, responder, SAMPLES)
    assert evidence.error is None
    verdict = evaluate(Spec((CHECKOUT_SLO,)), evidence)
    (objective,) = verdict.objectives
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert message in objective.detail


def test_up_query_escapes_the_job_names() -> None:
    samples = respond_success(
        {"resultType": "matrix", "result": [{"metric": {"job": "c++|a.b"}, "values": [[8, "1"]]}]}
    )
    with (
        run_server(BUILD, NO_CLOCK, samples) as server,
        PrometheusClient(short_timeouts(server.url)) as prometheus,
    ):
        gather_evidence(prometheus, Spec((CHECKOUT_SLO,)), Window(0, 10), now=11, margin_seconds=1)
    queries = [request.parameters.get("query", "") for request in server.requests]
    assert any(query.startswith(r'up{job=~"c\\+\\+\\|a\\.b"}') for query in queries)


def test_up_is_queried_for_the_jobs_of_server_evaluated_queries() -> None:
    ratio = RawRatioSLI(PromQL('sum(rate(ok{job="shop"}[1m])) / sum(rate(all{job=~"shop|till"}[1m]))'))
    spec = Spec((replace(CHECKOUT_SLO, sli=ratio),))
    down = respond_success(matrix(*((time, "0") for time in range(-1, 12))))
    with (
        run_server(BUILD, respond_clock, respond_success(vector("1")), down) as server,
        PrometheusClient(short_timeouts(server.url)) as prometheus,
    ):
        (objective,) = evaluate(
            spec, gather_evidence(prometheus, spec, Window(0, 10), now=11, margin_seconds=1)
        ).objectives
    assert [request.parameters["query"].split("[")[0] for request in server.requests[-2:]] == [
        'up{job=~"(?:shop|till)|shop"}',
        'process_start_time_seconds{job=~"(?:shop|till)|shop"}',
    ]
    assert (objective.outcome, objective.reason) == (Outcome.UNDECIDED, Reason.TARGET_DOWN)
