"""The bytes of declared requests."""

from __future__ import annotations

from typing import Any

import pytest

from loadtests.http.compiled_request import compile_request
from loadtests.profile import DeclaredRequest, parse_target_url

TARGETS = {
    "UTF-8 in path and query": ("/日本?q=東京", b"/%E6%97%A5%E6%9C%AC?q=%E6%9D%B1%E4%BA%AC"),
    "Latin-1 characters as UTF-8": ("/café", b"/caf%C3%A9"),
    "what is encoded stays as it is": ("/caf%C3%A9%2Fx?q=a%20b+c", b"/caf%C3%A9%2Fx?q=a%20b+c"),
    "encoded and not encoded": ("/%E6%97%A5/本", b"/%E6%97%A5/%E6%9C%AC"),
    "a percent sign alone, as browsers send it": ("/100%", b"/100%"),
    "reserved characters": ("/a:@!$&'()*+,;=~-._/b?x[]=1&y=?/", b"/a:@!$&'()*+,;=~-._/b?x[]=1&y=?/"),
    "JSON in a query": ('/?f={"a":1}', b"/?f=%7B%22a%22:1%7D"),
    "characters that no URL contains": ("/a<b>\\c^`|", b"/a%3Cb%3E%5Cc%5E%60%7C"),
    "control characters": ("/a\x01b", b"/a%01b"),
    "an emoji": ("/😀", b"/%F0%9F%98%80"),
    "without a fragment": ("/a?b#c", b"/a?b"),
}


@pytest.mark.parametrize("case", TARGETS.values(), ids=TARGETS)
def test_a_path_is_sent_as_percent_encoded_utf8(case: tuple[str, bytes]) -> None:
    path, expected = case
    payload = _compile({"path": path})
    assert payload.startswith(b"GET " + expected + b" HTTP/1.1\r\n")


def test_the_path_of_the_target_is_encoded_and_its_host_is_written_as_dns_does() -> None:
    payload = _compile({"path": "/x"}, "http://bücher.example:8000/é/")
    assert payload.startswith(b"GET /%C3%A9/x HTTP/1.1\r\nHost: xn--bcher-kva.example:8000\r\n")


def test_a_text_body_is_sent_as_utf8_with_its_length_in_bytes() -> None:
    head, _, body = _compile({"method": "POST", "path": "/", "body": "日本"}).partition(b"\r\n\r\n")
    assert body == "日本".encode()
    assert b"Content-Length: 6" in head


def _compile(request: dict[str, Any], target_url: str = "http://service:8000") -> bytes:
    return compile_request(DeclaredRequest.model_validate(request), parse_target_url(target_url)).payload
