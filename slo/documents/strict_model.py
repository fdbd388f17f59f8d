"""Strict pydantic models, and pydantic's errors as problems."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

import pydantic
from pydantic_core import InitErrorDetails, PydanticCustomError

from slo.documents.problems import Location, Problem, format_value
from slo.documents.secret_masking import MASK, is_secret_name
from slo.documents.yaml_source import Document

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class StrictModel(pydantic.BaseModel):
    """A model that converts no types, forbids unknown fields, and names the known ones in that error."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @pydantic.model_validator(mode="wrap")
    @classmethod
    def _name_known_fields(cls, data: Any, handler: pydantic.ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except pydantic.ValidationError as error:
            details = [cls._rewrite_error_detail(detail) for detail in error.errors(include_url=False)]
            raise pydantic.ValidationError.from_exception_data(error.title, details) from None

    @classmethod
    def describe_unknown_field(cls, name: str) -> str:
        """Return the message for an unknown field: the most similar known field, or all known fields."""
        known = [info.alias or field for field, info in cls.model_fields.items()]
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known fields: {', '.join(known)}"
        return f"is not a known field; {hint}"

    @classmethod
    def _rewrite_error_detail(cls, detail: ErrorDetails) -> InitErrorDetails:
        kind: Any = detail["type"]
        message: Any = detail["msg"]
        if kind == "extra_forbidden":
            kind, message = "unknown_field", cls.describe_unknown_field(str(detail["loc"][-1]))
        return InitErrorDetails(
            type=PydanticCustomError(kind, message), loc=detail["loc"], input=detail["input"]
        )


def list_validation_problems(
    document: Document, error: pydantic.ValidationError, prefix: Location = ()
) -> tuple[Problem, ...]:
    """Return pydantic's errors in the part of ``document`` at ``prefix`` as problems, sorted by line."""
    problems = []
    for detail in error.errors(include_url=False):
        loc = _strip_union_members(
            document.data, (*prefix, *detail["loc"]), keep_last=detail["type"] == "missing"
        )
        problems.append(document.make_problem(loc, format_error_detail(detail)))
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0))


def _strip_union_members(data: Any, loc: Location, *, keep_last: bool) -> tuple[str | int, ...]:
    """Return a pydantic location without the names of union members, which the file does not contain.

    ``keep_last`` keeps the last part although the file does not contain it: a missing field.
    """
    written: list[str | int] = []
    for index, part in enumerate(loc):
        members = dict(enumerate(data)) if isinstance(data, list) else data
        if isinstance(members, dict) and part in members:
            data = members[part]
            written.append(part)
        elif keep_last and index == len(loc) - 1:
            written.append(part)
    return tuple(written)


def format_error_detail(detail: ErrorDetails) -> str:
    """Return pydantic's message in the style of this project, with the value where it helps.

    The value of a field with the name of a secret is not shown.
    """
    kind, text = detail["type"], detail["msg"]
    if kind in ("missing", "extra_forbidden"):
        return "is required" if kind == "missing" else "is not a known field"
    if kind in ("value_error", "unknown_field", "too_short", "too_long"):
        return text.removeprefix("Value error, ").replace(" after validation", "")
    if kind == "model_type":
        text = "should be a mapping"
    return f"{text.replace('Input should be', 'should be')}, got {_format_input(detail)}"


def _format_input(detail: ErrorDetails) -> str:
    names = [part for part in detail["loc"] if isinstance(part, str) and part != "[key]"]
    is_secret = isinstance(detail["input"], str | int | float) and any(map(is_secret_name, names))
    return MASK if is_secret and detail["loc"][-1] != "[key]" else format_value(detail["input"])
