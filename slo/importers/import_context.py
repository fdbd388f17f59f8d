"""What every format needs at the border: strict reading, and faults and notes that name field and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import pydantic

from slo.documents.yaml_source import (
    Document,
    Location,
    Problem,
    ProblemsError,
    StrictModel,
    shown,
    validation_problems,
)
from slo.promql.syntax import parse, parse_selector

_Model = TypeVar("_Model", bound=StrictModel)
_T = TypeVar("_T")
_MAX_DESCRIPTION = 1050  # as OpenSLO has it
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?", re.ASCII)
_MINUTES = {"y": 525_600, "w": 10_080, "d": 1_440, "h": 60, "m": 1}


@dataclass(frozen=True)
class Draft:
    """An SLO as it is to be written in OpenSLO; ``notes`` say what of the original it doesn't hold."""

    name: str
    service: str
    indicator: Mapping[str, Any]
    objective: Mapping[str, Any]
    window: str
    description: str = ""
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()


class Border:
    """One foreign document on its way: what is wrong with it, and what will be left out."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def read(self, model: type[_Model]) -> _Model:
        """The document as its model.

        Raises:
            ProblemsError: what is wrong with it, line by line.
        """
        if not isinstance(self.document.data, dict):
            self.fault((), f"should be a mapping, got {shown(self.document.data)}")
            raise ProblemsError(self.problems)
        try:
            return model.model_validate(self.document.data)
        except pydantic.ValidationError as error:
            raise ProblemsError(validation_problems(self.document, error)) from None

    def fault(self, loc: Location, message: str) -> None:
        """Note what can't be translated."""
        self.problems.append(self.document.problem(loc, message))

    def note(self, loc: Location, message: str) -> None:
        """Note what is left out, or added."""
        self.notes.append(self.document.problem(loc, message))

    def note_metadata(self, *kept: str) -> None:
        """Note what an object of Kubernetes says of itself beside what is ``kept``."""
        left = [key for key in self.document.data["metadata"] if key not in kept]
        if left:
            self.note(
                ("metadata",), f"{', '.join(left)} left out: about the object in Kubernetes, not its SLOs"
            )

    def sound(self, loc: Location, read: Callable[[], _T]) -> _T | None:
        """What a reading gives; its ``ValueError`` becomes a fault at ``loc``, and ``None``."""
        try:
            return read()
        except ValueError as error:
            self.fault(loc, str(error))
            return None

    def query(self, loc: Location, text: str) -> str:
        """A PromQL query without the space around it; a fault when it is none."""
        text = text.strip()
        self.sound(loc, lambda: parse(text))
        return text

    def selector(self, loc: Location, text: str) -> str:
        """A bare selector in PromQL; a fault when it is anything else."""
        found = self.sound(loc, lambda: parse_selector(text.strip()))
        return str(found or "")

    def description(self, loc: Location, text: str) -> str:
        """A description, no longer than OpenSLO allows."""
        if len(text) > _MAX_DESCRIPTION:
            self.note(loc, f"is cut after {_MAX_DESCRIPTION} characters, the most that OpenSLO allows")
        return text[:_MAX_DESCRIPTION]

    def done(self) -> None:
        """End the translation of the document.

        Raises:
            ProblemsError: faults were met.
        """
        if self.problems:
            raise ProblemsError(self.problems)


def metric(query: str) -> dict[str, Any]:
    """A metric of an SLI that is asked of Prometheus."""
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def events(part: str, query: str, total: str) -> dict[str, Any]:
    """An SLI of counters: ``part`` is ``good`` or ``bad``."""
    return {"ratioMetric": {"counter": True, part: metric(query), "total": metric(total)}}


def raw_ratio(query: str, raw_type: str) -> dict[str, Any]:
    """An SLI that is one expression; ``raw_type`` is ``success`` or ``failure``."""
    return {"ratioMetric": {"rawType": raw_type, "raw": metric(query)}}


def ratio_of(target: float, scale: int = 1) -> float:
    """The ratio of a target written in parts of ``scale`` (100: per cent), to the last bit: 99.9 is 0.999.

    Raises:
        ValueError: it leaves no error budget, or asks for nothing.
    """
    if not 0 < target < scale:
        hint = "; it leaves no error budget" if target == scale else ""
        raise ValueError(f"{target:g} does not lie between 0 and {scale} (both excluded){hint}")
    return float(Decimal(repr(target)) / scale)


def percent_text(text: str) -> float:
    """A percentage that is written as text, as a ratio.

    Raises:
        ValueError: it is no number between 0 and 100.
    """
    try:
        value = float(Decimal(text.strip().removesuffix("%").strip()))
    except (InvalidOperation, OverflowError):
        raise ValueError(f"{shown(text)} is not a percentage, e.g. 99.9") from None
    return ratio_of(value, 100)


def window_of(text: str) -> str:
    """A Prometheus duration such as ``4w`` or ``1h30m`` as OpenSLO writes one, in its largest whole unit.

    Source: Prometheus's ``model.ParseDuration`` (a year has 365 days).

    Raises:
        ValueError: it is none, or no whole number of minutes.
    """
    match = _DURATION.fullmatch(text.strip())
    counts = match.groups() if match else ()
    minutes = sum(int(count or 0) * length for count, length in zip(counts, _MINUTES.values(), strict=False))
    if not 0 < minutes < 10**7:
        raise ValueError(f"{shown(text)} is not a window of whole minutes, e.g. 4w or 30d")
    unit = next(unit for unit, length in _MINUTES.items() if unit != "y" and minutes % length == 0)
    return f"{minutes // _MINUTES[unit]}{unit}"
