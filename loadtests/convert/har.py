"""Requests from HAR 1.2 files, in which browsers save their network traffic."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from slo.documents import is_secret_name

_STATIC_CONTENT = re.compile(r"image/|font/|video/|audio/|text/css|javascript|font-woff|wasm")
_CONNECTION_HEADERS = {
    "host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
    "accept-encoding", "proxy-connection",
}  # fmt: skip
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_UNDECLARED_STATUSES = {0, 304}
"""No response, and "not modified", which depends on the cache of the browser: not expected of the service."""


class NotHarError(ValueError):
    """The data is not HAR; the message says what is missing."""


@dataclass
class HarTraffic:
    """The requests of one origin, and the reasons for which others were skipped, with their number."""

    origin: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def count_origins(har: Any) -> Counter[str]:
    """Count the entries of each origin (``https://host:port``).

    Raises:
        NotHarError: the data is not HAR, or contains no entries.
    """
    return Counter(_read_origin(entry) for entry in _read_entries(har))


def extract_traffic(har: Any, origin: str, *, include_static: bool, include_credentials: bool) -> HarTraffic:
    """Return the requests to an origin; equal requests become one, with their number as its weight.

    ``include_static`` includes images, styles and scripts; ``include_credentials`` includes cookies, tokens
    and other credentials.

    Raises:
        NotHarError: the data is not HAR, or contains no entries.
    """
    traffic, merged = HarTraffic(origin), dict[str, dict[str, Any]]()
    for entry in _read_entries(har):
        reason = _find_skip_reason(entry, origin, include_static=include_static)
        if reason:
            traffic.skipped[reason] += 1
            continue
        request = _declare_request(entry, traffic.skipped, include_credentials=include_credentials)
        key = json.dumps({**request, "expect": None}, sort_keys=True)
        if key in merged:
            merged[key]["weight"] += 1
        else:
            merged[key] = request
    traffic.requests = list(merged.values())
    return traffic


def _read_entries(har: Any) -> Sequence[Mapping[str, Any]]:
    log = har.get("log") if isinstance(har, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise NotHarError("contains no log.entries, so it is not a HAR file")
    for index, entry in enumerate(entries):
        request = entry.get("request") if isinstance(entry, Mapping) else None
        if not isinstance(request, Mapping) or not isinstance(request.get("url"), str):
            raise NotHarError(f"log.entries[{index}].request.url is missing")
    if not entries:
        raise NotHarError("contains no entries")
    return entries


def _read_origin(entry: Mapping[str, Any]) -> str:
    parts = urlsplit(entry["request"]["url"])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _find_skip_reason(entry: Mapping[str, Any], origin: str, *, include_static: bool) -> str | None:
    response = entry.get("response")
    if not isinstance(response, Mapping) or not isinstance(response.get("status"), int):
        return "without a response"
    content = response.get("content")
    kind = str(content.get("mimeType", "")) if isinstance(content, Mapping) else ""
    if _read_origin(entry) != origin:
        return "of another origin"
    if entry["request"].get("method") not in _METHODS:
        return "with a method that can't be sent"
    if not include_static and _STATIC_CONTENT.search(kind):
        return "static content (--all includes it)"
    if not response.get("status"):
        return "without a response"
    return None


def _declare_request(
    entry: Mapping[str, Any], skipped: Counter[str], *, include_credentials: bool
) -> dict[str, Any]:
    request, status = entry["request"], int(entry["response"]["status"])
    parts = urlsplit(request["url"])
    query = parts.query if include_credentials else _remove_secrets(parts.query, skipped)
    path = (parts.path or "/") + (f"?{query}" if query else "")
    headers = dict(
        _select_headers(request.get("headers") or (), skipped, include_credentials=include_credentials)
    )
    declared: dict[str, Any] = {
        "name": f"{request['method']} {parts.path or '/'}",
        "method": request["method"],
    }
    declared |= {"path": path.replace(" ", "%20"), "weight": 1}
    declared |= {"headers": headers} if headers else {}
    declared |= _declare_body(request.get("postData"))
    return declared | ({} if status in _UNDECLARED_STATUSES else {"expect": {"status": status}})


def _select_headers(
    headers: Sequence[Any], skipped: Counter[str], *, include_credentials: bool
) -> Iterator[tuple[str, str]]:
    for header in headers:
        if not isinstance(header, Mapping):
            continue
        name, value = str(header.get("name", "")), str(header.get("value", ""))
        if name.startswith(":") or name.lower() in _CONNECTION_HEADERS:
            continue
        if not include_credentials and is_secret_name(name):
            skipped[f"header {name} (--with-credentials includes it)"] += 1
            continue
        yield name, value


def _remove_secrets(query: str, skipped: Counter[str]) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(is_secret_name(name) for name, _ in pairs):
        return query
    skipped["value of a secret in a query (--with-credentials includes it)"] += 1
    return urlencode([(name, "" if is_secret_name(name) else value) for name, value in pairs])


def _declare_body(data: Any) -> dict[str, Any]:
    text = data.get("text") if isinstance(data, Mapping) else None
    if not isinstance(text, str) or not text:
        return {}
    if "json" in str(data.get("mimeType", "")):
        try:
            return {"json": json.loads(text)}
        except json.JSONDecodeError:
            pass
    return {"body": text}
