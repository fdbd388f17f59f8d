"""Servers that would take all time or memory: the client gives up, with an error of one line."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from slo.prometheus import client
from slo.prometheus.client import PrometheusClient, PrometheusError, PrometheusUnreachableError, QueryError
from slo.prometheus.connection import ConnectionSettings
from tests.support.http_faults import Handler, Responder, respond_success, respond_text, run_server

DEADLINE_SECONDS = 1.0
MAX_BYTES = 1_000_000
UNREACHABLE, REFUSED = PrometheusUnreachableError, QueryError


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", MAX_BYTES)
    monkeypatch.setattr(client, "MAX_STATUS_BYTES", MAX_BYTES // 10)


def settings(url: str) -> ConnectionSettings:
    return ConnectionSettings(url, deadline_seconds=DEADLINE_SECONDS, retries=1)


def send_slowly(*pieces: bytes) -> Responder:
    """Send the pieces, then a byte every 50 ms until the test ends."""

    def respond(handler: Handler) -> None:
        handler.close_connection = True
        try:
            for piece in pieces:
                handler.wfile.write(piece)
            while not handler.server.closing.wait(0.05):
                handler.wfile.write(b"a")
        except OSError:
            return

    return respond


def send_endlessly(head: bytes, piece: bytes) -> Responder:
    """Send the head, then the piece again and again until the client or the test ends."""

    def respond(handler: Handler) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(head)
            while not handler.server.closing.is_set():
                handler.wfile.write(piece)
        except OSError:
            return

    return respond


def respond_bytes(body: bytes, **headers: str) -> Responder:
    def respond(handler: Handler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


@dataclass(frozen=True)
class Case:
    responder: Responder
    error: type[PrometheusError]
    message: str


OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(100_000_000), 9)
TOO_SLOW = "sent no whole answer within 1 s"
TOO_LARGE = "its answer is larger than 1,000,000 bytes"
NO_PROMETHEUS = "not a response of the Prometheus HTTP API"
CASES: dict[str, Case] = {
    "a byte now and then in the status line": Case(send_slowly(b"HTTP/1.1 200 "), UNREACHABLE, TOO_SLOW),
    "a byte now and then in the headers": Case(send_slowly(OK, b"X-A: "), UNREACHABLE, TOO_SLOW),
    "a byte now and then in the body": Case(
        send_slowly(OK, b"Content-Length: 100000\r\n\r\n{"), UNREACHABLE, TOO_SLOW
    ),
    "a byte now and then in a body without length": Case(send_slowly(OK, b"\r\n{"), UNREACHABLE, TOO_SLOW),
    "a chunk that does not end": Case(
        send_slowly(OK, b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n"), UNREACHABLE, TOO_SLOW
    ),
    "a chunk length that does not end": Case(
        send_slowly(OK, b"Transfer-Encoding: chunked\r\n\r\n"), UNREACHABLE, TOO_SLOW
    ),
    "an endless body": Case(send_endlessly(OK + b"\r\n", b" " * 65_536), REFUSED, TOO_LARGE),
    "endless chunks": Case(
        send_endlessly(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2000\r\n" + b"a" * 8_192 + b"\r\n"),
        REFUSED,
        TOO_LARGE,
    ),
    "an endless body of an error": Case(
        send_endlessly(b"HTTP/1.1 400 no\r\n\r\n", b" " * 65_536), REFUSED, TOO_LARGE
    ),
    "an endless body of a server error, which is retried": Case(
        send_endlessly(b"HTTP/1.1 503 no\r\n\r\n", b" " * 65_536), REFUSED, TOO_LARGE
    ),
    "endless headers": Case(send_endlessly(OK, b"A: b\r\n"), UNREACHABLE, "does not respond"),
    "an endless header": Case(send_endlessly(OK + b"A: ", b"a" * 65_536), UNREACHABLE, "does not respond"),
    "100 MB in 100 KB of gzip": Case(respond_bytes(BOMB, Content_Encoding="gzip"), REFUSED, TOO_LARGE),
    "gzip in gzip": Case(
        respond_bytes(gzip.compress(BOMB), Content_Encoding="gzip, gzip"),
        REFUSED,
        "it answers in the encoding 'gzip, gzip'",
    ),
    "an encoding that was not asked for": Case(
        respond_bytes(b"\x0b\x02\x80{}\x03", Content_Encoding="br"),
        REFUSED,
        "it answers in the encoding 'br'",
    ),
    "damaged gzip": Case(respond_bytes(b"no gzip", Content_Encoding="gzip"), UNREACHABLE, "does not respond"),
    "JSON nested 200,000 deep": Case(respond_text("[" * 200_000), REFUSED, NO_PROMETHEUS),
    "an integer of 6,000 digits": Case(respond_text(f'{{"a": {"9" * 6_000}}}'), REFUSED, NO_PROMETHEUS),
    "a time that no float can hold": Case(
        respond_success({"resultType": "scalar", "result": [10**400, "1"]}),
        REFUSED,
        "can't be parsed",
    ),
    "labels that are a list": Case(
        respond_success({"resultType": "vector", "result": [{"metric": [1], "value": [1, "1"]}]}),
        REFUSED,
        "can't be parsed",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_no_answer_takes_all_time_or_memory(case: Case) -> None:
    tracemalloc.start()
    try:
        started = time.monotonic()
        with run_server(case.responder) as server, PrometheusClient(settings(server.url)) as prometheus:
            with pytest.raises(case.error) as caught:
                prometheus.query_instant("up", 7.5)
            assert time.monotonic() - started < DEADLINE_SECONDS + 2
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()
    assert case.message in str(caught.value)
    assert "\n" not in str(caught.value)


STATUS_REQUESTS: dict[str, Callable[[PrometheusClient], object]] = {
    "the version": PrometheusClient.fetch_version,
    "the clock": PrometheusClient.fetch_server_time,
    "types of metrics": lambda prometheus: prometheus.fetch_metric_types("up"),
}


@pytest.mark.parametrize("request_status", STATUS_REQUESTS.values(), ids=STATUS_REQUESTS.keys())
def test_a_server_whose_status_is_endless_is_no_prometheus(
    request_status: Callable[[PrometheusClient], object],
) -> None:
    endless = send_endlessly(OK + b"\r\n", b" " * 65_536)
    with (
        run_server(endless) as server,
        PrometheusClient(settings(server.url)) as prometheus,
        pytest.raises(PrometheusUnreachableError, match="larger than 100,000 bytes"),
    ):
        request_status(prometheus)


def test_after_a_deadline_the_next_requests_fail_at_once() -> None:
    with run_server(send_slowly(OK)) as server, PrometheusClient(settings(server.url)) as prometheus:
        with pytest.raises(PrometheusUnreachableError, match=TOO_SLOW):
            prometheus.query_instant("up", 7.5)
        started = time.monotonic()
        with pytest.raises(PrometheusUnreachableError, match="did not answer in time before"):
            prometheus.query_instant("up", 7.5)
        assert time.monotonic() - started < DEADLINE_SECONDS / 2


def test_a_compressed_answer_is_read() -> None:
    body = b'{"status":"success","data":{"resultType":"scalar","result":[7.5,"3"]}}'
    responder = respond_bytes(gzip.compress(body), Content_Encoding="gzip")
    with run_server(responder) as server, PrometheusClient(settings(server.url)) as prometheus:
        assert prometheus.query_instant("3", 7.5).series[0].values == (3.0,)
        assert server.requests[0].headers["Accept-Encoding"] == "gzip, deflate"
