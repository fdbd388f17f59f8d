"""Load profiles: what to send, how often, for how long. Imports neither Locust nor gevent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field, PlainSerializer, SerializationInfo, TypeAdapter, WithJsonSchema

from loadtests.durations import PATTERN, parse_duration
from slo.document import (
    Document,
    Problem,
    ProblemsError,
    StrictModel,
    load_documents,
    shown,
    validation_problems,
)

SCHEMA_FILE = Path(__file__).parent / "profile.schema.json"


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no duration; write one like 30s, 5m or 1h30m")  # noqa: TRY004 - pydantic's
    return parse_duration(value)


def _seconds_or_none(value: Any) -> float:
    return 0.0 if value == "0s" else _seconds(value)


def _written(value: float, info: SerializationInfo) -> float | str:
    """Write it as in a file where ``context`` asks for that, else in seconds."""
    if not info.context:
        return value
    return f"{value:.9f}s" if value else "0s"


_AS_WRITTEN = PlainSerializer(_written)
_TEXT = WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["500ms", "30s", "5m", "1h30m"]})
Duration = Annotated[float, BeforeValidator(_seconds), _AS_WRITTEN, _TEXT]
"""A duration in the file, seconds once read."""
Pause = Annotated[float, BeforeValidator(_seconds_or_none), _AS_WRITTEN, _TEXT]
"""A duration in the file, ``0s`` allowed; seconds once read."""


HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, 5.6.2."""
HeaderValue = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
"""Text without control characters, which would begin another header or request."""


class Stage(StrictModel):
    """A stretch of an open load: a constant rate, or a ramp from ``rate`` to ``to`` (requests/s)."""

    duration_seconds: Duration = Field(alias="duration")
    rate: float = Field(ge=0)
    to: float | None = Field(None, ge=0)

    @property
    def end_rate(self) -> float:
        """Rate at the end of the stage, in requests/s."""
        return self.rate if self.to is None else self.to

    @property
    def peak_rate(self) -> float:
        """Highest rate of the stage, in requests/s."""
        return max(self.rate, self.end_rate)


class UserStage(StrictModel):
    """A stretch of a closed load: a number of users, each of which waits for its answer."""

    duration_seconds: Duration = Field(alias="duration")
    users: int = Field(ge=1)


class Expect(StrictModel):
    """What an answer must be to count as good; without it, any status below 400."""

    status: int = Field(ge=100, le=599)


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


class _Common(StrictModel):
    name: str = Field(min_length=1)
    warmup_seconds: Pause = Field(0.0, alias="warmup")
    locustfile: str | None = None
    requests: list[Request] | None = Field(None, min_length=1)
    seed: int = Field(1, ge=0)

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.locustfile is None) == (self.requests is None):
            raise ValueError("give either a locustfile or requests")
        return self


class OpenProfile(_Common):
    """Arrivals at a rate, whether or not the service keeps up (an open model)."""

    arrivals: Literal["constant", "poisson"] = "constant"
    max_in_flight: int = Field(500, ge=1, le=10_000)
    stages: list[Stage] = Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _some_rate(self) -> Self:
        if not any(stage.peak_rate for stage in self.stages):
            raise ValueError("stages: none has a rate above 0, so nothing would be sent")
        return self


class ClosedProfile(_Common):
    """Users that each wait for their answer before they send again (a closed model)."""

    arrivals: Literal["closed"]
    stages: list[UserStage] = Field(min_length=1)


Profile = OpenProfile | ClosedProfile
"""A validated load profile; durations in seconds, rates in requests/s."""

_KINDS: Mapping[Any, type[OpenProfile | ClosedProfile]] = {
    "constant": OpenProfile,
    "poisson": OpenProfile,
    "closed": ClosedProfile,
}


def load_profile(path: Path, *, duration: float | None = None, rate: float | None = None) -> Profile:
    """Read a load profile; ``locustfile`` is an absolute path afterwards.

    ``duration`` (seconds) scales the stages to that length in total, ``rate`` (requests/s) scales them so
    that this is the highest.

    Raises:
        ProblemsError: everything that is wrong with the file, or that ``rate`` doesn't apply to it.
    """
    document = _document(path)
    profile = _validated(document)
    if profile.locustfile is not None:
        file = (path.parent / profile.locustfile).resolve()
        if not file.is_file():
            raise ProblemsError([document.problem(("locustfile",), f"{file} is no file")])
        profile = profile.model_copy(update={"locustfile": str(file)})
    if rate is not None:
        if isinstance(profile, ClosedProfile):
            message = "closed arrivals have users, not a rate: it can't be overridden"
            raise ProblemsError([document.problem(("arrivals",), message)])
        profile = _at_rate(profile, rate)
    return profile if duration is None else _lasting(profile, duration)


def seconds_of(profile: Profile) -> float:
    """Length of the measured load in seconds, without warm-up."""
    return sum(stage.duration_seconds for stage in profile.stages)


def profile_schema() -> dict[str, Any]:
    """Describe the file as a JSON Schema."""
    schema = TypeAdapter[Any](Profile).json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Load profile of Proofload",
        **schema,
    }


def _document(path: Path) -> Document:
    first, *more = load_documents(path)
    if more:
        raise ProblemsError([more[0].problem((), "a second document; a profile is one")])
    return first


def _validated(document: Document) -> Profile:
    data = document.data
    if not isinstance(data, dict):
        raise ProblemsError([document.problem((), f"should be a mapping, got {shown(data)}")])
    arrivals = data.get("arrivals", "constant")
    kind = _KINDS.get(arrivals) if isinstance(arrivals, str) else None
    problems: list[Problem] = []
    if kind is None:
        message = f"{shown(arrivals)} is not supported; write one of {', '.join(_KINDS)}"
        problems.append(document.problem(("arrivals",), message))
        data = {**data, "arrivals": "constant"}  # so that what else is wrong is told too
    try:
        profile = (kind or OpenProfile).model_validate(data)
    except pydantic.ValidationError as error:
        problems += validation_problems(document, error)
    if problems:
        raise ProblemsError(problems)
    return profile


def _at_rate(profile: OpenProfile, rate: float) -> OpenProfile:
    factor = rate / max(stage.peak_rate for stage in profile.stages)
    stages = [
        stage.model_copy(
            update={"rate": stage.rate * factor, "to": None if stage.to is None else stage.to * factor}
        )
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})


def _lasting(profile: Profile, duration: float) -> Profile:
    factor = duration / seconds_of(profile)
    stages = [
        stage.model_copy(update={"duration_seconds": stage.duration_seconds * factor})
        for stage in profile.stages
    ]
    return profile.model_copy(update={"stages": stages})


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(profile_schema(), indent=2) + "\n", encoding="utf-8")
