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
class RequestCounts:
    """Counts and times of the requests of one name, or of all requests.

    ``offered``: due by the schedule; ``sent``: sent, or tried to send; ``completed``: a response came back,
    with any status; ``failed``: sent, with no response or not the expected one; ``dropped``: offered and
    never sent. ``offered == sent + dropped``.
    ``lateness`` is the actual minus the intended send time. ``response_time`` is measured from the intended
    start, ``service_time`` from the send to the end of the response, ``time_to_first_byte`` from the send to
    its first byte. ``statuses`` and ``errors`` count requests by status and by error class.
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

    @property
    def achieved_ratio(self) -> float | None:
        """``sent`` / ``offered``; ``None`` when nothing was offered."""
        return self.sent / self.offered if self.offered else None


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
    that sent the load. ``aborted`` is the reason if the load was aborted.
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
