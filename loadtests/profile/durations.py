"""Durations in text form, such as ``30s`` or ``1h30m``."""

from __future__ import annotations

import re

_MAX_SHOWN_CHARACTERS = 60
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
MAX_SECONDS = 366 * 86_400
"""Longest duration; a longer one is a mistake, and overflows timers."""
DURATION_PATTERN = r"^([0-9]+([.][0-9]+)?(ms|[smhdw]))+$"
"""A duration as a regular expression in the dialect of JSON Schema."""
_DURATION = re.compile(DURATION_PATTERN, re.ASCII)
_PART = re.compile(r"([0-9]+(?:[.][0-9]+)?)(ms|[smhdw])", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``30s``, ``1h30m`` or ``500ms``.

    Raises:
        ValueError: the text is not a duration, or the duration is zero or longer than 366 days.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{_shorten(text)} is not a duration; write one like 30s, 5m or 1h30m")
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > MAX_SECONDS:
        raise ValueError(f"{_shorten(text)} is longer than 366 days")
    if not seconds:
        raise ValueError(f"{text!r} is a duration of zero; write a longer one, such as 30s")
    return seconds


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}...")
