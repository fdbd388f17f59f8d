"""Requests of tasks as the bytes that go on the wire, the same that geventhttpclient would send."""

from __future__ import annotations

import json as json_module
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote, urlencode, urljoin, urlsplit

from geventhttpclient.header import Headers

from loadtests.http.connection_pool import Origin
from loadtests.profile.target_url import parse_target

_SAFE = "%/:?#[]@!$&'()*+,;=~"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded; charset=utf-8"
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_CODINGS = "gzip, deflate, br"
WITHOUT_PAYLOAD_AFTER = {301, 302, 303}
"""Redirects that are followed by a GET, whatever was sent."""
_OF_PAYLOAD = ("Content-Type", "Content-Length", "Content-Encoding")
_OF_ORIGIN = ("Authorization", "Host")


class Head:
    """A request up to where its cookies and the length of its body are told.

    Raises:
        ValueError: ``url`` is no HTTP address.
    """

    __slots__ = ("bytes", "headers", "method", "origin", "url")

    def __init__(self, url: str, method: str, headers: Headers) -> None:
        target = parse_target(url)
        lines = [f"{method} {_asked(url)} HTTP/1.1"]
        if "Host" not in headers:
            lines.append(f"Host: {target.authority}")
        if "Accept-Encoding" not in headers:
            lines.append(f"Accept-Encoding: {_CODINGS}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.bytes = "".join(f"{line}\r\n" for line in lines).encode("latin-1", errors="replace")
        self.origin = Origin(target.host, target.port, target.tls)
        self.url, self.method, self.headers = url, method, headers

    def redirected(self, status: int, location: str) -> Self:
        """Give the request that a redirect asks for (RFC 9110, 15.4); passwords stay with their service.

        Raises:
            ValueError: ``location`` leads to no HTTP address.
        """
        url, headers = urljoin(self.url, location), self.headers.copy()
        target = parse_target(url)
        keeps = self.method if status not in WITHOUT_PAYLOAD_AFTER or self.method == "HEAD" else "GET"
        moved = Origin(target.host, target.port, target.tls) != self.origin
        gone = (*(_OF_ORIGIN if moved else ()), *(_OF_PAYLOAD if status in WITHOUT_PAYLOAD_AFTER else ()))
        for name in ("Cookie", *gone):
            headers.discard(name)
        return type(self)(url, keeps, headers)


def payload(data: str | bytes | dict[str, Any] | None, json: Any) -> tuple[bytes, dict[str, str]]:
    """Give the bytes of a body, and the headers that go with it unless the task has its own."""
    if not data and json is not None:
        return json_module.dumps(json).encode(), {"Content-Type": _JSON, "Accept": _JSON}
    if not data:
        return b"", {}
    if isinstance(data, dict):
        return urlencode(data, doseq=True).encode(), {"Content-Type": _FORM}
    return (
        (data.encode(), {"Content-Type": _TEXT})
        if isinstance(data, str)
        else (data, {"Content-Type": _BYTES})
    )


def basic(user: str | bytes, password: str | bytes) -> str:
    """Give the value of ``Authorization`` (RFC 7617)."""
    pair = [part if isinstance(part, bytes) else part.encode("latin-1") for part in (user, password)]
    return f"Basic {b64encode(b':'.join(pair)).decode()}"


def joined(*groups: Mapping[str, Any] | None) -> Headers:
    """Give headers of several groups, those of the later before those of the former."""
    headers = Headers()
    for group in groups:
        headers.update(group or {})
    return headers


def _asked(url: str) -> str:
    """Give what the request line asks for."""
    parts = urlsplit(url)
    return quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_SAFE)
