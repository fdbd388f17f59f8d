"""Requests that a profile declares. Imports neither Locust nor gevent."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field

from slo.documents.yaml_source import StrictModel, shown

HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, 5.6.2."""
HeaderValue = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
"""Text without control characters, which would begin another header or request."""


class Expect(StrictModel):
    """What an answer must be to count as good; without a status, any below 400.

    ``contains`` is text that its body holds, ``matches`` a regular expression found in it.
    """

    status: int | None = Field(None, ge=100, le=599)
    contains: str | None = Field(None, min_length=1)
    matches: str | None = None

    @pydantic.model_validator(mode="after")
    def _something(self) -> Self:
        if self.status is None and self.contains is None and self.matches is None:
            raise ValueError("give status, contains or matches")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(
                    f"matches: {shown(self.matches)} is no regular expression: {error}"
                ) from None
        return self


class Request(StrictModel):
    """One request of a profile that declares its requests."""

    name: str = ""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    path: str = Field(pattern=r"^/\S*$")
    json_body: Any = Field(None, alias="json")
    body: str | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    weight: int = Field(1, ge=1)
    expect: Expect | None = None

    @pydantic.model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body is not None and self.json_body is not None:
            raise ValueError("give json or body, not both")
        return self

    @property
    def label(self) -> str:
        """The name it is counted under."""
        return self.name or f"{self.method} {self.path}"
