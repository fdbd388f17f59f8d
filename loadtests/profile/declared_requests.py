"""Requests that a profile declares, and the response that each expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import AfterValidator, Field

from loadtests.profile.request_encoding import find_header_problem, find_json_problem, find_text_problem
from slo.documents import StrictModel, format_value

MAX_WEIGHT = 1_000_000


def _make_check(find_problem: Callable[[Any], str | None]) -> AfterValidator:
    """Return a validator that refuses a value with the problem that ``find_problem`` finds."""

    def check(value: Any) -> Any:
        problem = None if value is None else find_problem(value)
        if problem:
            raise ValueError(problem)
        return value

    return AfterValidator(check)


_IS_TEXT = _make_check(find_text_problem)
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, 5.6.2."""
HeaderValue = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$"), _make_check(find_header_problem)]
"""Latin-1 text without control characters: they could start another header or request."""


class Expectation(StrictModel):
    """What a response must be to count as good; without a status, any status below 400.

    ``contains`` is text that the body must contain, ``matches`` a regular expression that must match a part
    of it.
    """

    status: int | None = Field(None, ge=100, le=599)
    contains: Annotated[str | None, _IS_TEXT] = Field(None, min_length=1)
    matches: Annotated[str | None, _IS_TEXT] = None

    @pydantic.model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if self.status is None and self.contains is None and self.matches is None:
            raise ValueError("give status, contains or matches")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(
                    f"matches: {format_value(self.matches)} is not a regular expression: {error}"
                ) from None
        return self


class DeclaredRequest(StrictModel):
    """One request that a profile declares."""

    name: Annotated[str, _IS_TEXT] = ""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    path: Annotated[str, _IS_TEXT] = Field(pattern=r"^/\S*$")
    """Sent as percent-encoded UTF-8; what is encoded already stays as it is."""
    json_body: Annotated[Any, _make_check(find_json_problem)] = Field(None, alias="json")
    body: Annotated[str | None, _IS_TEXT] = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    weight: int = Field(1, ge=1, le=MAX_WEIGHT)
    expect: Expectation | None = None

    @pydantic.model_validator(mode="after")
    def _check_single_body(self) -> Self:
        if self.body is not None and self.json_body is not None:
            raise ValueError("give json or body, not both")
        return self

    @property
    def label(self) -> str:
        """The name that the request is counted under."""
        return self.name or f"{self.method} {self.path}"
