"""Requests and arrivals from access logs in the Common or Combined Log Format of Apache and nginx."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

_LINE = re.compile(
    r'\S+ \S+ .*?\[(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-]\d{2})(\d{2})\] '
    r'"([A-Z]+) (\S+)(?: HTTP/[\d.]+)?" (\d{3}) \S+'
)  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SAFE_METHODS = {"GET", "HEAD"}
_FIRST_ERROR_STATUS = 400


@dataclass
class AccessLog:
    """The distinct requests of a log, and the arrivals of each."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method, and path with query."""
    arrival_seconds: array[int] = field(default_factory=lambda: array("q"))
    """Unix seconds of the arrivals, in the order of the log."""
    request_numbers: array[int] = field(default_factory=lambda: array("l"))
    """Index in ``requests`` of each arrival."""
    statuses: list[Counter[int]] = field(default_factory=list)
    """Of each request, how often it had each status."""
    unsupported_requests: int = 0
    """Arrivals of other methods (a log contains no bodies), or without a path."""
    unparsed_lines: int = 0
    first_unparsed_line: int = 0
    """Number of the first line of another format; 0 for none."""


def read_access_log(lines: Iterable[str]) -> AccessLog:
    """Read a log line by line; only the arrivals and the distinct requests stay in memory."""
    log, numbers = AccessLog(), dict[tuple[str, str], int]()
    for line_number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        second = _parse_unix_second(match) if match else None
        if match is None or second is None:
            if line.strip():
                log.unparsed_lines += 1
                log.first_unparsed_line = log.first_unparsed_line or line_number
            continue
        request = match[9], match[10]
        if request[0] not in _SAFE_METHODS or not request[1].startswith("/"):
            log.unsupported_requests += 1
            continue
        number = numbers.setdefault(request, len(numbers))
        if number == len(log.requests):
            log.requests.append(request)
            log.statuses.append(Counter())
        log.arrival_seconds.append(second)
        log.request_numbers.append(number)
        log.statuses[number][int(match[11])] += 1
    return log


def declare_requests(log: AccessLog, limit: int) -> list[dict[str, Any]]:
    """Return the ``limit`` most frequent requests for a profile; the weights are their numbers of arrivals.

    The most frequent status of a request is expected when it is an error.
    """
    counts = Counter(log.request_numbers)
    declared = []
    for number, count in counts.most_common(limit):
        method, path = log.requests[number]
        status = log.statuses[number].most_common(1)[0][0]
        expect = {"expect": {"status": status}} if status >= _FIRST_ERROR_STATUS else {}
        declared.append(
            {"name": f"{method} {path}", "method": method, "path": path, "weight": count, **expect}
        )
    return declared


def list_arrivals(log: AccessLog, names: set[str]) -> Iterator[tuple[float, str]]:
    """Yield time (seconds since the first arrival) and request name of the arrivals with one of the names.

    A log has whole seconds: the arrivals in a second are spread evenly over it.
    """
    labels = [f"{method} {path}" for method, path in log.requests]
    order = sorted(
        (index for index, number in enumerate(log.request_numbers) if labels[number] in names),
        key=log.arrival_seconds.__getitem__,
    )
    arrivals_in_second = Counter(log.arrival_seconds[index] for index in order)
    yielded_in_second: Counter[int] = Counter()
    for index in order:
        second = log.arrival_seconds[index]
        fraction = yielded_in_second[second] / arrivals_in_second[second]
        yielded_in_second[second] += 1
        yield second - log.arrival_seconds[order[0]] + fraction, labels[log.request_numbers[index]]


def _parse_unix_second(match: re.Match[str]) -> int | None:
    """Return the Unix second of a line, or ``None`` for a date that does not exist."""
    day, month, year, hour, minute, second, hours, minutes = match.groups()[:8]
    try:
        offset = timedelta(hours=int(hours), minutes=int(f"{hours[0]}{minutes}"))
        time = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second),
            tzinfo=timezone(offset),
        )  # fmt: skip
    except ValueError:
        return None
    return int(time.timestamp())
