"""HTTP messages: responses received whole, in chunks or malformed, and the bytes of requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.http.compiled_request import compile_request
from loadtests.http.response_parser import (
    MAX_HEAD_BYTES,
    MalformedResponseError,
    ResponseHeadCache,
    ResponseParser,
)
from loadtests.profile import DeclaredRequest, parse_target_url

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@dataclass(frozen=True)
class ValidResponse:
    data: bytes
    status: int = 200
    keep_alive: bool = True
    ends_at_eof: bool = False
    """The service closes the connection after the response."""
    is_to_head: bool = False


VALID = {
    "a length": ValidResponse(PLAIN),
    "chunks": ValidResponse(CHUNKED),
    "no body": ValidResponse(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "204 without a length": ValidResponse(b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "304 with the length of a body that is not sent": ValidResponse(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304
    ),
    "a response to HEAD": ValidResponse(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", is_to_head=True),
    "100 Continue before it": ValidResponse(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN),
    "103 Early Hints before it": ValidResponse(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + PLAIN),
    "Connection: close": ValidResponse(
        b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 500, keep_alive=False
    ),
    "HTTP/1.0": ValidResponse(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", keep_alive=False),
    "a body up to the end of the connection": ValidResponse(
        b"HTTP/1.1 200 OK\r\n\r\nsome text", keep_alive=False, ends_at_eof=True
    ),
    "header names in mixed case": ValidResponse(b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 2\r\n\r\nok"),
}


@pytest.mark.parametrize("valid", VALID.values(), ids=VALID)
@pytest.mark.parametrize("size", [1, 3, 1000], ids=lambda size: f"in chunks of {size}")
def test_the_end_of_a_response_is_found(valid: ValidResponse, size: int) -> None:
    response = ResponseParser(expects_no_body=valid.is_to_head)
    chunks = [valid.data[n : n + size] for n in range(0, len(valid.data), size)]
    for chunk in chunks[:-1]:
        response.feed(chunk)
        assert not response.is_complete or valid.is_to_head or valid.status == 304
    response.feed(chunks[-1])
    if valid.ends_at_eof:
        assert not response.is_complete
        response.feed_eof()
    assert response.is_complete
    assert (response.status, response.keep_alive) == (valid.status, valid.keep_alive)


MALFORMED = {
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed answer"),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", "malformed answer"),
    "two different lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "malformed answer",
    ),
    "a length that is not a number": (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed answer"),
    "an invalid chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "malformed answer",
    ),
    "endless headers": (
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * (MAX_HEAD_BYTES + 10),
        "answer too large",
    ),
}


@pytest.mark.parametrize(("data", "error"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_response_raises_its_error_class(data: bytes, error: str) -> None:
    with pytest.raises(MalformedResponseError, match=error):
        ResponseParser(expects_no_body=False).feed(data)


INCOMPLETE = {
    "before the first byte": (b"", "connection closed"),
    "in the head": (b"HTTP/1.1 200 OK\r\nCont", "answer cut short"),
    "in the body": (PLAIN[:-1], "answer cut short"),
    "in a chunk": (CHUNKED[:-8], "answer cut short"),
}


@pytest.mark.parametrize(("data", "error"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_response_raises_its_error_class(data: bytes, error: str) -> None:
    response = ResponseParser(expects_no_body=False)
    if data:
        response.feed(data)
    with pytest.raises(MalformedResponseError, match=error):
        response.feed_eof()


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8))
def test_random_bytes_raise_no_other_error(chunks: list[bytes]) -> None:
    response = ResponseParser(expects_no_body=False)
    try:
        for chunk in chunks:
            response.feed(chunk)
        response.feed_eof()
    except MalformedResponseError:
        return
    assert response.is_complete


@given(st.sampled_from([PLAIN, CHUNKED]), st.integers(0, 70), st.integers(0, 255))
def test_a_corrupted_response_is_rejected_or_parsed(data: bytes, index: int, byte: int) -> None:
    corrupted = bytearray(data)
    corrupted[index % len(data)] = byte
    response = ResponseParser(expects_no_body=False)
    try:
        response.feed(bytes(corrupted))
        if not response.is_complete:
            response.feed_eof()
    except MalformedResponseError:
        return
    assert response.is_complete


def cache_head(data: bytes) -> tuple[int, int] | None:
    cache, response = ResponseHeadCache(), ResponseParser(expects_no_body=False)
    response.feed(data)
    cache.add(data, response)
    return cache.get(data[: data.index(b"\r\n\r\n") + 4])


def test_a_head_is_cached_with_its_status_and_length() -> None:
    assert cache_head(PLAIN) == (200, 2)


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED,
        VALID["Connection: close"].data,
        PLAIN + b"more",
        VALID["100 Continue before it"].data,
        VALID["304 with the length of a body that is not sent"].data,
    ],
    ids=["chunks", "a connection that closes", "more than one response", "an interim response", "304"],
)
def test_a_head_that_does_not_give_the_body_length_is_not_cached(data: bytes) -> None:
    assert cache_head(data) is None


TARGET_URLS = {
    "http://127.0.0.1:8000": ("127.0.0.1:8000", ""),
    "http://shop.example": ("shop.example", ""),
    "https://shop.example:443/": ("shop.example", ""),
    "https://shop.example:80/api/": ("shop.example:80", "/api"),
    "http://[::1]:8000": ("[::1]:8000", ""),
}


@pytest.mark.parametrize(("url", "expected"), TARGET_URLS.items(), ids=TARGET_URLS)
def test_a_target_url_is_parsed(url: str, expected: tuple[str, str]) -> None:
    target = parse_target_url(url)
    assert (target.authority, target.path_prefix) == expected


@pytest.mark.parametrize("url", ["here:1", "ftp://x", "http://", "", "http://x:99999"])
def test_an_invalid_target_url_is_rejected(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the tests of the command line check the message
        parse_target_url(url)


def build_request(**fields: object) -> DeclaredRequest:
    return DeclaredRequest.model_validate({"path": "/", **fields})


REQUESTS = {
    "a GET": (build_request(path="/a?b=c"), b"GET /p/a?b=c HTTP/1.1\r\n", b""),
    "JSON": (build_request(method="POST", json={"a": [1]}), b"POST /p/ HTTP/1.1\r\n", b'{"a": [1]}'),
    "text": (build_request(method="PUT", body="hé"), b"PUT /p/ HTTP/1.1\r\n", "hé".encode()),
    "a POST without a body": (build_request(method="POST"), b"POST /p/ HTTP/1.1\r\n", b""),
}


@pytest.mark.parametrize(("request_", "first", "body"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_compiled_to_its_bytes(request_: DeclaredRequest, first: bytes, body: bytes) -> None:
    head, _, sent = compile_request(request_, parse_target_url("http://x:1/p")).payload.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] + b"\r\n" == first
    assert b"Host: x:1" in lines
    assert sent == body
    assert (b"Content-Length: %d" % len(body) in lines) == (request_.method != "GET")
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    assert not [name for name, group in itertools.groupby(sorted(names)) if len(list(group)) > 1]


def test_a_header_of_the_profile_replaces_the_default_header() -> None:
    request = build_request(headers={"host": "other", "USER-AGENT": "me"})
    payload = compile_request(request, parse_target_url("http://x:1")).payload
    assert b"host: other\r\n" in payload
    assert b"Host: x:1" not in payload
    assert payload.lower().count(b"user-agent") == 1
