"""Settings of the service, read from ``TARGET_*`` environment variables."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

ENV_PREFIX = "TARGET_"
MAX_ROWS = 1024
"""Upper limit of the setting ``max_rows``; it bounds the work of refusing an invalid body."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SettingsError(ValueError):
    """Invalid settings; the text lists each variable, its value and what is valid."""


class Settings(BaseModel):
    """Settings of one service; durations in seconds, sizes in bytes.

    ``signing_key`` signs prediction ids; all workers must have the same. ``drift_*`` and ``feedback_window``
    limit the data that one worker stores.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    faults: bool = False
    log_format: Literal["json", "console", "auto"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_rows: int = Field(default=256, ge=1, le=MAX_ROWS)
    max_body_bytes: int = Field(default=262_144, ge=1)
    drift_window_rows: int = Field(default=1000, ge=1, le=1_000_000)
    drift_min_rows: int = Field(default=200, ge=1)
    drift_interval_seconds: Seconds = 1.0
    feedback_window: int = Field(default=500, ge=1)
    signing_key: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_hex(32)), min_length=16)

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.drift_min_rows > self.drift_window_rows:
            raise PydanticCustomError(
                "settings", "TARGET_DRIFT_MIN_ROWS must not exceed TARGET_DRIFT_WINDOW_ROWS"
            )
        if self.faults and self.workers > 1:
            raise PydanticCustomError(
                "settings", "TARGET_FAULTS needs TARGET_WORKERS=1: faults are set in one process"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every ``TARGET_*`` variable of ``environ``.

        Raises:
            SettingsError: variables are unknown or their values are invalid; all are listed.
        """
        values = {
            key.removeprefix(ENV_PREFIX).lower(): value
            for key, value in environ.items()
            if key.startswith(ENV_PREFIX)
        }
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(
                "\n".join(_format_problem(detail, values) for detail in _list_error_details(error))
            ) from None


def _list_error_details(error: ValidationError) -> list[tuple[str, str]]:
    return [
        (str(e["loc"][0]) if e["loc"] else "", "unknown" if e["type"] == "extra_forbidden" else e["msg"])
        for e in error.errors(include_url=False, include_input=False)
    ]


def _format_problem(detail: tuple[str, str], values: Mapping[str, str]) -> str:
    name, message = detail
    if not name:
        return message
    if message == "unknown":
        known = ", ".join(ENV_PREFIX + field.upper() for field in Settings.model_fields)
        return f"{ENV_PREFIX}{name.upper()}: unknown setting; known are {known}"
    value = "(secret)" if name == "signing_key" else repr(values.get(name, ""))
    return f"{ENV_PREFIX}{name.upper()}: {value}: {message}"
