"""Requests of tasks as the bytes that are sent: the same bytes as geventhttpclient sends."""

from __future__ import annotations

import json as json_module
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote, urlencode, urljoin, urlsplit

from geventhttpclient.header import Headers

from loadtests.http import Origin
from loadtests.profile import parse_target_url

_UNQUOTED_CHARACTERS = "%/:?#[]@!$&'()*+,;=~"
_JSON_TYPE, _FORM_TYPE = "application/json", "application/x-www-form-urlencoded; charset=utf-8"
_TEXT_TYPE, _BYTES_TYPE = "text/plain; charset=utf-8", "application/octet-stream"
_ACCEPTED_ENCODINGS = "gzip, deflate, br"
BODY_DROPPING_REDIRECTS = {301, 302, 303}
"""Statuses of redirects that are followed by a GET, whatever the method was."""
_BODY_HEADERS = ("Content-Type", "Content-Length", "Content-Encoding")
_ORIGIN_HEADERS = ("Authorization", "Host")


class RequestHead:
    """The head of a request without its cookies and the length of its body.

    Raises:
        ValueError: ``url`` is not an HTTP URL.
    """

    __slots__ = ("bytes", "headers", "method", "origin", "url")

    def __init__(self, url: str, method: str, headers: Headers) -> None:
        target = parse_target_url(url)
        lines = [f"{method} {_format_request_target(url)} HTTP/1.1"]
        if "Host" not in headers:
            lines.append(f"Host: {target.authority}")
        if "Accept-Encoding" not in headers:
            lines.append(f"Accept-Encoding: {_ACCEPTED_ENCODINGS}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.bytes = "".join(f"{line}\r\n" for line in lines).encode("latin-1", errors="replace")
        self.origin = Origin(target.host, target.port, target.uses_tls)
        self.url, self.method, self.headers = url, method, headers

    def build_redirect(self, status: int, location: str) -> Self:
        """Return the request that a redirect asks for (RFC 9110, 15.4).

        Credentials are not sent to another origin.

        Raises:
            ValueError: ``location`` does not lead to an HTTP URL.
        """
        url, headers = urljoin(self.url, location), self.headers.copy()
        target = parse_target_url(url)
        drops_body = status in BODY_DROPPING_REDIRECTS
        method = "GET" if drops_body and self.method != "HEAD" else self.method
        leaves_origin = Origin(target.host, target.port, target.uses_tls) != self.origin
        removed = (*(_ORIGIN_HEADERS if leaves_origin else ()), *(_BODY_HEADERS if drops_body else ()))
        for name in ("Cookie", *removed):
            headers.discard(name)
        return type(self)(url, method, headers)


def encode_body(data: str | bytes | dict[str, Any] | None, json: Any) -> tuple[bytes, dict[str, str]]:
    """Return the bytes of a body and its headers, which headers of the task override."""
    if not data and json is not None:
        return json_module.dumps(json).encode(), {"Content-Type": _JSON_TYPE, "Accept": _JSON_TYPE}
    if not data:
        return b"", {}
    if isinstance(data, dict):
        return urlencode(data, doseq=True).encode(), {"Content-Type": _FORM_TYPE}
    return (
        (data.encode(), {"Content-Type": _TEXT_TYPE})
        if isinstance(data, str)
        else (data, {"Content-Type": _BYTES_TYPE})
    )


def format_basic_auth(user: str | bytes, password: str | bytes) -> str:
    """Return the value of ``Authorization`` for a user and a password (RFC 7617)."""
    pair = [part if isinstance(part, bytes) else part.encode("latin-1") for part in (user, password)]
    return f"Basic {b64encode(b':'.join(pair)).decode()}"


def merge_headers(*groups: Mapping[str, Any] | None) -> Headers:
    """Return the headers of all groups; a later group overrides an earlier one."""
    headers = Headers()
    for group in groups:
        headers.update(group or {})
    return headers


def _format_request_target(url: str) -> str:
    """Return the request target of a URL: its quoted path and query (RFC 9112, 3.2)."""
    parts = urlsplit(url)
    return quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_UNQUOTED_CHARACTERS)
