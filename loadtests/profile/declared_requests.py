"""Requests that a profile declares, and the response that each expects."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field

from slo.documents import StrictModel, format_value

HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, 5.6.2."""
HeaderValue = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
"""Text without control characters: they could start another header or request."""


class Expectation(StrictModel):
    """What a response must be to count as good; without a status, any status below 400.

    ``contains`` is text that the body must contain, ``matches`` a regular expression that must match a part
    of it.
    """

    status: int | None = Field(None, ge=100, le=599)
    contains: str | None = Field(None, min_length=1)
    matches: str | None = None

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

    name: str = ""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    path: str = Field(pattern=r"^/\S*$")
    json_body: Any = Field(None, alias="json")
    body: str | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    weight: int = Field(1, ge=1)
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
