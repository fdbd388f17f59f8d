"""The run record: what the load generator sent, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slo.model.evidence import Window

SCHEMA_VERSION = 1
"""Schema version of ``run.json``, ``evidence.json`` and ``verdict.json``."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Distribution of a duration in seconds; all fields are ``None`` when nothing was measured."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p99_9: float | None = None
    max: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Requests that failed in the same way: ``error`` is the error class, ``status`` 0 without a response."""

    error: str
    status: int
    count: int

    @property
    def reason(self) -> str:
        """The error class, with the status if the class does not contain it."""
        return _format_reason(self.error, self.status)


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Counts and times of the requests of one name, or of all requests.

    ``offered``: due by the schedule; ``sent``: sent, or tried to send; ``completed``: a response came back,
    with any status; ``failed``: sent, with no response or not the expected one; ``dropped``: offered and
    never sent. ``offered == sent + dropped``.
    ``lateness`` is the actual minus the intended send time. ``response_time`` is measured from the intended
    start, ``service_time`` from the send to the end of the response, ``time_to_first_byte`` from the send to
    its first byte. ``statuses`` and ``errors`` count requests by status and by error class; dropped requests
    have an error class, too. ``failures`` count the failed requests alone, by error class and status, most
    frequent first.
    """

    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    dropped: int = 0
    lateness: Quantiles = field(default_factory=Quantiles)
    response_time: Quantiles = field(default_factory=Quantiles)
    service_time: Quantiles = field(default_factory=Quantiles)
    time_to_first_byte: Quantiles = field(default_factory=Quantiles)
    statuses: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[FailureCount, ...] = ()

    def list_failures(self) -> tuple[FailureCount, ...]:
        """Return ``failures``; for a record without them, what its error classes say about each failure."""
        if self.failures or not self.failed:
            return self.failures
        if sum(self.errors.values()) == self.failed:
            return tuple(_parse_error_class(error, count) for error, count in self.errors.items())
        return (FailureCount("reason not recorded", 0, self.failed),)

    @property
    def achieved_ratio(self) -> float | None:
        """``sent`` / ``offered``; ``None`` when nothing was offered."""
        return self.sent / self.offered if self.offered else None


def _format_reason(error: str, status: int) -> str:
    return f"{error} (status {status})" if status and str(status) not in error else error


def _parse_error_class(error: str, count: int) -> FailureCount:
    status = error.removeprefix("status ")
    return FailureCount(error, int(status) if status.isdecimal() else 0, count)


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks of a locustfile: ``started``, and ``raised`` that ended with an exception.

    A task that raised did not send all of its requests. ``failed_starts`` counts users whose ``on_start``
    raised. ``errors`` counts the exceptions of both by type and text.
    """

    started: int = 0
    raised: int = 0
    failed_starts: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Second:
    """Counts of the load generator in one second, and percentiles of the response time in seconds.

    ``time`` is the Unix time at which the second starts. ``completed`` and ``failed`` count the requests that
    ended in it.
    """

    time: float
    offered: int
    sent: int
    completed: int
    failed: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class GeneratorProcess:
    """Health of one process of the load generator during the measured load.

    ``cpu_ratio`` is its share of one core. A loop lag is the delay between a due time and the event loop's
    reaction. A ``lost`` process did not report its values.
    """

    host: str
    pid: int
    lost: bool = False
    cpu_ratio: float | None = None
    loop_lag_p99_seconds: float | None = None
    loop_lag_max_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was sent, as the load generator recorded it (``run.json``).

    ``window`` reaches from the first intended start after the warm-up to the last response.
    ``profile`` is the validated load profile as plain data; ``generator`` holds the versions of the software
    that sent the load. ``aborted`` is the reason if the load was aborted. ``tasks`` counts the tasks of a
    locustfile.
    """

    id: str
    target: str
    engine: str
    seed: int
    window: Window
    profile: Mapping[str, object]
    total: RequestCounts
    requests: Mapping[str, RequestCounts]
    warmup: RequestCounts
    series: tuple[Second, ...] = ()
    generator: Mapping[str, str] = field(default_factory=dict)
    processes: tuple[GeneratorProcess, ...] = ()
    interrupted: bool = False
    aborted: str | None = None
    tasks: TaskCounts = field(default_factory=TaskCounts)


MAX_FAILURE_ROWS = 100
"""Longest list of failed requests by name and reason."""


@dataclass(frozen=True, slots=True)
class NamedFailureCount:
    """Requests of one name that failed in the same way; see :class:`FailureCount`."""

    request: str
    error: str
    status: int
    count: int

    @property
    def reason(self) -> str:
        """The error class, with the status if the class does not contain it."""
        return _format_reason(self.error, self.status)


@dataclass(frozen=True, slots=True)
class FailedRequests:
    """How many of the requests sent failed, by name and reason, most frequent first.

    ``omitted`` further rows of ``omitted_count`` requests are left out.
    """

    sent: int
    failed: int
    rows: tuple[NamedFailureCount, ...] = ()
    omitted: int = 0
    omitted_count: int = 0


def summarize_failed_requests(run: RunRecord) -> FailedRequests:
    """Return the failed requests of a run, at most :data:`MAX_FAILURE_ROWS` rows."""
    rows = [
        NamedFailureCount(name, failure.error, failure.status, failure.count)
        for name, counts in (run.requests or {"all": run.total}).items()
        for failure in counts.list_failures()
    ]
    rows.sort(key=lambda row: (-row.count, row.request, row.error, row.status))
    rest = rows[MAX_FAILURE_ROWS:]
    return FailedRequests(
        run.total.sent,
        run.total.failed,
        tuple(rows[:MAX_FAILURE_ROWS]),
        len(rest),
        sum(row.count for row in rest),
    )


MIN_COMPLETE_TASK_RATIO = 0.99
"""Smallest share of the tasks that must end without an exception for the load to count as delivered."""


def are_tasks_delivered(tasks: TaskCounts) -> bool:
    """Return whether every user started, and no more tasks raised than may."""
    allowed = (1 - MIN_COMPLETE_TASK_RATIO) * max(tasks.started, 1)
    return not tasks.failed_starts and (not tasks.raised or tasks.raised <= allowed)


def describe_failed_tasks(tasks: TaskCounts) -> str:
    """Return how many tasks and users' starts raised, with the most frequent exception; empty for none."""
    parts = []
    if tasks.raised:
        parts.append(f"{tasks.raised:,} of {max(tasks.started, tasks.raised):,} tasks raised")
    if tasks.failed_starts:
        parts.append(f"on_start of {tasks.failed_starts:,} users raised")
    if not parts:
        return ""
    error, count = next(iter(tasks.errors.items()), ("", 0))
    return " and ".join(parts) + (f", most often ({count:,} times) {error}" if error else "")
