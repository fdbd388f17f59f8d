"""Requests from HAR 1.2 files, in which browsers save their network traffic."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from loadtests.convert.har_body import declare_har_body
from loadtests.convert.omissions import NotConvertibleError, Omissions
from loadtests.convert.request_text import add_header_line, encode_target, is_header_name, is_header_value
from slo.documents import is_secret_name

_STATIC_CONTENT = re.compile(r"image/|font/|video/|audio/|text/css|javascript|font-woff|wasm")
_CONNECTION_HEADERS = {
    "host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
    "accept-encoding", "proxy-connection", "expect", "http2-settings",
}  # fmt: skip
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNDECLARED_STATUSES = {None, 304}
"""Not expected of the service: an unknown status; "not modified", which depends on the browser's cache."""
_SWITCHING_PROTOCOLS = 101
_STATUSES = range(200, 600)
"""Statuses of final responses."""


class NotHarError(ValueError):
    """The data is not HAR; the message says what is missing."""


@dataclass
class HarTraffic:
    """The requests of one origin, and what was skipped."""

    origin: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    skipped: Omissions = field(default_factory=Omissions)


def count_origins(har: Any) -> Counter[str]:
    """Count the entries of each origin (``https://host:port``).

    Raises:
        NotHarError: the data is not HAR, or contains no entries with an HTTP URL.
    """
    origins: Counter[str] = Counter()
    for entry in _read_entries(har):
        try:
            origins[_read_origin(_split_url(_read_request(entry)))] += 1
        except NotConvertibleError:
            continue
    if not origins:
        raise NotHarError("contains no request with an HTTP URL: log.entries[].request.url")
    return origins


def extract_traffic(har: Any, origin: str, *, include_static: bool, include_credentials: bool) -> HarTraffic:
    """Return the requests to an origin; equal requests become one, with their number as its weight.

    ``include_static`` includes images, styles and scripts; ``include_credentials`` includes cookies, tokens
    and other credentials. The most frequent status of equal requests is expected.

    Raises:
        NotHarError: the data is not HAR, or contains no entries.
    """
    traffic, statuses = HarTraffic(origin), dict[str, Counter[int | None]]()
    merged: dict[str, dict[str, Any]] = {}
    for index, entry in enumerate(_read_entries(har)):
        place = f"log.entries[{index}]"
        try:
            _check_entry(entry, origin, include_static=include_static)
            converter = _RequestConverter(place, traffic.skipped, include_credentials=include_credentials)
            request = converter.convert(entry["request"])
        except NotConvertibleError as error:
            traffic.skipped.add(str(error), place)
            continue
        key = json.dumps(request, sort_keys=True)
        merged.setdefault(key, {**request, "weight": 0})["weight"] += 1
        statuses.setdefault(key, Counter())[_read_status(entry)] += 1
    traffic.requests = [
        _arrange(request, statuses[key].most_common(1)[0][0]) for key, request in merged.items()
    ]
    return traffic


def find_origin(origins: Counter[str], url: str) -> str | None:
    """Return the origin of a URL if it is one of ``origins``."""
    try:
        origin = _read_origin(_split_url({"url": url}))
    except NotConvertibleError:
        return None
    return origin if origin in origins else None


def _read_entries(har: Any) -> Sequence[Any]:
    log = har.get("log") if isinstance(har, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise NotHarError("contains no log.entries, so it is not a HAR file")
    if not entries:
        raise NotHarError("contains no entries")
    return entries


def _read_request(entry: Any) -> Mapping[str, Any]:
    request = entry.get("request") if isinstance(entry, Mapping) else None
    if not isinstance(request, Mapping):
        raise NotConvertibleError("without a request")
    return request


def _split_url(request: Mapping[str, Any]) -> SplitResult:
    url = request.get("url")
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        is_http = parts is not None and parts.scheme in _DEFAULT_PORTS and bool(parts.hostname)
        if parts is None or not is_http or parts.port == 0:
            raise NotConvertibleError("without an HTTP URL")
    except ValueError:  # an impossible port or IPv6 address
        raise NotConvertibleError("without an HTTP URL") from None
    return parts


def _read_origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _read_status(entry: Mapping[str, Any]) -> int | None:
    """Return the status of the response; 0 if there was none, ``None`` if the file contains no responses.

    HAR files write 0 or -1 for a request that got no response.
    """
    if entry.get("response") is None:
        return None
    response = entry.get("response")
    status = response.get("status") if isinstance(response, Mapping) else None
    if isinstance(status, bool) or not re.fullmatch(r"\d{3}(\.0)?", str(status)):
        return 0
    return int(str(status)[:3])


def _check_entry(entry: Any, origin: str, *, include_static: bool) -> None:
    """Raise ``NotConvertibleError`` for an entry that does not belong into the profile."""
    request = _read_request(entry)
    if _read_origin(_split_url(request)) != origin:
        raise NotConvertibleError("of another origin")
    if str(request.get("method")).upper() not in _METHODS:
        raise NotConvertibleError("with a method that can't be sent")
    status = _read_status(entry)
    if status == _SWITCHING_PROTOCOLS:
        raise NotConvertibleError("with another protocol than HTTP, such as WebSocket")
    content = entry["response"].get("content") if isinstance(entry.get("response"), Mapping) else None
    kind = str(content.get("mimeType", "")) if isinstance(content, Mapping) else ""
    if not include_static and _STATIC_CONTENT.search(kind):
        raise NotConvertibleError("static content (--all includes it)")
    if status is not None and status not in _STATUSES:
        raise NotConvertibleError("without a response")


def _arrange(request: dict[str, Any], status: int | None) -> dict[str, Any]:
    """Return the request with its keys in the order that they are read, and the expected status."""
    first = {key: request[key] for key in ("name", "method", "path", "weight")}
    return first | request | ({} if status in _UNDECLARED_STATUSES else {"expect": {"status": status}})


class _RequestConverter:
    """Converts one entry; what is left out of it is counted."""

    def __init__(self, place: str, skipped: Omissions, *, include_credentials: bool) -> None:
        self._place = place
        self._skipped = skipped
        self._include_credentials = include_credentials

    def convert(self, request: Mapping[str, Any]) -> dict[str, Any]:
        parts, method = _split_url(request), str(request["method"]).upper()
        query = parts.query if self._include_credentials else self._remove_secrets(parts.query)
        headers = self._select_headers(request.get("headers"))
        body = declare_har_body(request, headers)
        try:
            path = encode_target((parts.path or "/") + (f"?{query}" if query else ""))
        except ValueError:
            raise NotConvertibleError("with half of a character in its URL") from None
        declared = {"name": f"{method} {encode_target(parts.path or '/')}", "method": method, "path": path}
        return declared | ({"headers": headers} if headers else {}) | body

    def _select_headers(self, headers: Any) -> dict[str, str]:
        selected: dict[str, str] = {}
        for header in headers if isinstance(headers, list) else ():
            name, value = self._read_header(header)
            if not name or name.startswith(":") or name.lower() in _CONNECTION_HEADERS:
                continue
            if not self._include_credentials and is_secret_name(name):
                self._skipped.add(f"header {name} (--with-credentials includes it)", self._place)
            elif not is_header_name(name) or not is_header_value(value):
                self._skipped.add("header that can't be sent", self._place)
            else:
                add_header_line(selected, name, value)
        return selected

    def _read_header(self, header: Any) -> tuple[str, str]:
        """Return name and value; no name for what is no header."""
        name, value = (header.get("name"), header.get("value")) if isinstance(header, Mapping) else ("", None)
        if isinstance(value, str | int | float) and isinstance(name, str):
            return name.strip(), str(value).strip()
        self._skipped.add("header without name or value", self._place)
        return "", ""

    def _remove_secrets(self, query: str) -> str:
        try:
            pairs = parse_qsl(query, keep_blank_values=True)
        except ValueError:  # too many parameters
            pairs = []
        if not any(is_secret_name(name) for name, _ in pairs):
            return query
        reason = "value of a secret in a query (--with-credentials includes it)"
        self._skipped.add(reason, self._place)
        return urlencode([(name, "" if is_secret_name(name) else value) for name, value in pairs])
