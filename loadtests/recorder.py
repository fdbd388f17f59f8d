"""The books of a load: one row a request, and what follows from the rows. Times in Unix seconds."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from math import floor, nan

import numpy as np
import pandas as pd

from slo.model import Quantiles, RequestCounts, Second, Window

NOT_SENT = "(not sent)"
"""The name under which arrivals are counted that no request was sent for."""
UNANSWERED = "no answer before the end"
_RECENT = 1000


class Books:
    """What one phase of a load did; every row is one request, or one arrival that was dropped."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._errors: dict[str, int] = {}
        self._name, self._error = array("i"), array("i")
        self._intended, self._began, self._ended = array("d"), array("d"), array("d")
        self._status = array("i")
        self._failed = array("b")
        self.requests = 0
        self.answered = 0
        self.failed = 0
        self.recent: deque[float] = deque(maxlen=_RECENT)
        """Response times of the latest requests, in seconds."""

    def sent(
        self, name: str, *, intended: float | None, began: float, ended: float, status: int, error: str | None
    ) -> None:
        """Write down a request that is over.

        ``intended`` is its intended start, ``None`` for a further request of the same arrival (or of a user
        of a closed load): it was offered when it was sent. ``status`` is 0 where no answer came; ``error``
        the class of its failure.
        """
        self.requests += 1
        self.answered += status > 0
        self.failed += error is not None
        self.recent.append(ended - (began if intended is None else intended))
        self._row(name, nan if intended is None else intended, began, ended, status, error)

    def dropped(self, intended: float, error: str) -> None:
        """Write down an arrival that no request was sent for."""
        self._row(NOT_SENT, intended, nan, nan, 0, error)

    def frame(self) -> pd.DataFrame:
        """Give the rows.

        Columns: ``name`` and ``error`` (texts), ``intended``, ``began``, ``ended`` (Unix seconds, NaN where
        there is none), ``status``, ``failed``.
        """
        names, errors = [*self._names], [None, *self._errors]
        return pd.DataFrame(
            {
                "name": [names[code] for code in self._name],
                "intended": np.array(self._intended),
                "began": np.array(self._began),
                "ended": np.array(self._ended),
                "status": np.array(self._status),
                "failed": np.array(self._failed, dtype=bool),
                "error": [errors[code] for code in self._error],
            }
        )

    def _row(
        self, name: str, intended: float, began: float, ended: float, status: int, error: str | None
    ) -> None:
        self._name.append(self._names.setdefault(name, len(self._names)))
        self._intended.append(intended)
        self._began.append(began)
        self._ended.append(ended)
        self._status.append(status)
        self._failed.append(error is not None and began == began)  # noqa: PLR0124 - not NaN
        self._error.append(0 if error is None else self._errors.setdefault(error, len(self._errors) + 1))


def counts(frame: pd.DataFrame) -> RequestCounts:
    """Count the rows of :meth:`Books.frame`, or of some of its names."""
    sent = frame["began"].notna()
    answered = frame["status"] > 0
    start = frame["intended"].fillna(frame["began"])
    return RequestCounts(
        offered=len(frame),
        sent=int(sent.sum()),
        completed=int(answered.sum()),
        failed=int(frame["failed"].sum()),
        dropped=int((~sent).sum()),
        lateness=quantiles(frame["began"] - frame["intended"]),
        response_time=quantiles(frame["ended"] - start),
        service_time=quantiles(frame["ended"] - frame["began"]),
        statuses={str(status): number for status, number in _tally(frame["status"][answered])},
        errors={str(error): number for error, number in _tally(frame["error"].dropna())},
    )


def counts_by_name(frame: pd.DataFrame) -> dict[str, RequestCounts]:
    """Count the rows of each name."""
    return {str(name): counts(rows) for name, rows in frame.groupby("name")}


def quantiles(seconds: pd.Series[float]) -> Quantiles:
    """Give the distribution of durations; NaN is left out, each percentile is a value that was measured."""
    measured = seconds.dropna().to_numpy()
    if not len(measured):
        return Quantiles()
    asked = np.quantile(measured, [0.5, 0.9, 0.95, 0.99, 0.999, 1], method="inverted_cdf")
    p50, p90, p95, p99, p99_9, most = map(float, asked)
    return Quantiles(p50, p90, p95, p99, p99_9, most, float(measured.mean()))


def window(frame: pd.DataFrame, begin: float, end: float) -> Window:
    """Give the stretch from the first start to the last response or dropped arrival.

    Without any, it is what was planned.
    """
    started = frame[["intended", "began"]].min().min()
    last = frame[["ended", "intended"]].max().max()
    return Window(
        float(started) if pd.notna(started) else begin,
        float(last) if pd.notna(last) else end,
    )


def per_second(frame: pd.DataFrame, span: Window) -> tuple[Second, ...]:
    """Give a row for each second of a window, counted from its start."""
    offered = _second_of(frame["intended"].fillna(frame["began"]), span)
    sent = _second_of(frame["began"], span)
    ended = _second_of(frame["ended"].where(frame["status"] > 0), span)
    failed = _second_of(frame["ended"].where(frame["failed"]), span)
    took = frame["ended"] - frame["intended"].fillna(frame["began"])
    spread = {int(second): quantiles(values) for second, values in took.groupby(ended)}
    tallies = [Counter(column.dropna().astype(int)) for column in (offered, sent, ended, failed)]
    rows = []
    for number in range(floor(span.seconds) + 1):
        some = spread.get(number, Quantiles())
        offers, sends, answers, failures = (tally[number] for tally in tallies)
        rows.append(
            Second(span.start + number, offers, sends, answers, failures, some.p50, some.p95, some.p99)
        )
    return tuple(rows)


def _second_of(times: pd.Series[float], span: Window) -> pd.Series[float]:
    return (times - span.start).clip(lower=0).floordiv(1)


def _tally(values: pd.Series[int] | pd.Series[str]) -> list[tuple[object, int]]:
    return sorted(Counter(values).items(), key=lambda item: (-item[1], str(item[0])))
