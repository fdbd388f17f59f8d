"""Sums of a load: what is counted of each name and of each second. Those of several processes add up.

Times in Unix seconds; a second's number counts from the begin of the load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from loadtests.recording.hdr_histogram import Histogram
from slo.model import RequestCounts

_COUNTS = ("offered", "sent", "completed", "failed")
_TIMES = ("lateness", "response_time", "service_time", "time_to_first_byte")
_RESPONSE_TIMES = "response_time"


@dataclass(slots=True)
class Account:
    """What is kept of one name; ``method`` is that of HTTP, where it is known."""

    method: str = ""
    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    body_bytes: int = 0
    lateness: Histogram = field(default_factory=Histogram)
    response_time: Histogram = field(default_factory=Histogram)
    service_time: Histogram = field(default_factory=Histogram)
    time_to_first_byte: Histogram = field(default_factory=Histogram)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Errors of requests that were sent; ``errors`` holds those of dropped arrivals too."""

    @property
    def dropped(self) -> int:
        """Arrivals that no request was sent for."""
        return self.offered - self.sent

    def add(self, other: Account) -> None:
        """Add what another one counted."""
        self.method = self.method or other.method
        for name in (*_COUNTS, "body_bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _TIMES:
            getattr(self, name).merge(getattr(other, name))
        self.statuses.update(other.statuses)
        self.errors.update(other.errors)
        self.failures.update(other.failures)

    def counts(self) -> RequestCounts:
        """Give them as a run's record has them."""
        return RequestCounts(
            **{name: getattr(self, name) for name in _COUNTS},
            dropped=self.dropped,
            **{name: getattr(self, name).quantiles() for name in _TIMES},
            statuses={str(status): number for status, number in self.statuses.most_common()},
            errors=dict(self.errors.most_common()),
        )

    def to_wire(self) -> dict[str, Any]:
        """Give plain data that msgpack can send."""
        return {
            **{name: getattr(self, name) for name in ("method", *_COUNTS, "body_bytes")},
            **{name: getattr(self, name).to_wire() for name in _TIMES},
            "statuses": dict(self.statuses),
            "errors": dict(self.errors),
            "failures": dict(self.failures),
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Account:
        """Read what :meth:`to_wire` gave."""
        times = {name: Histogram.from_wire(data[name]) for name in _TIMES}
        counters = {name: Counter(data[name]) for name in ("statuses", "errors", "failures")}
        return cls(**{**data, **times, **counters})


@dataclass(slots=True)
class SecondSums:
    """What is counted of one second; requests by when they were sent, answers by when they ended."""

    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    response_time: Histogram = field(default_factory=Histogram)

    def add(self, other: SecondSums) -> None:
        """Add what another one counted."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.response_time.merge(other.response_time)

    def to_wire(self) -> dict[str, Any]:
        """Give plain data that msgpack can send."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, _RESPONSE_TIMES: self.response_time.to_wire()}

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> SecondSums:
        """Read what :meth:`to_wire` gave."""
        return cls(**{**data, _RESPONSE_TIMES: Histogram.from_wire(data[_RESPONSE_TIMES])})


@dataclass(slots=True)
class Sums:
    """Everything that is counted; ``first`` and ``last`` are the edges of what was seen."""

    accounts: dict[str, Account] = field(default_factory=dict)
    seconds: dict[int, SecondSums] = field(default_factory=dict)
    first: float = inf
    last: float = -inf

    def to_wire(self) -> dict[str, Any]:
        """Give plain data that msgpack can send."""
        return {
            "accounts": {name: one.to_wire() for name, one in self.accounts.items()},
            "seconds": {number: one.to_wire() for number, one in self.seconds.items()},
            "first": self.first,
            "last": self.last,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Sums:
        """Read what :meth:`to_wire` gave."""
        return cls(
            {name: Account.from_wire(one) for name, one in data["accounts"].items()},
            {int(number): SecondSums.from_wire(one) for number, one in data["seconds"].items()},
            data["first"],
            data["last"],
        )
