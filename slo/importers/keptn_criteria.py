"""Keptn's criteria such as ``<600`` and ``<=+10%``.

Source: https://github.com/keptn/spec (service_level_objective.md): a sign or a ``%`` makes a criterion
relative to earlier results. All criteria of an item must hold, and one of several items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from slo.documents import format_value

_CRITERION = re.compile(r"(<=|>=|<|>|=)\s*([+-]?)\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(%?)", re.ASCII)
_OPENSLO_OPS = {"<=": "lte", "<": "lt", ">=": "gte", ">": "gt"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion; ``is_relative``: to earlier results."""

    text: str
    operator: str
    value: float
    is_relative: bool

    @property
    def openslo_op(self) -> str | None:
        """OpenSLO's operator; ``None`` for ``=``, which OpenSLO lacks."""
        return _OPENSLO_OPS.get(self.operator)

    @property
    def is_upper_limit(self) -> bool:
        """Whether it is an upper limit."""
        return self.operator.startswith("<")


def parse_criterion(text: str) -> Criterion:
    """Parse one criterion.

    Raises:
        ValueError: the text is not a criterion.
    """
    match = _CRITERION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{format_value(text)} is not a criterion such as <600, >=0.95 or <=+10%")
    operator, sign, number, percent = match.groups()
    return Criterion(text.strip(), operator, float(Decimal(number)), is_relative=bool(sign or percent))


def is_stricter(limit: Criterion, other: Criterion) -> bool:
    """Whether ``limit`` is stricter than ``other``; both must be upper limits or both lower ones."""
    if limit.is_upper_limit is not other.is_upper_limit or limit.is_relative or other.is_relative:
        return False
    return limit.value < other.value if limit.is_upper_limit else limit.value > other.value
