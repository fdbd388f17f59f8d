"""Recorded arrivals: when requests came once, to be sent so again. Imports neither Locust nor gevent."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

from slo.documents.yaml_source import Problem, ProblemsError, shown

TIME, REQUEST = "time_seconds", "request"
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Trace:
    """Arrivals in seconds since the first, ascending, and the names of their requests where they are told."""

    times: Sequence[float]
    requests: Sequence[str]

    @property
    def seconds(self) -> float:
        """Length, with a mean gap after the last arrival."""
        count = len(self.times)
        return self.times[-1] * count / (count - 1) if count > 1 and self.times[-1] else 1.0


@lru_cache(maxsize=4)
def read_trace(path: Path) -> Trace:
    """Read a CSV file with the column ``time_seconds`` and perhaps ``request``.

    Raises:
        ProblemsError: what is wrong with the file, line by line.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return _read(str(path), csv.DictReader(file))
    except OSError as error:
        raise ProblemsError([Problem(str(path), None, "", f"can't be read: {error.strerror}")]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemsError([Problem(str(path), None, "", f"is no CSV in UTF-8: {error}")]) from None


def _read(name: str, rows: csv.DictReader[str]) -> Trace:
    columns = rows.fieldnames or []
    if TIME not in columns or set(columns) - {TIME, REQUEST}:
        message = f"has the columns {', '.join(columns) or 'none'}; needs {TIME}, and perhaps {REQUEST}"
        raise ProblemsError([Problem(name, 1, "", message)])
    times, requests = array("d"), []
    problems: list[Problem] = []
    for row in rows:
        problems.extend(Problem(name, rows.line_num, TIME, text) for text in _wrong(row[TIME], times))
        if len(problems) >= _MOST_PROBLEMS:
            break
        if REQUEST in columns:
            requests.append(row[REQUEST] or "")
    if not times and not problems:
        problems.append(Problem(name, None, "", "holds no arrival"))
    if problems:
        raise ProblemsError(problems)
    return Trace(times, requests)


def _wrong(text: str | None, times: array[float]) -> Iterator[str]:
    """Take a time, or say what is wrong with it."""
    try:
        time = float(text or "")
    except ValueError:
        yield f"{shown(text)} is no number of seconds"
        return
    if not isfinite(time) or time < 0:
        yield f"{shown(text)} is no time since the first arrival"
    elif times and time < times[-1]:
        yield f"{shown(text)} comes after {times[-1]:g}; times have to ascend"
    else:
        times.append(time)
