"""The books of a load, in memory that does not grow with it: rows come in, sums and histograms stay.

Times in Unix seconds. A row is one request, or one arrival that was dropped.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor, inf, nan

import numpy as np
import numpy.typing as npt

from loadtests.hdr import Histogram
from slo.model import RequestCounts, Second, Window

NOT_SENT = "(not sent)"
"""The name of arrivals that no request was sent for, where it is not known which it would have been."""
UNANSWERED = "no answer before the end"
_COLUMNS = 6
_FULL = 8_192 * _COLUMNS

Column = npt.NDArray[np.float64]
Row = tuple[float, float, float, float, float, float]
"""Name, intended start, begin, end, status, error: names and errors by their codes."""


@dataclass(slots=True)
class Account:
    """What is kept of one name."""

    offered: int = 0
    sent: int = 0
    completed: int = 0
    failed: int = 0
    lateness: Histogram = field(default_factory=Histogram)
    response_time: Histogram = field(default_factory=Histogram)
    service_time: Histogram = field(default_factory=Histogram)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)
    failures: Counter[int] = field(default_factory=Counter)
    """Errors of requests that were sent; ``errors`` holds those of dropped arrivals too."""

    @property
    def dropped(self) -> int:
        """Arrivals that no request was sent for."""
        return self.offered - self.sent

    def add(self, other: Account) -> None:
        """Take in what another one counted."""
        self.offered += other.offered
        self.sent += other.sent
        self.completed += other.completed
        self.failed += other.failed
        for name in ("lateness", "response_time", "service_time"):
            getattr(self, name).merge(getattr(other, name))
        self.statuses.update(other.statuses)
        self.errors.update(other.errors)
        self.failures.update(other.failures)


class Books:
    """What one phase of a load did; its seconds are counted from ``begin``."""

    def __init__(self, begin: float = 0.0) -> None:
        self.begin = begin
        self._names: dict[str, int] = {}
        self._errors: dict[str, int] = {}
        self._rows = array("d")
        self._accounts: list[Account] = []
        self._seconds: dict[str, Counter[int]] = {
            name: Counter() for name in ("offered", "sent", "completed", "failed")
        }
        self._percentiles: dict[int, tuple[float, float, float]] = {}
        self._open_second: tuple[int, list[Column]] = (0, [])
        self._first, self._last = inf, -inf
        self.recent: Column = np.empty(0)
        """Response times of the latest requests that were reduced, in seconds."""

    def name_code(self, name: str) -> int:
        """Give the number that stands for a name in a :data:`Row`."""
        return self._names.setdefault(name, len(self._names))

    def error_code(self, error: str | None) -> int:
        """Give the number that stands for a class of errors in a :data:`Row`; 0 for none."""
        return 0 if error is None else self._errors.setdefault(error, len(self._errors) + 1)

    @property
    def write(self) -> Callable[[Row], None]:
        """Write a row by its numbers: the way for engines that write very many, and call :meth:`reduce`.

        ``intended`` is NaN for a request that was offered when it was sent; ``began`` and ``ended`` are
        NaN for an arrival that was dropped; ``status`` is 0 without an answer.
        """
        return self._rows.extend

    def _row(self, *row: float) -> None:
        self._rows.extend(row)
        if len(self._rows) >= _FULL:
            self.reduce()

    def sent(
        self, name: str, *, intended: float | None, began: float, ended: float, status: int, error: str | None
    ) -> None:
        """Write down a request that is over.

        ``intended`` is its intended start, ``None`` for a further request of the same arrival (or of a user
        of a closed load): it was offered when it was sent. ``status`` is 0 where no answer came; ``error``
        the class of its failure.
        """
        start = nan if intended is None else intended
        self._row(self.name_code(name), start, began, ended, status, self.error_code(error))

    def dropped(self, intended: float, error: str, name: str = NOT_SENT) -> None:
        """Write down an arrival that no request was sent for."""
        self._row(self.name_code(name), intended, nan, nan, 0, self.error_code(error))

    # --- What follows -----------------------------------------------------------------------------

    @property
    def requests(self) -> int:
        """Requests sent, as of the last :meth:`reduce`."""
        return sum(one.sent for one in self._accounts)

    @property
    def answered(self) -> int:
        """Requests answered, likewise."""
        return sum(one.completed for one in self._accounts)

    @property
    def failed(self) -> int:
        """Requests that failed, likewise."""
        return sum(one.failed for one in self._accounts)

    def total(self) -> RequestCounts:
        """Count everything."""
        self.reduce()
        everything = Account()
        for one in self._accounts:
            everything.add(one)
        return self._counts(everything)

    def by_name(self) -> dict[str, RequestCounts]:
        """Count each name."""
        self.reduce()
        return {name: self._counts(self._accounts[code]) for name, code in self._names.items()}

    def response_times(self) -> dict[str, Histogram]:
        """Give the histogram of response times of each name."""
        self.reduce()
        return {name: self._accounts[code].response_time for name, code in self._names.items()}

    def accounts(self) -> dict[str, Account]:
        """Give what is kept of each name; it goes on changing."""
        self.reduce()
        return {
            name: self._accounts[code] for name, code in self._names.items() if code < len(self._accounts)
        }

    def error_classes(self) -> dict[int, str]:
        """Name the classes of errors by the numbers that stand for them in a :data:`Row`."""
        return {code: text for text, code in self._errors.items()}

    def window(self, end: float) -> Window:
        """Give the stretch from the first start to the last response or dropped arrival.

        Without any, it reaches from the begin to the end that was planned.
        """
        self.reduce()
        return Window(self._first, self._last) if self._first <= self._last else Window(self.begin, end)

    def per_second(self, end: float) -> tuple[Second, ...]:
        """Give a row for each second from the begin until ``end``."""
        self.reduce()
        self._close_second(-1)
        seconds = self._seconds
        return tuple(
            Second(
                self.begin + n,
                seconds["offered"][n],
                seconds["sent"][n],
                seconds["completed"][n],
                seconds["failed"][n],
                *self._percentiles.get(n, (None, None, None)),
            )
            for n in range(floor(max(end - self.begin, 0.0)) + 1)
        )

    def reduce(self) -> None:
        """Take the rows into sums and histograms, and forget them."""
        if not self._rows:
            return
        rows = np.array(self._rows).reshape(-1, _COLUMNS)
        del self._rows[:]
        while len(self._accounts) < len(self._names):
            self._accounts.append(Account())
        for code in np.unique(rows[:, 0]):
            self._take(self._accounts[int(code)], rows[rows[:, 0] == code])
        self._take_seconds(rows)

    def _take(self, account: Account, rows: Column) -> None:
        _, intended, began, ended, status, error = rows.T
        sent = ~np.isnan(began)
        scheduled = sent & ~np.isnan(intended)
        account.offered += len(rows)
        account.sent += int(sent.sum())
        account.completed += int((status > 0).sum())
        account.failed += int((sent & (error > 0)).sum())
        account.lateness.add((began - intended)[scheduled])
        account.response_time.add((ended - _starts(intended, began))[sent])
        account.service_time.add((ended - began)[sent])
        account.statuses.update(status[status > 0].astype(int).tolist())
        account.errors.update(error[error > 0].astype(int).tolist())
        account.failures.update(error[sent & (error > 0)].astype(int).tolist())

    def _take_seconds(self, rows: Column) -> None:
        _, intended, began, ended, status, error = rows.T
        starts, sent = _starts(intended, began), ~np.isnan(began)
        self._first = min(self._first, float(starts.min()))
        self._last = max(self._last, float(np.fmax(ended, starts).max()))
        for name, times in (
            ("offered", starts),
            ("sent", began[sent]),
            ("completed", ended[status > 0]),
            ("failed", ended[sent & (error > 0)]),
        ):
            self._seconds[name].update(self._numbers(times).tolist())
        if sent.any():
            self.recent = (ended - starts)[sent]
            self._take_percentiles(self._numbers(ended[sent]), self.recent)

    def _take_percentiles(self, numbers: npt.NDArray[np.int64], times: Column) -> None:
        """Rows come in the order in which they ended, so a second is over when the next one appears."""
        for number in np.unique(numbers):
            if number > self._open_second[0]:
                self._close_second(int(number))
            self._open_second[1].append(times[numbers == number])

    def _close_second(self, following: int) -> None:
        number, chunks = self._open_second
        if chunks:
            asked = np.quantile(np.concatenate(chunks), [0.5, 0.95, 0.99], method="inverted_cdf")
            p50, p95, p99 = map(float, asked)
            self._percentiles[number] = (p50, p95, p99)
        self._open_second = (following, []) if following >= 0 else (number, chunks)

    def _numbers(self, times: Column) -> npt.NDArray[np.int64]:
        return np.maximum(np.floor(times - self.begin), 0).astype(np.int64)

    def _counts(self, account: Account) -> RequestCounts:
        errors = self.error_classes()
        return RequestCounts(
            offered=account.offered,
            sent=account.sent,
            completed=account.completed,
            failed=account.failed,
            dropped=account.dropped,
            lateness=account.lateness.quantiles(),
            response_time=account.response_time.quantiles(),
            service_time=account.service_time.quantiles(),
            statuses={str(status): number for status, number in account.statuses.most_common()},
            errors={errors[code]: number for code, number in account.errors.most_common()},
        )


def _starts(intended: Column, began: Column) -> Column:
    return np.where(np.isnan(intended), began, intended)
