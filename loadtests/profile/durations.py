"""Durations as people write them. Imports the standard library alone."""

from __future__ import annotations

import re

_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PATTERN = r"^([0-9]+([.][0-9]+)?(ms|[smhdw]))+$"
"""What a duration looks like, as a regular expression of JSON Schema's dialect."""
_WHOLE = re.compile(PATTERN, re.ASCII)
_PART = re.compile(r"([0-9]+(?:[.][0-9]+)?)(ms|[smhdw])", re.ASCII)


def parse_duration(text: str) -> float:
    """Read a duration such as ``30s``, ``1h30m`` or ``500ms``; seconds.

    Raises:
        ValueError: it is none, or not longer than zero.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration; write one like 30s, 5m or 1h30m")
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))
    if not seconds:
        raise ValueError(f"{text!r} is no time at all; write a duration like 30s")
    return seconds
