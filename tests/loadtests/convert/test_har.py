"""What a HAR file contains is sent as it was recorded, or left out with its reason and place."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import Any

import pytest

from loadtests.convert import NotHarError, count_origins, extract_traffic, find_origin

FORM = "application/x-www-form-urlencoded"
TEXT = "Grüße"


def entry(**fields: Any) -> dict[str, Any]:
    """Return an entry; keywords replace or add fields of its request, ``response`` its response."""
    response = fields.pop("response", {"status": 200, "content": {"mimeType": "text/html"}})
    return {"request": {"method": "POST", "url": "http://a/x", "headers": [], **fields}, "response": response}


def data(text: str | None = None, mime: str = "text/plain", **other: Any) -> dict[str, Any]:
    return {"mimeType": mime, **({} if text is None else {"text": text}), **other}


def header(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "value": value}


def convert(*entries: Any, origin: str = "http://a", credentials: bool = False) -> Any:
    har = {"log": {"entries": list(entries)}}
    return extract_traffic(har, origin, include_static=False, include_credentials=credentials)


PARAMS = [{"name": "a b", "value": "ü&="}, {"name": "empty"}]
MULTIPART = '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X--\r\n'
BODIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a form given only as params": (
        {"postData": data(mime=FORM, params=PARAMS)},
        {"body": "a+b=%C3%BC%26%3D&empty=", "headers": {"Content-Type": FORM}},
    ),
    "a form given as params and an empty text": (
        {"postData": data("", FORM, params=[header("a", "1")])},
        {"body": "a=1", "headers": {"Content-Type": FORM}},
    ),
    "a form given as text and params": (
        {"postData": data("a=1&b=2", FORM, params=[header("a", "9")])},
        {"body": "a=1&b=2", "headers": {"Content-Type": FORM}},
    ),
    "a multipart form given as params": (
        {"postData": data(mime="multipart/form-data; boundary=X", params=[header("a", "1")])},
        {"body": MULTIPART, "headers": {"Content-Type": "multipart/form-data; boundary=X"}},
    ),
    "a body in Base64": (
        {"postData": data(b64encode(TEXT.encode()).decode(), encoding="base64")},
        {"body": TEXT, "headers": {"Content-Type": "text/plain"}},
    ),
    "JSON in Base64": (
        {"postData": data(b64encode(b'{"a": 1}').decode(), "application/json", encoding="base64")},
        {"json": {"a": 1}, "headers": {"Content-Type": "application/json"}},
    ),
    "a text of which each byte was saved as a character": (
        {
            "postData": data(TEXT.encode().decode("latin-1")),
            "headers": [header("Content-Length", str(len(TEXT.encode())))],
        },
        {"body": TEXT, "headers": {"Content-Type": "text/plain"}},
    ),
    "a text in another charset": (
        {
            "postData": data(
                b64encode(TEXT.encode("latin-1")).decode(), "text/plain; charset=latin1", encoding="base64"
            )
        },
        {"body": TEXT, "headers": {"Content-Type": "text/plain; charset=utf-8"}},
    ),
    "a compressed body in Base64": (
        {
            "postData": data(
                b64encode(gzip.compress(b'{"a": 1}')).decode(), "application/json", encoding="base64"
            ),
            "headers": [header("content-encoding", "gzip")],
        },
        {"json": {"a": 1}, "headers": {"Content-Type": "application/json"}},
    ),
    "a compressed body of which each byte was saved as a character": (
        {
            "postData": data(gzip.compress(b"text").decode("latin-1")),
            "headers": [header("Content-Encoding", "gzip")],
        },
        {"body": "text", "headers": {"Content-Type": "text/plain"}},
    ),
    "a body that was saved before its compression": (
        {"postData": data(TEXT), "headers": [header("Content-Encoding", "br")]},
        {"body": TEXT, "headers": {"Content-Type": "text/plain"}},
    ),
    "JSON that a profile would change": (
        {"postData": data('{"a": 1, "a": 2}', "application/json")},
        {"body": '{"a": 1, "a": 2}', "headers": {"Content-Type": "application/json"}},
    ),
    "JSON with NaN": (
        {"postData": data("[NaN]", "application/json")},
        {"body": "[NaN]", "headers": {"Content-Type": "application/json"}},
    ),
    "JSON null": (
        {"postData": data("null", "application/json")},
        {"body": "null", "headers": {"Content-Type": "application/json"}},
    ),
    "JSON that is nested too deep for a profile": (
        {"postData": data("[" * 200 + "]" * 200, "application/json")},
        {"body": "[" * 200 + "]" * 200, "headers": {"Content-Type": "application/json"}},
    ),
    "the type of the header wins over that of postData": (
        {"postData": data("{}", "text/plain"), "headers": [header("content-type", "application/vnd.a+json")]},
        {"json": {}, "headers": {"Content-Type": "application/vnd.a+json"}},
    ),
    "no body at all": ({}, {}),
    "an empty body of known length": ({"headers": [header("Content-Length", "0")]}, {}),
}


@pytest.mark.parametrize(("fields", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_is_declared_as_it_was_sent(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    [request] = convert(entry(**fields)).requests
    assert {key: request[key] for key in ("body", "json", "headers") if key in request} == expected


BROKEN = gzip.compress(b"text")[:-6].decode("latin-1")
LEFT_OUT: dict[str, tuple[Any, str]] = {
    "a body of which only the length was saved": (
        entry(headers=[header("Content-Length", "512")]),
        "with a body that the file does not contain",
    ),
    "a body of which only the size was saved": (
        entry(bodySize=512),
        "with a body that the file does not contain",
    ),
    "a body of which only the type was saved": (
        entry(bodySize=-1, postData=data(), headers=[header("Content-Type", "application/json")]),
        "with a body that the file does not contain",
    ),
    "a body that was sent in chunks": (
        entry(headers=[header("Transfer-Encoding", "chunked")]),
        "with a body that the file does not contain",
    ),
    "a form without the contents of its file": (
        entry(
            postData=data(
                '--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n\r\n--X--\r\n'
            ),
            headers=[
                header("Content-Length", "9000"),
                header("Content-Type", "multipart/form-data; boundary=X"),
            ],
        ),
        "with a body that the file does not contain",
    ),
    "a file in params": (
        entry(postData=data(mime="multipart/form-data", params=[{"name": "f", "fileName": "a.png"}])),
        "with a file in a form",
    ),
    "params without names": (
        entry(postData=data(mime=FORM, params=["a"])),
        "with a field of a form that has no",
    ),
    "a binary body": (entry(postData=data("/wA=", encoding="base64")), "with a body that is not text"),
    "a body with characters that were lost": (
        entry(postData=data("a\ufffd")),
        "with a body that is not text",
    ),
    "half of a character": (entry(postData=data("\ud800")), "with a body that is not text"),
    "invalid Base64": (
        entry(postData=data("%%%", encoding="base64")),
        "with a body that is not valid Base64",
    ),
    "a compressed body that is cut off": (
        entry(postData=data(BROKEN), headers=[header("Content-Encoding", "gzip")]),
        "with a body that is not text",
    ),
    "a body in an unknown encoding": (
        entry(postData=data("\x0b\x02\x80\x00"), headers=[header("Content-Encoding", "br")]),
        "with a body in the encoding br",
    ),
    "a request without a response (status 0)": (entry(response={"status": 0}), "without a response"),
    "a request without a response (status -1)": (entry(response={"status": -1}), "without a response"),
    "a status that is no number": (entry(response={"status": "OK"}), "without a response"),
    "a status out of range": (entry(response={"status": 999}), "without a response"),
    "a response that is a text": (entry(response="200"), "without a response"),
    "a WebSocket": (entry(response={"status": 101}), "with another protocol than HTTP"),
    "an unknown method": (entry(method="TRACE"), "with a method that can't be sent"),
    "a method that is null": (entry(method=None), "with a method that can't be sent"),
    "a URL that is null": (entry(url=None), "without an HTTP URL"),
    "a data URL": (entry(url="data:text/html,x"), "without an HTTP URL"),
    "a URL with an impossible port": (entry(url="http://a:99999/"), "without an HTTP URL"),
    "a URL with half an IPv6 address": (entry(url="http://[::1/"), "without an HTTP URL"),
    "an entry that is null": (None, "without a request"),
    "an entry that is a list": ([], "without a request"),
    "a request that is a text": ({"request": "GET /"}, "without a request"),
}


@pytest.mark.parametrize(("odd", "reason"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_one_odd_entry_is_left_out_and_the_others_stay(odd: Any, reason: str) -> None:
    good = entry(method="GET")
    traffic = convert(good, odd, good)
    assert [(request["path"], request["weight"]) for request in traffic.requests] == [("/x", 2)]
    [(named, number)] = traffic.skipped.counts.items()
    assert (named.startswith(reason), number, traffic.skipped.first_places[named]) == (
        True,
        1,
        "log.entries[1]",
    )


HEADERS: dict[str, tuple[list[Any], dict[str, str]]] = {
    "a list becomes one line": ([header("A", "1"), header("a", "2")], {"A": "1, 2"}),
    "a name that is no token": ([header("a b", "1"), header("B", "2")], {"B": "2"}),
    "a value with a line break": ([header("A", "1\nX: y"), header("B", "2")], {"B": "2"}),
    "a value beyond Latin-1": ([header("A", "日本"), header("B", "2")], {"B": "2"}),
    "a value that is null": ([header("A", None), header("B", 2)], {"B": "2"}),
    "a header that is null": ([None, "A: 1", header("B", "2")], {"B": "2"}),
    "headers of the connection": ([header("Host", "a"), header("TE", "x"), header(":path", "/")], {}),
}


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS)
def test_headers_that_can_be_sent_are_included(headers: list[Any], expected: dict[str, str]) -> None:
    [request] = convert(entry(headers=headers)).requests
    assert request.get("headers", {}) == expected


def test_cookies_become_one_header() -> None:
    headers = [header("cookie", "a=1"), header("cookie", "b=2")]
    [request] = convert(entry(headers=headers), credentials=True).requests
    assert request["headers"] == {"cookie": "a=1; b=2"}


PATHS = {
    "characters beyond ASCII": ("http://a/日?q=é", "/%E6%97%A5?q=%C3%A9"),
    "blanks": ("http://a/a b?c d", "/a%20b?c%20d"),
    "escapes stay": ("http://a/a%20b?q=100%25", "/a%20b?q=100%25"),
    "a fragment": ("http://a/x#top", "/x"),
    "no path": ("http://a", "/"),
    "no path and a query": ("http://a?x=1", "/?x=1"),
    "the default port": ("http://A:80/x", "/x"),
}


@pytest.mark.parametrize(("url", "path"), PATHS.values(), ids=PATHS)
def test_a_path_can_be_sent(url: str, path: str) -> None:
    assert [request["path"] for request in convert(entry(method="GET", url=url)).requests] == [path]


def test_the_most_frequent_status_of_equal_requests_is_expected() -> None:
    entries = [entry(method="GET", response={"status": status}) for status in (500, 200, "200")]
    [request] = convert(*entries).requests
    assert (request["weight"], request["expect"]) == (3, {"status": 200})


def test_a_file_without_responses_expects_nothing() -> None:
    [request] = convert(
        entry(method="GET", response=None), {"request": entry(method="GET")["request"]}
    ).requests
    assert (request["weight"], "expect" in request) == (2, False)


@pytest.mark.parametrize("url", ["http://A", "http://a:80/", "http://a/path"])
def test_an_origin_is_found_as_it_is_written(url: str) -> None:
    origins = count_origins({"log": {"entries": [entry(), entry(url="https://b:8443/")]}})
    assert find_origin(origins, url) == "http://a"
    assert find_origin(origins, "https://b:8443") == "https://b:8443"


@pytest.mark.parametrize(
    "har", [None, [], {}, {"log": []}, {"log": {"entries": {}}}, {"log": {"entries": [None]}}]
)
def test_a_file_without_requests_is_not_har(har: Any) -> None:
    with pytest.raises(NotHarError):
        count_origins(json.loads(json.dumps(har)))
