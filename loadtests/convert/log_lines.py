"""One line of an access log as a request, in the formats of common web servers, proxies and CDNs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

_MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
)}  # fmt: skip
_OFFSET = r"([+-]\d{2}):?(\d{2})"
_LOG_TIME = re.compile(
    r"(\d{1,2})/([A-Z][a-z]{2})/(\d{4})[: ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?: ?" + _OFFSET + ")?"
)
_ISO_TIME = re.compile(
    r"(?<!\d)(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?:Z|([+-]\d{2}):?(\d{2}))?"
)
_REQUEST = re.compile(r'"([!#$%&\'*+.^_`|~0-9A-Za-z-]+) ((?:[^"\\]|\\.)*?)(?: HTTP/\d(?:\.\d)?)?"')
_STATUS_AFTER = re.compile(r'\s*[,|;]?\s*"?(-?\d{1,3}|-)"?(?=[\s,|;]|$)')
_STATUS_BEFORE = re.compile(r"(?<=\s)([1-5]\d{2})(?=\s)")
_SQUID = re.compile(r"\s*(\d{9,10}\.\d{3})\s+-?\d+\s+\S+\s+[A-Z_]+/(\d{3})\s+\d+\s+(\S+)\s+(\S+)\s")
_JSON_LINE = re.compile(r"\s*(?:\S+ std(?:out|err) [FP] )?\{")
"""A JSON object, also after what Kubernetes puts before each line."""
_CLOUDFRONT_LINE = re.compile(r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d")
_CLOUDFRONT_FIELDS = (
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(host)", "cs-uri-stem",
    "sc-status", "cs(referer)", "cs(user-agent)", "cs-uri-query",
)  # fmt: skip
"""The first fields of each line, which do not change (Amazon CloudFront Developer Guide)."""
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_ESCAPED_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f", "a": "\a"}
_MILLISECONDS_FROM = 1e11
"""Unix times from here on are in milliseconds, microseconds or nanoseconds."""

_TIME_KEYS = (
    "ts", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "start_time", "StartUTC",
    "StartLocal", "msec", "datetime", "date", "asctime", "requestTime",
)  # fmt: skip
_METHOD_KEYS = (
    "method", "request_method", "requestMethod", "RequestMethod", "http_method", "verb", "httpMethod",
)  # fmt: skip
_TARGET_KEYS = (
    "request_uri", "requestUri", "uri", "RequestPath", "requestUrl", "request_url", "url", "path", "target",
    "request_path", "uri_path", "x-envoy-origin-path", "x-envoy-original-path",
)  # fmt: skip
_STATUS_KEYS = (
    "status", "status_code", "statusCode", "response_code", "DownstreamStatus", "response_status", "code",
    "http_status",
)  # fmt: skip
_LINE_KEYS = ("request", "request_line", "requestLine", "message", "log", "msg")
_NESTED_KEYS = ("request", "httpRequest", "http", "req", "res", "response", "fields", "jsonPayload")


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request of a log: Unix seconds, method, target as sent, and status (0 without a response)."""

    time: float
    method: str
    target: str
    status: int


class LogLineParser:
    """Parses the lines of one log; the W3C format names its fields in a line of the log."""

    def __init__(self) -> None:
        self._fields: Sequence[str] = ()

    def parse(self, line: str) -> LoggedRequest | None:
        """Return the request of a line; ``None`` for a line in another format."""
        try:
            return self._parse(line.strip("\ufeff\r\n"))
        except (ValueError, OverflowError, RecursionError):  # a date or a number that does not exist
            return None

    def is_directive(self, line: str) -> bool:
        """Return whether a line describes the log, and remember the fields that it names."""
        line = line.strip("\ufeff\r\n ")
        if line.lower().startswith("#fields:"):
            self._fields = [name.lower() for name in line.partition(":")[2].split()]
        return line.startswith("#")

    def _parse(self, line: str) -> LoggedRequest | None:
        if json_start := _JSON_LINE.match(line):
            return _parse_json_line(line[json_start.end() - 1 :])
        if self._fields or _CLOUDFRONT_LINE.match(line):
            return _parse_w3c_line(self._fields or _CLOUDFRONT_FIELDS, line)
        return _parse_text_line(line) or _parse_squid_line(line)


# --- Formats ------------------------------------------------------------------------------------------


def _parse_text_line(line: str) -> LoggedRequest | None:
    """Parse a line with a time and a quoted request: Apache, nginx, HAProxy, Envoy, load balancers of AWS."""
    time = _find_time(line)
    request = next(_find_requests(line), None)
    if time is None or request is None:
        return None
    status = _STATUS_AFTER.match(line, request.end()) or _STATUS_BEFORE.search(line, 0, request.start())
    return LoggedRequest(time, request[1], undo_escapes(request[2]), _read_status(status and status[1]))


def _find_requests(text: str) -> Iterator[re.Match[str]]:
    """Yield the quoted texts that are a request line: a method, and a path, a URL or an authority."""
    for match in _REQUEST.finditer(text):
        is_target = match[2].startswith(("/", "*", "http://", "https://")) or match[1] == "CONNECT"
        if is_target and match[1].isupper():
            yield match


def _parse_squid_line(line: str) -> LoggedRequest | None:
    match = _SQUID.match(line)
    return LoggedRequest(float(match[1]), match[3], match[4], _read_status(match[2])) if match else None


def _parse_w3c_line(fields: Sequence[str], line: str) -> LoggedRequest | None:
    """Parse a line of the W3C Extended Log File Format: IIS, CloudFront."""
    values = dict(zip(fields, line.split("\t" if "\t" in line else None), strict=False))
    method, stem = values.get("cs-method"), values.get("cs-uri-stem") or values.get("cs-uri")
    status = values.get("sc-status")
    if len(values) < len(fields) or not method or not stem or status is None:
        return None
    time = _find_time(f"{values.get('date')} {values.get('time')}")
    query = values.get("cs-uri-query", "-")
    target = stem if query in {"-", ""} else f"{stem}?{query}"
    return None if time is None else LoggedRequest(time, method, target, _read_status(status))


def _parse_json_line(line: str) -> LoggedRequest | None:
    """Parse a JSON object with the field names that servers and log pipelines use."""
    data = json.loads(line)
    nested = [data[key] for key in _NESTED_KEYS if isinstance(data.get(key), Mapping)]
    objects = [data, *nested]
    method, target = _find_field(objects, _METHOD_KEYS), _find_field(objects, _TARGET_KEYS)
    text = _find_field(objects, _LINE_KEYS)
    if isinstance(text, str) and (method is None or target is None):
        if logged := _parse_text_line(text):  # a line inside the JSON of a log pipeline
            return logged
        request = next(_find_requests(text if '"' in text else f'"{text}"'), None)
        method, target = (request[1], request[2]) if request else (None, None)
    time, status = _read_time(_find_field(objects, _TIME_KEYS)), _find_field(objects, _STATUS_KEYS)
    if time is None or not isinstance(method, str) or not isinstance(target, str) or status is None:
        return None
    return LoggedRequest(time, method, _add_query(target, objects), _read_status(status))


def _add_query(target: str, objects: Sequence[Mapping[str, Any]]) -> str:
    query = _find_field(objects, ("query_string", "args", "query", "uri_query"))
    if "?" in target or not isinstance(query, str) or query in {"", "-"}:
        return target
    return f"{target}?{query.removeprefix('?')}"


def _find_field(objects: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """Return the first single value that has one of the names."""
    for name in names:
        for data in objects:
            value = data.get(name)
            if value is not None and not isinstance(value, Mapping | list):
                return value
    return None


# --- Values -------------------------------------------------------------------------------------------


def undo_escapes(text: str) -> str:
    r"""Return a text without the escapes of nginx and Apache (``\xNN``, ``\"``, ``\\``, ``\n``).

    Bytes that are not UTF-8 become surrogates (PEP 383).
    """
    if "\\" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return bytes([int(match[1], 16)]).decode("latin-1")
        return _ESCAPED_CHARACTERS.get(match[2], match[2])

    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        parts += [
            text[end : match.start()].encode(errors="surrogateescape"),
            replace(match).encode("latin-1"),
        ]
        end = match.end()
    parts.append(text[end:].encode(errors="surrogateescape"))
    return b"".join(parts).decode(errors="surrogateescape")


def _read_status(text: Any) -> int:
    """Return a status; 0 for one that no response has, such as ``-``, ``-1`` or ``000``."""
    match = re.fullmatch(r"[1-5]\d{2}(?:\.0)?", str(text))
    return int(float(match[0])) if match else 0


def _read_time(value: Any) -> float | None:
    if isinstance(value, str) and not re.fullmatch(r"\d{9,19}(?:\.\d+)?", value):
        return _find_time(value)
    if isinstance(value, bool) or value is None:
        return None
    seconds = float(value)
    while seconds > _MILLISECONDS_FROM:
        seconds /= 1000
    return seconds


def _find_time(text: str) -> float | None:
    """Return the first time in a text in Unix seconds; without an offset it is in UTC."""
    match = _LOG_TIME.search(text)
    if match:
        day, month, year = int(match[1]), _MONTHS.get(match[2], 0), int(match[3])
    else:
        match = _ISO_TIME.search(text)
        if match is None:
            return None
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    clock = int(match[4]), int(match[5]), min(int(match[6]), 59)
    return _compute_unix_time(year, month, day, clock, match[8], match[9]) + float(f"0.{match[7] or 0}")


@lru_cache(maxsize=1_024)
def _compute_unix_time(
    year: int, month: int, day: int, clock: tuple[int, int, int], hours: str | None, minutes: str
) -> float:
    zone = UTC if hours is None else timezone(_read_offset(hours, minutes))
    return datetime(year, month, day, *clock, tzinfo=zone).timestamp()


def _read_offset(hours: str, minutes: str) -> timedelta:
    return timedelta(hours=int(hours), minutes=int(f"{hours[0]}{minutes}"))
