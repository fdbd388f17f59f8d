"""Reading a document of another tool strictly, with problems and notes that name its fields and lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pydantic

from slo.documents import (
    Document,
    Location,
    Problem,
    ProblemsError,
    StrictModel,
    format_value,
    list_validation_problems,
)
from slo.promql import parse_expression, parse_selector

_Model = TypeVar("_Model", bound=StrictModel)
_T = TypeVar("_T")
_MAX_DESCRIPTION = 1050  # characters, as in OpenSLO


class ImportContext:
    """One document of another tool, its problems so far, and notes on what is omitted or added."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def read_model(self, model: type[_Model]) -> _Model:
        """Return the document as a model.

        Raises:
            ProblemsError: all problems of the document, with their lines.
        """
        if not isinstance(self.document.data, dict):
            self.add_problem((), f"should be a mapping, got {format_value(self.document.data)}")
            raise ProblemsError(self.problems)
        try:
            return model.model_validate(self.document.data)
        except pydantic.ValidationError as error:
            raise ProblemsError(list_validation_problems(self.document, error)) from None

    def add_problem(self, loc: Location, message: str) -> None:
        """Add a problem: something that can't be translated."""
        self.problems.append(self.document.make_problem(loc, message))

    def add_note(self, loc: Location, message: str) -> None:
        """Add a note: something that is omitted or added."""
        self.notes.append(self.document.make_problem(loc, message))

    def note_omitted_metadata(self, *known_keys: str) -> None:
        """Add a note on the metadata of a Kubernetes object, except the ``known_keys``."""
        omitted = [key for key in self.document.data["metadata"] if key not in known_keys]
        if omitted:
            message = f"omitted {', '.join(omitted)}: properties of the Kubernetes object, not of its SLOs"
            self.add_note(("metadata",), message)

    def try_parse(self, loc: Location, parser: Callable[[], _T]) -> _T | None:
        """Return a parser's result, or ``None`` and add its ``ValueError`` as a problem at ``loc``."""
        try:
            return parser()
        except ValueError as error:
            self.add_problem(loc, str(error))
            return None

    def check_query(self, loc: Location, text: str) -> str:
        """Return a query without surrounding space; add a problem if it is not PromQL."""
        text = text.strip()
        self.try_parse(loc, lambda: parse_expression(text))
        return text

    def check_selector(self, loc: Location, text: str) -> str:
        """Return a bare PromQL selector; add a problem if the text is anything else."""
        selector = self.try_parse(loc, lambda: parse_selector(text.strip()))
        return str(selector or "")

    def limit_description(self, loc: Location, text: str) -> str:
        """Return a description, cut to the length that OpenSLO allows."""
        if len(text) > _MAX_DESCRIPTION:
            self.add_note(loc, f"is cut to {_MAX_DESCRIPTION} characters, the maximum in OpenSLO")
        return text[:_MAX_DESCRIPTION]

    def raise_problems(self) -> None:
        """Raise the problems found so far, if there are any.

        Raises:
            ProblemsError: the document has problems.
        """
        if self.problems:
            raise ProblemsError(self.problems)


def convert_to_ratio(target: float, scale: int = 1) -> float:
    """Return a target in parts of ``scale`` (100: percent) as a ratio, exactly: 99.9 % is 0.999.

    Raises:
        ValueError: the target leaves no error budget, or is 0 or less.
    """
    if not 0 < target < scale:
        hint = "; it leaves no error budget" if target == scale else ""
        raise ValueError(f"{target:g} is not between 0 and {scale} (both excluded){hint}")
    return float(Decimal(repr(target)) / scale)
