"""Statistics of a load by request name and by second; those of several processes add up.

Times are in Unix seconds. Seconds are numbered from the start of the load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from loadtests.recording.hdr_histogram import DurationHistogram
from slo.model import FailureCount, RequestCounts

_COUNT_FIELDS = ("offered", "sent", "completed", "failed")
_HISTOGRAM_FIELDS = ("lateness", "response_time", "service_time", "time_to_first_byte")
_COUNTER_FIELDS = ("statuses", "errors", "failures", "failed_answers")


@dataclass(slots=True)
class RequestStats:
    """Statistics of one request name; ``method`` is the HTTP method where it is known."""

    method: str = ""
    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    body_bytes: int = 0
    lateness: DurationHistogram = field(default_factory=DurationHistogram)
    response_time: DurationHistogram = field(default_factory=DurationHistogram)
    service_time: DurationHistogram = field(default_factory=DurationHistogram)
    time_to_first_byte: DurationHistogram = field(default_factory=DurationHistogram)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Error classes of requests that were sent; ``errors`` contains those of dropped arrivals as well."""
    failed_answers: Counter[str] = field(default_factory=Counter)
    """Failed requests by status (0 without a response) and error class: ``"503 unexpected answer"``."""

    @property
    def dropped(self) -> int:
        """Arrivals for which no request was sent."""
        return self.offered - self.sent

    def add(self, other: RequestStats) -> None:
        """Add other statistics to these."""
        self.method = self.method or other.method
        for name in (*_COUNT_FIELDS, "body_bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _HISTOGRAM_FIELDS:
            getattr(self, name).merge(getattr(other, name))
        self.statuses.update(other.statuses)
        self.errors.update(other.errors)
        self.failures.update(other.failures)
        self.failed_answers.update(other.failed_answers)

    def to_counts(self) -> RequestCounts:
        """Return the counts and percentiles that the run record contains."""
        return RequestCounts(
            **{name: getattr(self, name) for name in _COUNT_FIELDS},
            dropped=self.dropped,
            **{name: getattr(self, name).compute_quantiles() for name in _HISTOGRAM_FIELDS},
            statuses={str(status): count for status, count in self.statuses.most_common()},
            errors=dict(self.errors.most_common()),
            failures=tuple(_parse_failure(text, count) for text, count in self.failed_answers.most_common()),
        )

    def serialize(self) -> dict[str, Any]:
        """Return plain data that msgpack can encode."""
        return {
            **{name: getattr(self, name) for name in ("method", *_COUNT_FIELDS, "body_bytes")},
            **{name: getattr(self, name).serialize() for name in _HISTOGRAM_FIELDS},
            **{name: dict(getattr(self, name)) for name in _COUNTER_FIELDS},
        }

    @classmethod
    def deserialize(cls, data: Mapping[str, Any]) -> RequestStats:
        """Return the statistics that :meth:`serialize` was called on."""
        histograms = {name: DurationHistogram.deserialize(data[name]) for name in _HISTOGRAM_FIELDS}
        counters = {name: Counter(data[name]) for name in _COUNTER_FIELDS}
        return cls(**{**data, **histograms, **counters})


def _parse_failure(text: str, count: int) -> FailureCount:
    status, _, error = text.partition(" ")
    return FailureCount(error, int(status), count)


@dataclass(slots=True)
class SecondStats:
    """Statistics of one second: requests by the time of the send, responses by the time of their end."""

    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    response_time: DurationHistogram = field(default_factory=DurationHistogram)

    def add(self, other: SecondStats) -> None:
        """Add other statistics to these."""
        for name in _COUNT_FIELDS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.response_time.merge(other.response_time)

    def serialize(self) -> dict[str, Any]:
        """Return plain data that msgpack can encode."""
        counts = {name: getattr(self, name) for name in _COUNT_FIELDS}
        return {**counts, "response_time": self.response_time.serialize()}

    @classmethod
    def deserialize(cls, data: Mapping[str, Any]) -> SecondStats:
        """Return the statistics that :meth:`serialize` was called on."""
        return cls(**{**data, "response_time": DurationHistogram.deserialize(data["response_time"])})


@dataclass(slots=True)
class StatsTable:
    """All statistics of a load; its requests are between ``first_start`` and ``last_end``."""

    by_name: dict[str, RequestStats] = field(default_factory=dict)
    by_second: dict[int, SecondStats] = field(default_factory=dict)
    first_start: float = inf
    last_end: float = -inf
    task_counts: Counter[str] = field(default_factory=Counter)
    """Tasks by ``started``, ``raised`` and ``failed_starts`` (:class:`slo.model.TaskCounts`)."""
    task_errors: Counter[str] = field(default_factory=Counter)

    def serialize(self) -> dict[str, Any]:
        """Return plain data that msgpack can encode."""
        return {
            "by_name": {name: stats.serialize() for name, stats in self.by_name.items()},
            "by_second": {number: stats.serialize() for number, stats in self.by_second.items()},
            "first_start": self.first_start,
            "last_end": self.last_end,
            "task_counts": dict(self.task_counts),
            "task_errors": dict(self.task_errors),
        }

    @classmethod
    def deserialize(cls, data: Mapping[str, Any]) -> StatsTable:
        """Return the statistics that :meth:`serialize` was called on."""
        return cls(
            {name: RequestStats.deserialize(stats) for name, stats in data["by_name"].items()},
            {int(number): SecondStats.deserialize(stats) for number, stats in data["by_second"].items()},
            data["first_start"],
            data["last_end"],
            Counter(data["task_counts"]),
            Counter(data["task_errors"]),
        )
