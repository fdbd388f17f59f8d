"""Answers as they come off the wire: whole, in pieces, and hostile; and requests as they go on it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.http.compiled_request import compiled
from loadtests.http.response_parser import MOST_HEAD_BYTES, Answer, Heads, MalformedAnswerError
from loadtests.profile.declared_requests import Request
from loadtests.profile.target_url import parse_target

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Good:
    data: bytes
    status: int = 200
    keep_alive: bool = True
    ends: bool = False
    """The service closes the connection behind it."""
    head: bool = False


GOOD = {
    "a length": Good(PLAIN),
    "chunks": Good(CHUNKED),
    "no body": Good(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "204 without a length": Good(b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "304 with the length of what it does not send": Good(
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304
    ),
    "an answer to HEAD": Good(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", head=True),
    "100 Continue before it": Good(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN),
    "103 Early Hints before it": Good(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + PLAIN),
    "Connection: close": Good(
        b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 500, keep_alive=False
    ),
    "HTTP/1.0": Good(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", keep_alive=False),
    "a body up to the end of the connection": Good(
        b"HTTP/1.1 200 OK\r\n\r\nsome text", keep_alive=False, ends=True
    ),
    "headers in odd letters": Good(b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 2\r\n\r\nok"),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("size", [1, 3, 1000], ids=lambda size: f"in pieces of {size}")
def test_an_answer_ends_where_it_ends(good: Good, size: int) -> None:
    answer = Answer(without_body=good.head)
    pieces = [good.data[n : n + size] for n in range(0, len(good.data), size)]
    for piece in pieces[:-1]:
        answer.feed(piece)
        assert not answer.whole or good.head or good.status == 304
    answer.feed(pieces[-1])
    if good.ends:
        assert not answer.whole
        answer.end()
    assert answer.whole
    assert (answer.status, answer.keep_alive) == (good.status, good.keep_alive)


BAD = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "malformed answer"),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", "malformed answer"),
    "two lengths that differ": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "malformed answer",
    ),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed answer"),
    "a chunk that is none": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "malformed answer",
    ),
    "headers without end": (
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * (MOST_HEAD_BYTES + 10),
        "answer too large",
    ),
}


@pytest.mark.parametrize(("data", "said"), BAD.values(), ids=BAD)
def test_what_is_no_answer_is_named(data: bytes, said: str) -> None:
    with pytest.raises(MalformedAnswerError, match=said):
        Answer(without_body=False).feed(data)


CUT = {
    "before anything": (b"", "connection closed"),
    "in the head": (b"HTTP/1.1 200 OK\r\nCont", "answer cut short"),
    "in the body": (PLAIN[:-1], "answer cut short"),
    "in a chunk": (CHUNKED[:-8], "answer cut short"),
}


@pytest.mark.parametrize(("data", "said"), CUT.values(), ids=CUT)
def test_an_answer_cut_short_is_named(data: bytes, said: str) -> None:
    answer = Answer(without_body=False)
    if data:
        answer.feed(data)
    with pytest.raises(MalformedAnswerError, match=said):
        answer.end()


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8))
def test_garbage_is_refused_in_one_way_only(pieces: list[bytes]) -> None:
    answer = Answer(without_body=False)
    try:
        for piece in pieces:
            answer.feed(piece)
        answer.end()
    except MalformedAnswerError:
        return
    assert answer.whole


@given(st.sampled_from([PLAIN, CHUNKED]), st.integers(0, 70), st.integers(0, 255))
def test_a_garbled_answer_is_refused_or_read(data: bytes, place: int, byte: int) -> None:
    garbled = bytearray(data)
    garbled[place % len(data)] = byte
    answer = Answer(without_body=False)
    try:
        answer.feed(bytes(garbled))
        if not answer.whole:
            answer.end()
    except MalformedAnswerError:
        return
    assert answer.whole


def learned(data: bytes) -> tuple[int, int] | None:
    heads, answer = Heads(), Answer(without_body=False)
    answer.feed(data)
    heads.learn(data, answer)
    return heads.get(data[: data.index(b"\r\n\r\n") + 4])


def test_a_head_is_remembered_with_its_status_and_length() -> None:
    assert learned(PLAIN) == (200, 2)


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED,
        GOOD["Connection: close"].data,
        PLAIN + b"more",
        GOOD["100 Continue before it"].data,
        GOOD["304 with the length of what it does not send"].data,
    ],
    ids=["chunks", "a connection that closes", "more than one answer", "an interim answer", "304"],
)
def test_a_head_that_does_not_tell_the_end_is_not_remembered(data: bytes) -> None:
    assert learned(data) is None


TARGETS = {
    "http://127.0.0.1:8000": ("127.0.0.1:8000", ""),
    "http://shop.example": ("shop.example", ""),
    "https://shop.example:443/": ("shop.example", ""),
    "https://shop.example:80/api/": ("shop.example:80", "/api"),
    "http://[::1]:8000": ("[::1]:8000", ""),
}


@pytest.mark.parametrize(("url", "expected"), TARGETS.items(), ids=TARGETS)
def test_a_target_is_taken_apart(url: str, expected: tuple[str, str]) -> None:
    target = parse_target(url)
    assert (target.authority, target.prefix) == expected


@pytest.mark.parametrize("url", ["here:1", "ftp://x", "http://", "", "http://x:99999"])
def test_what_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is looked at in the tests of the command line
        parse_target(url)


def asked(**fields: object) -> Request:
    return Request.model_validate({"path": "/", **fields})


REQUESTS = {
    "a GET": (asked(path="/a?b=c"), b"GET /p/a?b=c HTTP/1.1\r\n", b""),
    "JSON": (asked(method="POST", json={"a": [1]}), b"POST /p/ HTTP/1.1\r\n", b'{"a": [1]}'),
    "text": (asked(method="PUT", body="hé"), b"PUT /p/ HTTP/1.1\r\n", "hé".encode()),
    "a POST of nothing": (asked(method="POST"), b"POST /p/ HTTP/1.1\r\n", b""),
}


@pytest.mark.parametrize(("request_", "first", "body"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_built_whole(request_: Request, first: bytes, body: bytes) -> None:
    head, _, sent = compiled(request_, parse_target("http://x:1/p")).payload.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] + b"\r\n" == first
    assert b"Host: x:1" in lines
    assert sent == body
    assert (b"Content-Length: %d" % len(body) in lines) == (request_.method != "GET")
    names = [line.partition(b":")[0].lower() for line in lines[1:]]
    assert not [name for name, group in itertools.groupby(sorted(names)) if len(list(group)) > 1]


def test_a_header_of_the_profile_takes_the_place_of_ours() -> None:
    request = asked(headers={"host": "other", "USER-AGENT": "me"})
    payload = compiled(request, parse_target("http://x:1")).payload
    assert b"host: other\r\n" in payload
    assert b"Host: x:1" not in payload
    assert payload.lower().count(b"user-agent") == 1
