"""Load profiles from HAR 1.2, what browsers save of their network traffic."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

_STATIC = re.compile(r"image/|font/|video/|audio/|text/css|javascript|font-woff|wasm")
_SECRET = re.compile(r"auth|token|api-?key|secret|session|csrf|xsrf|password|cookie|signature", re.IGNORECASE)
_OF_THE_CONNECTION = {
    "host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade",
    "accept-encoding", "proxy-connection",
}  # fmt: skip
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_NOT_TO_EXPECT = {0, 304}


class NotHarError(ValueError):
    """The data is no HAR; the text says what is missing."""


@dataclass
class Traffic:
    """The requests of one origin, and what was left out and why."""

    origin: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def origins(har: Any) -> Counter[str]:
    """Count the entries of each origin (``https://host:port``).

    Raises:
        NotHarError: it is no HAR, or an empty one.
    """
    return Counter(_origin(entry) for entry in _entries(har))


def traffic_of(har: Any, origin: str, *, static: bool, credentials: bool) -> Traffic:
    """Give the requests to an origin, the same ones merged into one with their number as weight.

    ``static`` takes images, styles and scripts, too; ``credentials`` cookies, tokens and their like.

    Raises:
        NotHarError: it is no HAR.
    """
    traffic, merged = Traffic(origin), dict[str, dict[str, Any]]()
    for entry in _entries(har):
        reason = _reason_to_leave(entry, origin, static=static)
        if reason:
            traffic.left_out[reason] += 1
            continue
        request = _declared(entry, traffic.left_out, credentials=credentials)
        key = json.dumps({**request, "expect": None}, sort_keys=True)
        if key in merged:
            merged[key]["weight"] += 1
        else:
            merged[key] = request
    traffic.requests = list(merged.values())
    return traffic


def _entries(har: Any) -> Sequence[Mapping[str, Any]]:
    log = har.get("log") if isinstance(har, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise NotHarError("holds no log.entries, so it is no HAR")
    for number, entry in enumerate(entries):
        request = entry.get("request") if isinstance(entry, Mapping) else None
        if not isinstance(request, Mapping) or not isinstance(request.get("url"), str):
            raise NotHarError(f"log.entries[{number}].request.url is missing")
    if not entries:
        raise NotHarError("holds no entry")
    return entries


def _origin(entry: Mapping[str, Any]) -> str:
    parts = urlsplit(entry["request"]["url"])
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _reason_to_leave(entry: Mapping[str, Any], origin: str, *, static: bool) -> str | None:
    response = entry.get("response")
    if not isinstance(response, Mapping) or not isinstance(response.get("status"), int):
        return "without an answer"
    content = response.get("content")
    kind = str(content.get("mimeType", "")) if isinstance(content, Mapping) else ""
    if _origin(entry) != origin:
        return "of another origin"
    if entry["request"].get("method") not in _METHODS:
        return "of a method that can't be sent"
    if not static and _STATIC.search(kind):
        return "static (--all takes them)"
    if not response.get("status"):
        return "without an answer"
    return None


def _declared(entry: Mapping[str, Any], left_out: Counter[str], *, credentials: bool) -> dict[str, Any]:
    request, status = entry["request"], int(entry["response"]["status"])
    parts = urlsplit(request["url"])
    query = parts.query if credentials else _without_secrets(parts.query, left_out)
    path = (parts.path or "/") + (f"?{query}" if query else "")
    headers = dict(_headers(request.get("headers") or (), left_out, credentials=credentials))
    declared: dict[str, Any] = {
        "name": f"{request['method']} {parts.path or '/'}",
        "method": request["method"],
    }
    declared |= {"path": path.replace(" ", "%20"), "weight": 1}
    declared |= {"headers": headers} if headers else {}
    declared |= _body(request.get("postData"))
    return declared | ({} if status in _NOT_TO_EXPECT else {"expect": {"status": status}})


def _headers(
    headers: Sequence[Any], left_out: Counter[str], *, credentials: bool
) -> Iterator[tuple[str, str]]:
    for header in headers:
        if not isinstance(header, Mapping):
            continue
        name, value = str(header.get("name", "")), str(header.get("value", ""))
        if name.startswith(":") or name.lower() in _OF_THE_CONNECTION:
            continue
        if not credentials and _SECRET.search(name):
            left_out[f"header {name} (--with-credentials takes it)"] += 1
            continue
        yield name, value


def _without_secrets(query: str, left_out: Counter[str]) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_SECRET.search(name) for name, _ in pairs):
        return query
    left_out["value of a secret in a query (--with-credentials takes it)"] += 1
    return urlencode([(name, "" if _SECRET.search(name) else value) for name, value in pairs])


def _body(data: Any) -> dict[str, Any]:
    text = data.get("text") if isinstance(data, Mapping) else None
    if not isinstance(text, str) or not text:
        return {}
    if "json" in str(data.get("mimeType", "")):
        try:
            return {"json": json.loads(text)}
        except json.JSONDecodeError:
            pass
    return {"body": text}
