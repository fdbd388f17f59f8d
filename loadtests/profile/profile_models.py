"""Load profiles: what to send, how often, for how long. Imports neither Locust nor gevent."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field, PlainSerializer, SerializationInfo, TypeAdapter, WithJsonSchema

from loadtests.profile.declared_requests import Request
from loadtests.profile.durations import PATTERN, parse_duration
from loadtests.profile.trace import Trace, read_trace
from slo.documents.yaml_source import StrictModel, shown

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


class TraceStage(Stage):
    """A recording, stretched to its duration; ``rate`` is the mean."""

    trace: str

    @property
    def moments(self) -> Iterator[float]:
        """Arrivals in seconds since the stage's begin, ascending."""
        recorded, stretch = self._stretched()
        return (time * stretch for time in recorded.times)

    def before(self, elapsed: float) -> int:
        """Count the arrivals before so many seconds."""
        recorded, stretch = self._stretched()
        return bisect_left(recorded.times, elapsed / stretch)

    def _stretched(self) -> tuple[Trace, float]:
        recorded = read_trace(Path(self.trace))
        return recorded, self.duration_seconds / recorded.seconds


class UserStage(StrictModel):
    """A stretch of a closed load: a number of users, each of which waits for its answer."""

    duration_seconds: Duration = Field(alias="duration")
    users: int = Field(ge=1)


class Abort(StrictModel):
    """When to give a load up: what is so bad, once so much time is over.

    One of a share of failed requests, or a percentile of response time.
    """

    error_ratio: float | None = Field(None, ge=0, lt=1)
    p50_seconds: Duration | None = Field(None, alias="p50")
    p90_seconds: Duration | None = Field(None, alias="p90")
    p95_seconds: Duration | None = Field(None, alias="p95")
    p99_seconds: Duration | None = Field(None, alias="p99")
    after_seconds: Pause = Field(0.0, alias="after")

    @pydantic.model_validator(mode="after")
    def _one_limit(self) -> Self:
        if len(self.limits) != 1:
            raise ValueError("give one of error_ratio, p50, p90, p95 and p99")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """The limit by its name."""
        given = {
            "error_ratio": self.error_ratio,
            "p50": self.p50_seconds,
            "p90": self.p90_seconds,
            "p95": self.p95_seconds,
            "p99": self.p99_seconds,
        }
        return {name: limit for name, limit in given.items() if limit is not None}


class _Common(StrictModel):
    name: str = Field(min_length=1)
    warmup_seconds: Pause = Field(0.0, alias="warmup")
    locustfile: str | None = None
    requests: list[Request] | None = Field(None, min_length=1)
    feeder: str | None = None
    timeout_seconds: Duration = Field(10.0, alias="timeout")
    """How long a connection, and each wait for bytes of an answer, may take."""
    insecure: bool = False
    """Declared requests take any certificate."""
    abort: list[Abort] = Field(default_factory=list)
    seed: int = Field(1, ge=0)

    @pydantic.model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.locustfile is None) == (self.requests is None):
            raise ValueError("give either a locustfile or requests")
        if self.feeder and not self.requests:
            raise ValueError("feeder: fills declared requests; a locustfile reads its own rows")
        if self.insecure and not self.requests:
            raise ValueError("insecure: is for declared requests; a class of a locustfile has its own")
        return self


class OpenProfile(_Common):
    """Arrivals at moments of their own, whether or not the service keeps up (an open model)."""

    max_in_flight: int = Field(500, ge=1, le=10_000)

    @property
    def schedule(self) -> Sequence[Stage]:
        """What is sent, stretch by stretch."""
        raise NotImplementedError


class ScheduledProfile(OpenProfile):
    """Arrivals at rates."""

    arrivals: Literal["constant", "poisson"] = "constant"
    stages: list[Stage] = Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _some_rate(self) -> Self:
        if not any(stage.peak_rate for stage in self.stages):
            raise ValueError("stages: none has a rate above 0, so nothing would be sent")
        return self

    @property
    def schedule(self) -> Sequence[Stage]:
        """The stages."""
        return self.stages


class TraceProfile(OpenProfile):
    """Arrivals as they were recorded, stretched to ``duration`` where that is given."""

    arrivals: Literal["trace"]
    trace: str
    duration_seconds: Duration | None = Field(None, alias="duration")

    @property
    def recorded(self) -> Trace:
        """What was recorded."""
        return read_trace(Path(self.trace))

    @property
    def schedule(self) -> Sequence[Stage]:
        """One stage, of the whole recording."""
        seconds = self.duration_seconds or self.recorded.seconds
        rate = len(self.recorded.times) / seconds
        return [TraceStage.model_construct(duration_seconds=seconds, rate=rate, to=None, trace=self.trace)]


class ClosedProfile(_Common):
    """Users that each wait for their answer before they send again (a closed model)."""

    arrivals: Literal["closed"]
    stages: list[UserStage] = Field(min_length=1)

    @property
    def schedule(self) -> Sequence[UserStage]:
        """The stages."""
        return self.stages


Profile = ScheduledProfile | TraceProfile | ClosedProfile
"""A validated load profile; durations in seconds, rates in requests/s."""


def seconds_of(profile: Profile) -> float:
    """Length of the measured load in seconds, without warm-up."""
    return sum(stage.duration_seconds for stage in profile.schedule)


def profile_schema() -> dict[str, Any]:
    """Describe the file as a JSON Schema."""
    schema = TypeAdapter[Any](Profile).json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Load profile of Proofload",
        **schema,
    }


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(profile_schema(), indent=2) + "\n", encoding="utf-8")
