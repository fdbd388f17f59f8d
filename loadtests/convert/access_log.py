"""Requests and arrivals from access logs."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from loadtests.convert.log_lines import LoggedRequest, LogLineParser
from loadtests.convert.omissions import NotConvertibleError, Omissions
from loadtests.convert.request_text import encode_target

_SAFE_METHODS = {"GET", "HEAD"}
_FIRST_ERROR_STATUS = 400
_SWITCHING_PROTOCOLS = 101
_CLIENT_STATUSES = {0, 408, 444, 460, 463, 464, 494, 495, 496, 497, 499}
"""No response, or the server's note that the client gave up: not expected of a service (nginx, AWS ALB)."""
_MAX_ARRIVALS = 4_000_000
_MAX_REQUESTS = 500_000


class LogTooLargeError(ValueError):
    """The log has more requests than fit into memory; the message says how many."""


@dataclass
class AccessLog:
    """The distinct requests of a log, and the arrivals of each."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method, and path with query."""
    arrival_times: array[float] = field(default_factory=lambda: array("d"))
    """Unix seconds of the arrivals, in the order of the log."""
    request_numbers: array[int] = field(default_factory=lambda: array("l"))
    """Index in ``requests`` of each arrival."""
    statuses: list[Counter[int]] = field(default_factory=list)
    """Of each request, how often it had each status."""
    skipped: Omissions = field(default_factory=Omissions)
    """Lines that are no request, and requests that can't be sent."""
    first_unparsed_line: int = 0
    """Number of the first line of another format; 0 for none."""

    @property
    def has_whole_seconds(self) -> bool:
        """Whether no time of the log has a fraction."""
        return all(time.is_integer() for time in self.arrival_times)


def read_access_log(lines: Iterable[str]) -> AccessLog:
    """Read a log line by line; only the arrivals and the distinct requests stay in memory.

    Raises:
        LogTooLargeError: the log has too many arrivals or distinct requests.
    """
    log, numbers, parser = AccessLog(), dict[tuple[str, str], int](), LogLineParser()
    for line_number, line in enumerate(lines, 1):
        logged = None if parser.is_directive(line) else parser.parse(line)
        if logged is None:
            if line.strip("\ufeff \t\r\n") and not parser.is_directive(line):
                log.skipped.add("lines of another format", f"line {line_number}")
                log.first_unparsed_line = log.first_unparsed_line or line_number
            continue
        try:
            request = _read_request(logged)
        except NotConvertibleError as error:
            log.skipped.add(str(error), f"line {line_number}")
            continue
        _add_arrival(log, numbers, request, logged)
    return log


def _read_request(logged: LoggedRequest) -> tuple[str, str]:
    """Return method and path of a request that can be sent."""
    if logged.method not in _SAFE_METHODS:
        raise NotConvertibleError("requests with other methods: a log contains no bodies")
    if logged.status == _SWITCHING_PROTOCOLS:
        raise NotConvertibleError("requests that switched to another protocol, such as WebSocket")
    try:
        target = _find_path(logged.target.partition("#")[0])
        path = encode_target(target) if target else ""
    except ValueError:
        path = ""
    if not path:
        raise NotConvertibleError("requests without a valid path")
    return logged.method, path


def _find_path(target: str) -> str:
    """Return path and query of a target, which a proxy gets with an authority (RFC 9112, 3.2.2)."""
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _add_arrival(
    log: AccessLog, numbers: dict[tuple[str, str], int], request: tuple[str, str], logged: LoggedRequest
) -> None:
    number = numbers.setdefault(request, len(numbers))
    if number == len(log.requests):
        log.requests.append(request)
        log.statuses.append(Counter())
    log.arrival_times.append(logged.time)
    log.request_numbers.append(number)
    log.statuses[number][logged.status] += 1
    if len(log.requests) > _MAX_REQUESTS or len(log.arrival_times) > _MAX_ARRIVALS:
        raise LogTooLargeError(
            f"contains more than {_MAX_ARRIVALS:,} requests, or {_MAX_REQUESTS:,} different ones; split it"
        )


def declare_requests(log: AccessLog, limit: int) -> list[dict[str, Any]]:
    """Return the ``limit`` most frequent requests for a profile; the weights are their numbers of arrivals.

    The most frequent status of a request is expected when it is an error that the service responded with.
    """
    counts = Counter(log.request_numbers)
    declared = []
    for number, count in counts.most_common(limit):
        method, path = log.requests[number]
        status = _find_usual_status(log.statuses[number])
        expect = {"expect": {"status": status}} if status >= _FIRST_ERROR_STATUS else {}
        declared.append(
            {"name": f"{method} {path}", "method": method, "path": path, "weight": count, **expect}
        )
    return declared


def _find_usual_status(statuses: Counter[int]) -> int:
    """Return the most frequent status that a service responded with; 0 if there is none."""
    of_service = Counter({status: n for status, n in statuses.items() if status not in _CLIENT_STATUSES})
    return of_service.most_common(1)[0][0] if of_service else 0


def list_arrivals(log: AccessLog, names: set[str]) -> Iterator[tuple[float, str]]:
    """Yield time (seconds since the first arrival) and request name of the arrivals with one of the names.

    If the log has whole seconds, the arrivals in a second are spread evenly over it.
    """
    labels = [f"{method} {path}" for method, path in log.requests]
    order = sorted(
        (index for index, number in enumerate(log.request_numbers) if labels[number] in names),
        key=log.arrival_times.__getitem__,
    )
    times = [log.arrival_times[index] for index in order]
    if log.has_whole_seconds:
        times = list(_spread_evenly(times))
    for index, time in zip(order, times, strict=True):
        yield time - times[0], labels[log.request_numbers[index]]


def _spread_evenly(times: list[float]) -> Iterator[float]:
    """Yield ascending times in whole seconds, those of each second spread over it."""
    arrivals_in_second, yielded = Counter(times), Counter[float]()
    for time in times:
        yield time + yielded[time] / arrivals_in_second[time]
        yielded[time] += 1
