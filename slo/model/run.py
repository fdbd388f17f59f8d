"""What the load generator sent: the run record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slo.model.evidence import Window

SCHEMA = 1
"""Version of ``run.json``, ``evidence.json`` and ``verdict.json``."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Distribution of a duration in seconds; all ``None`` when nothing was measured."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p99_9: float | None = None
    max: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """What the load generator did, for one request name or for all of them.

    ``offered``: asked by the schedule; ``sent``: put on the wire or tried to; ``completed``: answered
    by the service, whatever the status; ``failed``: sent, and either not answered or not answered as
    expected; ``dropped``: offered and never sent. ``offered == sent + dropped``.
    ``lateness`` is actual minus intended send; ``response_time`` counts from the intended start,
    ``service_time`` from the send, as does ``time_to_first_byte``, which ends with the answer's first byte.
    ``statuses`` and ``errors`` map a status or reason to a count.
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
        """Sent over offered, or ``None`` when nothing was offered."""
        return self.sent / self.offered if self.offered else None


@dataclass(frozen=True, slots=True)
class Second:
    """What the load generator saw in one second; times of responses in seconds.

    ``time`` is the Unix second it began; ``completed`` and ``failed`` count by when they ended.
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
    """How one process of the load generator did during the measured load.

    ``cpu_ratio`` is its share of one core; a lag is how much later than asked its loop came round. One that
    was lost could not tell.
    """

    host: str
    pid: int
    lost: bool = False
    cpu_ratio: float | None = None
    loop_lag_p99_seconds: float | None = None
    loop_lag_max_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was sent, from the load generator's own books (``run.json``).

    ``window`` reaches from the first intended start after warm-up to the last response.
    ``profile`` is the validated load profile as plain data; ``generator`` gives the versions of what sent.
    ``aborted`` is why the load was given up, if it was.
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
