"""Rules with shorter windows, so that an alert of an hour fires in a minute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RANGE_OR_OFFSET = re.compile(r"(?P<before>\[|\boffset )(?P<number>\d+)(?P<unit>[smhdw])(?=[]:\s)]|$)")
_DURATION = re.compile(r"(\d+)([smhdw])")


def compress_time(data: Mapping[str, Any], factor: int) -> dict[str, Any]:
    """Divide every range, offset, ``for`` and interval of rules (as Prometheus reads them) by a factor.

    Names stay: ``ratio_rate5m`` then covers 5 min / ``factor``. No duration is shorter than 1 s.
    """
    return {"groups": [_compress_group(group, factor) for group in data["groups"]]}


def _compress_group(group: Mapping[str, Any], factor: int) -> dict[str, Any]:
    rules = [_compress_rule(rule, factor) for rule in group["rules"]]
    return {**group, "interval": _compress_duration(group["interval"], factor), "rules": rules}


def _compress_rule(rule: Mapping[str, Any], factor: int) -> dict[str, Any]:
    expr = _RANGE_OR_OFFSET.sub(lambda match: _compress_range(match, factor), rule["expr"])
    changes = {"for": _compress_duration(rule["for"], factor)} if "for" in rule else {}
    return {**rule, "expr": expr, **changes}


def _compress_range(match: re.Match[str], factor: int) -> str:
    return f"{match['before']}{_divide_seconds(match['number'], match['unit'], factor)}s"


def _compress_duration(text: str, factor: int) -> str:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration of a generated rule")
    return f"{_divide_seconds(match[1], match[2], factor)}s"


def _divide_seconds(number: str, unit: str, factor: int) -> int:
    return max(round(int(number) * _UNIT_SECONDS[unit] / factor), 1)
