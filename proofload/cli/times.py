"""Moments as people write them on the command line."""

from __future__ import annotations

import re
from datetime import datetime

from loadtests.profile.durations import parse_duration

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def parse_time(text: str, now: float) -> float:
    """Read Unix seconds, RFC 3339 (with its offset), ``now``, or a time before now such as ``-10m``.

    Raises:
        ValueError: it is none of these.
    """
    if text == "now":
        return now
    if text.startswith("-"):
        return now - parse_duration(text[1:])
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time; write Unix seconds, RFC 3339 like 2026-11-23T10:00:00Z, now, or -10m"
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; end it with Z or an offset like +01:00")
    return moment.timestamp()
