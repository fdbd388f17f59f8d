"""Load profiles from access logs, in the Common or the Combined Log Format of Apache and nginx."""

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
_SENDABLE = {"GET", "HEAD"}
_FIRST_BAD = 400


@dataclass
class Log:
    """What was read of a log: each request with its number of arrivals, and when they came."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method, and path with its query."""
    seconds: array[int] = field(default_factory=lambda: array("q"))
    """Unix seconds of the arrivals, as they stand in the log; beside each the number of its request."""
    numbers: array[int] = field(default_factory=lambda: array("l"))
    statuses: list[Counter[int]] = field(default_factory=list)
    other_methods: int = 0
    unread: int = 0
    first_unread: int = 0
    """Line number of the first line that is not of the format; 0 for none."""


def read_log(lines: Iterable[str]) -> Log:
    """Read a log line by line; only its arrivals and its different requests are kept."""
    log, known = Log(), dict[tuple[str, str], int]()
    for line_number, line in enumerate(lines, 1):
        found = _LINE.match(line)
        second = _second(found) if found else None
        if found is None or second is None:
            if line.strip():
                log.unread += 1
                log.first_unread = log.first_unread or line_number
            continue
        request = found[9], found[10]
        if request[0] not in _SENDABLE or not request[1].startswith("/"):
            log.other_methods += 1
            continue
        number = known.setdefault(request, len(known))
        if number == len(log.requests):
            log.requests.append(request)
            log.statuses.append(Counter())
        log.seconds.append(second)
        log.numbers.append(number)
        log.statuses[number][int(found[11])] += 1
    return log


def requests_of(log: Log, most: int) -> list[dict[str, Any]]:
    """Give the ``most`` frequent requests, declared; their weights are how often they came.

    A request that mostly failed is expected to fail likewise.
    """
    counts = Counter(log.numbers)
    declared = []
    for number, count in counts.most_common(most):
        method, path = log.requests[number]
        status = log.statuses[number].most_common(1)[0][0]
        expect = {"expect": {"status": status}} if status >= _FIRST_BAD else {}
        declared.append(
            {"name": f"{method} {path}", "method": method, "path": path, "weight": count, **expect}
        )
    return declared


def arrivals_of(log: Log, names: set[str]) -> Iterator[tuple[float, str]]:
    """Give time (seconds since the first) and name of the arrivals whose requests are among ``names``.

    A log tells whole seconds: the arrivals of one are spread evenly over it.
    """
    labels = [f"{method} {path}" for method, path in log.requests]
    order = sorted(
        (position for position, number in enumerate(log.numbers) if labels[number] in names),
        key=log.seconds.__getitem__,
    )
    within = Counter(log.seconds[position] for position in order)
    seen: Counter[int] = Counter()
    for position in order:
        second = log.seconds[position]
        moment = second - log.seconds[order[0]] + seen[second] / within[second]
        seen[second] += 1
        yield moment, labels[log.numbers[position]]


def _second(found: re.Match[str]) -> int | None:
    """Give the Unix second of a line, or ``None`` where its date is none."""
    day, month, year, hour, minute, second, hours, minutes = found.groups()[:8]
    try:
        offset = timedelta(hours=int(hours), minutes=int(f"{hours[0]}{minutes}"))
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second),
            tzinfo=timezone(offset),
        )  # fmt: skip
    except ValueError:
        return None
    return int(moment.timestamp())
