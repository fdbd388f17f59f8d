"""Models of a load profile: stages, abort conditions and the three kinds of profile."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import BeforeValidator, Field, PlainSerializer, SerializationInfo, TypeAdapter, WithJsonSchema

from loadtests.profile.declared_requests import DeclaredRequest
from loadtests.profile.durations import DURATION_PATTERN, parse_duration
from loadtests.profile.trace import Trace, read_trace
from slo.documents import StrictModel, format_value

MAX_RATE = 10_000_000
"""Highest rate in requests/s: far beyond what any number of processes sends."""
MAX_USERS = 100_000
_MAX_SEED = 2**63 - 1
PROFILE_SCHEMA_FILE = Path(__file__).parent / "profile.schema.json"


def _parse_duration_field(value: Any) -> float:
    if not isinstance(value, str):
        message = f"{format_value(value)} is not a duration; write one like 30s, 5m or 1h30m"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports a ValueError
    return parse_duration(value)


def _parse_zero_or_duration(value: Any) -> float:
    return 0.0 if value == "0s" else _parse_duration_field(value)


def _serialize_duration(value: float, info: SerializationInfo) -> float | str:
    """Return the duration as profile files write it when the context is set, otherwise in seconds."""
    if not info.context:
        return value
    return f"{value:.9f}s" if value else "0s"


_DURATION_SERIALIZER = PlainSerializer(_serialize_duration)
_DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": DURATION_PATTERN, "examples": ["500ms", "30s", "5m", "1h30m"]}
)
Duration = Annotated[float, BeforeValidator(_parse_duration_field), _DURATION_SERIALIZER, _DURATION_SCHEMA]
"""A duration in the file, seconds in the model."""
ZeroOrDuration = Annotated[
    float, BeforeValidator(_parse_zero_or_duration), _DURATION_SERIALIZER, _DURATION_SCHEMA
]
"""A duration in the file, ``0s`` allowed; seconds in the model."""


class Stage(StrictModel):
    """A stage of an open load: a constant rate, or a ramp from ``rate`` to ``to`` (requests/s)."""

    duration_seconds: Duration = Field(alias="duration")
    rate: float = Field(ge=0, le=MAX_RATE)
    to: float | None = Field(None, ge=0, le=MAX_RATE)

    @property
    def end_rate(self) -> float:
        """Rate at the end of the stage, in requests/s."""
        return self.rate if self.to is None else self.to

    @property
    def peak_rate(self) -> float:
        """Highest rate of the stage, in requests/s."""
        return max(self.rate, self.end_rate)


class TraceStage(Stage):
    """A recorded trace, stretched to the duration of the stage; ``rate`` is its mean rate."""

    trace: str

    @property
    def arrival_times(self) -> Iterator[float]:
        """Arrival times in seconds since the start of the stage, ascending."""
        trace, stretch = self._read_stretched_trace()
        return (time * stretch for time in trace.arrival_times)

    def count_before(self, elapsed: float) -> int:
        """Count the arrivals in the first ``elapsed`` seconds of the stage."""
        trace, stretch = self._read_stretched_trace()
        return bisect_left(trace.arrival_times, elapsed / stretch)

    def _read_stretched_trace(self) -> tuple[Trace, float]:
        """Return the trace and the factor that its times are multiplied by."""
        trace = read_trace(Path(self.trace))
        return trace, self.duration_seconds / trace.duration_seconds


class UserStage(StrictModel):
    """A stage of a closed load: a number of users, each of which waits for its response."""

    duration_seconds: Duration = Field(alias="duration")
    users: int = Field(ge=1, le=MAX_USERS)


class AbortCondition(StrictModel):
    """A limit that aborts the load when it is exceeded, checked once ``after`` has passed.

    The limit is either a ratio of failed requests or a percentile of the response time.
    """

    error_ratio: float | None = Field(None, ge=0, lt=1)
    p50_seconds: Duration | None = Field(None, alias="p50")
    p90_seconds: Duration | None = Field(None, alias="p90")
    p95_seconds: Duration | None = Field(None, alias="p95")
    p99_seconds: Duration | None = Field(None, alias="p99")
    after_seconds: ZeroOrDuration = Field(0.0, alias="after")

    @pydantic.model_validator(mode="after")
    def _check_single_limit(self) -> Self:
        if len(self.limits) != 1:
            raise ValueError("give one of error_ratio, p50, p90, p95 and p99")
        return self

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by name; percentiles in seconds."""
        limits = {
            "error_ratio": self.error_ratio,
            "p50": self.p50_seconds,
            "p90": self.p90_seconds,
            "p95": self.p95_seconds,
            "p99": self.p99_seconds,
        }
        return {name: limit for name, limit in limits.items() if limit is not None}


class _ProfileBase(StrictModel):
    name: str = Field(min_length=1)
    warmup_seconds: ZeroOrDuration = Field(0.0, alias="warmup")
    locustfile: str | None = None
    requests: list[DeclaredRequest] | None = Field(None, min_length=1)
    feeder: str | None = None
    timeout_seconds: Duration = Field(10.0, alias="timeout")
    """Time limit for connecting, and for each wait for bytes of a response."""
    insecure: bool = False
    """Declared requests accept any certificate."""
    abort: list[AbortCondition] = Field(default_factory=list)
    seed: int = Field(1, ge=0, le=_MAX_SEED)

    @pydantic.model_validator(mode="after")
    def _check_request_source(self) -> Self:
        if (self.locustfile is None) == (self.requests is None):
            raise ValueError("give either a locustfile or requests")
        if self.feeder and not self.requests:
            raise ValueError("feeder: applies to declared requests; a locustfile reads its own rows")
        if self.insecure and not self.requests:
            raise ValueError(
                "insecure: applies to declared requests; a user class of a locustfile sets its own"
            )
        return self


class OpenProfile(_ProfileBase):
    """Arrivals at scheduled times, whether or not the service keeps up (an open model)."""

    max_in_flight: int = Field(500, ge=1, le=10_000)

    @property
    def schedule(self) -> Sequence[Stage]:
        """The stages to send."""
        raise NotImplementedError


class ScheduledProfile(OpenProfile):
    """Arrivals at the rates of the stages."""

    arrivals: Literal["constant", "poisson"] = "constant"
    stages: list[Stage] = Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _check_positive_rate(self) -> Self:
        if not any(stage.peak_rate for stage in self.stages):
            raise ValueError("stages: no stage has a rate above 0, so nothing would be sent")
        return self

    @property
    def schedule(self) -> Sequence[Stage]:
        """The stages."""
        return self.stages


class TraceProfile(OpenProfile):
    """Arrivals of a recorded trace, stretched to ``duration`` when that is set."""

    arrivals: Literal["trace"]
    trace: str
    duration_seconds: Duration | None = Field(None, alias="duration")

    @property
    def recorded_trace(self) -> Trace:
        """The trace, read from its file."""
        return read_trace(Path(self.trace))

    @property
    def schedule(self) -> Sequence[Stage]:
        """One stage with the whole trace."""
        seconds = self.duration_seconds or self.recorded_trace.duration_seconds
        rate = len(self.recorded_trace.arrival_times) / seconds
        return [TraceStage.model_construct(duration_seconds=seconds, rate=rate, to=None, trace=self.trace)]


class ClosedProfile(_ProfileBase):
    """Users that each wait for a response before they send again (a closed model)."""

    arrivals: Literal["closed"]
    stages: list[UserStage] = Field(min_length=1)

    @property
    def schedule(self) -> Sequence[UserStage]:
        """The stages."""
        return self.stages


Profile = ScheduledProfile | TraceProfile | ClosedProfile
"""A validated load profile; durations in seconds, rates in requests/s."""


def compute_load_seconds(profile: Profile) -> float:
    """Return the duration of the measured load in seconds, without warm-up."""
    return sum(stage.duration_seconds for stage in profile.schedule)


def build_profile_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile file."""
    schema = TypeAdapter[Any](Profile).json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Load profile of Proofload",
        **schema,
    }


if __name__ == "__main__":
    PROFILE_SCHEMA_FILE.write_text(json.dumps(build_profile_schema(), indent=2) + "\n", encoding="utf-8")
