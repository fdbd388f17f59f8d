"""Recorded arrivals, read from CSV files, which a load can replay."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

from loadtests.profile.csv_rows import MAX_PROBLEMS, NumberedRow, read_csv
from loadtests.profile.durations import MAX_SECONDS
from slo.documents import Problem, ProblemsError, format_value

TIME_COLUMN, REQUEST_COLUMN = "time_seconds", "request"


@dataclass(frozen=True)
class Trace:
    """Recorded arrivals: seconds since the first one, ascending, and the request names when recorded."""

    arrival_times: Sequence[float]
    request_names: Sequence[str]

    @property
    def duration_seconds(self) -> float:
        """Time from the first to the last arrival, plus one mean gap; 1 s when it can't be computed."""
        count = len(self.arrival_times)
        if count > 1 and self.arrival_times[-1]:
            return self.arrival_times[-1] * count / (count - 1)
        return 1.0


@lru_cache(maxsize=4)
def read_trace(path: Path) -> Trace:
    """Read a CSV file with the column ``time_seconds`` and, optionally, ``request``.

    Raises:
        ProblemsError: the file can't be read, or some of its lines are invalid.
    """
    try:
        columns, rows = read_csv(path)
    except OSError as error:
        raise ProblemsError([Problem(str(path), None, "", f"can't be read: {error.strerror}")]) from None
    return _parse_trace(str(path), columns, rows)


def _parse_trace(name: str, columns: Sequence[str], rows: Sequence[NumberedRow]) -> Trace:
    if TIME_COLUMN not in columns or set(columns) - {TIME_COLUMN, REQUEST_COLUMN}:
        message = (
            f"has the columns {', '.join(columns) or 'none'}; "
            f"{TIME_COLUMN} is required and {REQUEST_COLUMN} is optional"
        )
        raise ProblemsError([Problem(name, 1, "", message)])
    arrival_times, request_names = array("d"), []
    problems: list[Problem] = []
    for line, row in rows:
        try:
            arrival_times.append(_parse_arrival_time(row[TIME_COLUMN], arrival_times))
        except ValueError as error:
            problems.append(Problem(name, line, TIME_COLUMN, str(error)))
        if len(problems) >= MAX_PROBLEMS:
            break
        if REQUEST_COLUMN in columns:
            request_names.append(row[REQUEST_COLUMN])
    if not arrival_times and not problems:
        problems.append(Problem(name, None, "", "contains no arrivals"))
    if problems:
        raise ProblemsError(problems)
    return Trace(arrival_times, request_names)


def _parse_arrival_time(text: str, earlier_times: Sequence[float]) -> float:
    """Return the seconds of an arrival.

    Raises:
        ValueError: the text is not a number of seconds, or the time is before the previous arrival.
    """
    try:
        time = float(text)
    except ValueError:
        raise ValueError(f"{format_value(text)} is not a number of seconds") from None
    if not isfinite(time) or time < 0:
        raise ValueError(f"{format_value(text)} is not a time since the first arrival")
    if time > MAX_SECONDS:
        raise ValueError(f"{format_value(text)} is more than {MAX_SECONDS:,} s (366 days)")
    if earlier_times and time < earlier_times[-1]:
        raise ValueError(f"{format_value(text)} follows {earlier_times[-1]:g}; times must ascend")
    return time
