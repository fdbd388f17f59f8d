"""Keptn's criteria such as ``<600`` and ``<=+10%``.

Source: https://github.com/keptn/spec (service_level_objective.md): a sign or a ``%`` makes one relative to
earlier results; the criteria of an item all have to hold, of several items one has to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from slo.documents.yaml_source import shown

_CRITERION = re.compile(r"(<=|>=|<|>|=)\s*([+-]?)\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(%?)", re.ASCII)
_OPS = {"<=": "lte", "<": "lt", ">=": "gte", ">": "gt"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion as written; ``relative``: to earlier results."""

    text: str
    sign: str
    value: float
    relative: bool

    @property
    def op(self) -> str | None:
        """The operator in OpenSLO's words, which have none for ``=``."""
        return _OPS.get(self.sign)

    @property
    def upper(self) -> bool:
        """Whether it is an upper limit."""
        return self.sign.startswith("<")


def criterion(text: str) -> Criterion:
    """Read one criterion.

    Raises:
        ValueError: it is none.
    """
    match = _CRITERION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{shown(text)} is not a criterion such as <600, >=0.95 or <=+10%")
    sign, plus, number, percent = match.groups()
    return Criterion(text.strip(), sign, float(Decimal(number)), relative=bool(plus or percent))


def stricter(one: Criterion, other: Criterion) -> bool:
    """Whether ``one`` is a stricter limit than ``other``, of the same side."""
    if one.upper is not other.upper or one.relative or other.relative:
        return False
    return one.value < other.value if one.upper else one.value > other.value
