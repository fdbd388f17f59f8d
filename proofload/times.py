"""Times and durations as people write them on the command line."""

from __future__ import annotations

import re
from datetime import datetime

_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_duration(text: str) -> float:
    """Read a duration such as ``30s``, ``1h30m`` or ``500ms``; seconds.

    Raises:
        ValueError: it is none, or not longer than zero.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write one like 30s, 5m or 1h30m")
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))
    if not seconds:
        raise ValueError(f"{text!r} is no time at all; write a duration like 30s")
    return seconds


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
