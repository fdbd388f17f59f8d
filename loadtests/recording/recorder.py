"""The books of a load, in memory that does not grow with it: rows come in, sums and histograms stay.

Times in Unix seconds. A row is one request, or one arrival that was dropped.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import floor, nan

import numpy as np
import numpy.ma
import numpy.typing as npt

from loadtests.recording.hdr_histogram import Histogram
from loadtests.recording.stats import Account, SecondSums, Sums
from slo.model import RequestCounts, Second, Window

NOT_SENT = "(not sent)"
"""The name of arrivals that no request was sent for, where it is not known which it would have been."""
UNANSWERED = "no answer before the end"
_COLUMNS = 8
_LOADED = numpy.ma
"""What ``np.unique`` would load at its first call, when files may have run out."""
_FULL = 8_192 * _COLUMNS
_OPEN_SECONDS = 5
"""How long a second's response times are kept apart, so that those of other processes may still come."""

Column = npt.NDArray[np.float64]
Row = tuple[float, float, float, float, float, float, float, float]
"""Codes of name and error; times: (name, intended, began, first byte, ended, status, error, body bytes)."""


class Books:
    """What one phase of a load did; its seconds are counted from ``begin``.

    Who asks by :meth:`tell` hears of the sums that are added.
    """

    def __init__(self, begin: float = 0.0) -> None:
        self.begin = begin
        self._listeners: list[Callable[[Sums], None]] = []
        self._names: dict[str, int] = {}
        self._methods: dict[int, str] = {}
        self._errors: dict[str, int] = {}
        self._rows = array("d")
        self._sums = Sums()
        self._percentiles: dict[int, tuple[float | None, float | None, float | None]] = {}
        self._closed_until = 0
        self._recent = Histogram()

    def tell(self, listen: Callable[[Sums], None]) -> None:
        """Have another one hear of the sums that are added; once is enough."""
        if listen not in self._listeners:
            self._listeners.append(listen)

    def name_code(self, name: str, method: str = "") -> int:
        """Give the number that stands for a name in a :data:`Row`."""
        code = self._names.setdefault(name, len(self._names))
        if method:
            self._methods[code] = method
        return code

    def error_code(self, error: str | None) -> int:
        """Give the number that stands for a class of errors in a :data:`Row`; 0 for none."""
        return 0 if error is None else self._errors.setdefault(error, len(self._errors) + 1)

    @property
    def write(self) -> Callable[[Row], None]:
        """Write a row by its numbers: the way for engines that write very many, and call :meth:`reduce`.

        ``intended`` is NaN for a request that was offered when it was sent; ``began``, ``first`` and
        ``ended`` are NaN for an arrival that was dropped, ``first`` also where it is not known; ``status``
        is 0 without an answer.
        """
        return self._rows.extend

    def _row(self, *row: float) -> None:
        self._rows.extend(row)
        if len(self._rows) >= _FULL:
            self.reduce()

    def sent(  # noqa: PLR0913 - a row
        self,
        name: str,
        *,
        intended: float | None,
        began: float,
        ended: float,
        status: int,
        error: str | None,
        first: float = nan,
        method: str = "",
        body_bytes: int = 0,
    ) -> None:
        """Write down a request that is over.

        ``intended`` is its intended start, ``None`` for a further request of the same arrival (or of a user
        of a closed load): it was offered when it was sent. ``first`` is when the first byte of its answer
        came, if that is known. ``status`` is 0 where no answer came; ``error`` the class of its failure.
        """
        start = nan if intended is None else intended
        code = self.name_code(name, method)
        self._row(code, start, began, first, ended, status, self.error_code(error), body_bytes)

    def dropped(self, intended: float, error: str, name: str = NOT_SENT, number: int = 1) -> None:
        """Write down an arrival that no request was sent for, or so many."""
        for _ in range(number):
            self._row(self.name_code(name), intended, nan, nan, nan, 0, self.error_code(error), 0)

    # --- What follows -----------------------------------------------------------------------------

    @property
    def offered(self) -> int:
        """Requests offered, as of the last :meth:`reduce`."""
        return sum(one.offered for one in self._sums.accounts.values())

    @property
    def requests(self) -> int:
        """Requests sent, likewise."""
        return sum(one.sent for one in self._sums.accounts.values())

    @property
    def answered(self) -> int:
        """Requests answered, likewise."""
        return sum(one.completed for one in self._sums.accounts.values())

    @property
    def failed(self) -> int:
        """Requests that failed, likewise."""
        return sum(one.failed for one in self._sums.accounts.values())

    def accounts(self) -> dict[str, Account]:
        """Give what is kept of each name."""
        self.reduce()
        return self._sums.accounts

    def everything(self) -> Account:
        """Give the same of all names together."""
        everything = Account()
        for one in self.accounts().values():
            everything.add(one)
        return everything

    def total(self) -> RequestCounts:
        """Count everything."""
        return self.everything().counts()

    def by_name(self) -> dict[str, RequestCounts]:
        """Count each name."""
        return {name: one.counts() for name, one in self.accounts().items()}

    def take_recent(self) -> Histogram:
        """Give the response times of what ended since this was asked last."""
        recent, self._recent = self._recent, Histogram()
        return recent

    def take_sums(self) -> Sums:
        """Give everything away: what is added from now on is counted anew."""
        self.reduce()
        sums, self._sums = self._sums, Sums()
        return sums

    def window(self, end: float) -> Window:
        """Give the stretch from the first start to the last response or dropped arrival.

        Without any, it reaches from the begin to the end that was planned.
        """
        self.reduce()
        first, last = self._sums.first, self._sums.last
        return Window(first, last) if first <= last else Window(self.begin, end)

    def per_second(self, end: float) -> tuple[Second, ...]:
        """Give a row for each second from the begin until ``end``."""
        self.reduce()
        return tuple(self._second(n) for n in range(floor(max(end - self.begin, 0.0)) + 1))

    def _second(self, number: int) -> Second:
        sums = self._sums.seconds.get(number, SecondSums())
        percentiles = self._percentiles.get(number) or _percentiles(sums.response_time)
        return Second(self.begin + number, sums.offered, sums.sent, sums.completed, sums.failed, *percentiles)

    def reduce(self) -> None:
        """Take the rows into sums and histograms, and forget them."""
        if self._rows:
            rows = np.array(self._rows).reshape(-1, _COLUMNS)
            sums = self._summed(rows)
            del self._rows[: rows.size]
            self.add(sums)

    def add(self, sums: Sums) -> None:
        """Add sums to the books."""
        mine = self._sums
        for name, account in sums.accounts.items():
            mine.accounts.setdefault(name, Account()).add(account)
            self._recent.merge(account.response_time)
        for number, second in sums.seconds.items():
            mine.seconds.setdefault(number, SecondSums()).add(second)
        mine.first, mine.last = min(mine.first, sums.first), max(mine.last, sums.last)
        self._close_seconds()
        for listen in self._listeners:
            listen(sums)

    def _close_seconds(self) -> None:
        """Keep three percentiles of the seconds that are long over, instead of all response times."""
        seconds = self._sums.seconds
        over = max(seconds, default=0) - _OPEN_SECONDS
        for number in [one for one in seconds if self._closed_until <= one < over]:
            self._percentiles[number] = _percentiles(seconds[number].response_time)
            seconds[number].response_time = Histogram()
        self._closed_until = max(self._closed_until, over)

    # --- From rows to sums ------------------------------------------------------------------------

    def _summed(self, rows: Column) -> Sums:
        _, intended, began, _, ended, *_ = rows.T
        starts = _starts(intended, began)
        names = {code: name for name, code in self._names.items()}
        errors = {code: text for text, code in self._errors.items()}
        accounts = {}
        for code in np.unique(rows[:, 0]).astype(int).tolist():
            account = _account(rows[rows[:, 0] == code], errors)
            account.method = self._methods.get(code, "")
            accounts[names[code]] = account
        last = float(np.fmax(ended, starts).max())
        return Sums(accounts, self._seconds(rows), float(starts.min()), last)

    def _seconds(self, rows: Column) -> dict[int, SecondSums]:
        _, intended, began, _, ended, status, error, _ = rows.T
        starts, sent = _starts(intended, began), ~np.isnan(began)
        seconds: dict[int, SecondSums] = {}
        for name, times in (
            ("offered", starts),
            ("sent", began[sent]),
            ("completed", ended[status > 0]),
            ("failed", ended[sent & (error > 0)]),
        ):
            for number, count in zip(*np.unique(self._numbers(times), return_counts=True), strict=True):
                setattr(seconds.setdefault(int(number), SecondSums()), name, int(count))
        numbers, times = self._numbers(ended[sent]), (ended - starts)[sent]
        for number in np.unique(numbers).tolist():
            seconds.setdefault(number, SecondSums()).response_time.add(times[numbers == number])
        return seconds

    def _numbers(self, times: Column) -> npt.NDArray[np.int64]:
        return np.maximum(np.floor(times - self.begin), 0).astype(np.int64)


def _account(rows: Column, errors: dict[int, str]) -> Account:
    _, intended, began, first, ended, status, error, length = rows.T
    sent = ~np.isnan(began)
    account = Account(
        offered=len(rows),
        sent=int(sent.sum()),
        completed=int((status > 0).sum()),
        failed=int((sent & (error > 0)).sum()),
        body_bytes=int(length.sum()),
    )
    account.lateness.add((began - intended)[sent & ~np.isnan(intended)])
    account.response_time.add((ended - _starts(intended, began))[sent])
    account.service_time.add((ended - began)[sent])
    account.time_to_first_byte.add((first - began)[sent & (status > 0) & ~np.isnan(first)])
    account.statuses.update(status[status > 0].astype(int).tolist())
    account.errors.update(errors[code] for code in error[error > 0].astype(int).tolist())
    account.failures.update(errors[code] for code in error[sent & (error > 0)].astype(int).tolist())
    return account


def _percentiles(times: Histogram) -> tuple[float | None, float | None, float | None]:
    return times.quantile(0.5), times.quantile(0.95), times.quantile(0.99)


def _starts(intended: Column, began: Column) -> Column:
    return np.where(np.isnan(intended), began, intended)
