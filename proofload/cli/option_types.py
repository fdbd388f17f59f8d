"""The types of option values: durations, times, rates and faults."""

from __future__ import annotations

import errno
import os
import re
import time
from datetime import datetime
from math import isfinite, nan
from pathlib import Path
from typing import Any

import click

from loadtests.profile import parse_duration
from slo.documents import format_value

Fault = tuple[str, float | bool]
"""Name and value of a fault of the reference service."""
_UNIX_SECONDS = re.compile(r"\d+(?:\.\d+)?")


def parse_time(text: str, now: float) -> float:
    """Return a time in Unix seconds.

    The text is Unix seconds, RFC 3339 with an offset, ``now``, or a time before now such as ``-10m``.

    Raises:
        ValueError: the text is none of these.
    """
    if text == "now":
        return now
    if text.startswith("-"):
        return now - parse_duration(text[1:])
    if _UNIX_SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a time; write Unix seconds, RFC 3339 like 2026-11-23T10:00:00Z, now, or -10m"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; end it with Z or an offset like +01:00")
    return moment.timestamp()


class DurationType(click.ParamType[float]):
    """A duration such as ``30s``; converted to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a duration, or fail with an example."""
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class TimeType(click.ParamType[float]):
    """A time: Unix seconds, RFC 3339, ``now`` or ``-10m``; converted to Unix seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a time, or fail with an example."""
        try:
            return parse_time(str(value), time.time())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class FiniteRange(click.FloatRange):
    """A number within a range; ``nan`` compares with no bound, so the range alone would accept it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a number, or fail if it is not in the range."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


def find_path_problem(text: str) -> str | None:
    """Return why no file can have a path: it is empty, too long, or a link that leads to itself."""
    if not text:
        return "a path can't be empty"
    try:
        os.stat(text)  # noqa: PTH116 - a Path drops a slash at the end
    except OSError as error:
        if error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
            return f"{format_value(text)}: {error.strerror}"
    except ValueError as error:  # a null character
        return f"{format_value(text)}: {error}"
    return None


class PathType(click.Path):
    """A path; the empty text, e.g. of an unset variable, is an error and not the working directory."""

    def __init__(self, path_type: type[Path | str] = Path) -> None:
        super().__init__(path_type=path_type)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail if no file can have it."""
        if problem := find_path_problem(str(value)):
            self.fail(problem, param, ctx)
        return super().convert(value, param, ctx)


class UrlType(click.ParamType[str]):
    """A URL, which is checked later; the empty text, e.g. of a variable that is not set, is an error."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail if it is empty."""
        if not str(value).strip():
            self.fail("is empty; write a URL like http://127.0.0.1:8000", param, ctx)
        return str(value)


class RateType(click.FloatRange):
    """Requests per second, above 0."""

    name = "rate"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a rate, or fail with an example."""
        rate = super().convert(value, param, ctx)
        if not isfinite(rate):
            self.fail(f"{value} is not a rate; write requests per second, e.g. 100", param, ctx)
        return float(rate)


class FaultType(click.ParamType[Fault]):
    """``NAME=VALUE``, e.g. ``error_ratio=0.02``; the reference service checks name and range."""

    name = "fault"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        """Parse a fault, or fail with an example."""
        name, equals, text = str(value).partition("=")
        if text in {"true", "false"}:
            return name, text == "true"
        try:
            number = float(text)
        except ValueError:
            number = nan
        if not isfinite(number):
            cause = "" if equals else " (no '=')"
            self.fail(
                f"{value!r} is not a fault{cause}; write NAME=NUMBER, e.g. error_ratio=0.02", param, ctx
            )
        return name, number
