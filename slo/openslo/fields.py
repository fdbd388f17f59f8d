"""Field types and base models of OpenSLO v1: names, keys, durations, times, targets, metadata.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from slo.documents import StrictModel, format_value

_DAY_SECONDS = 86_400.0
_UNIT_SECONDS: Mapping[str, float] = {
    "m": 60.0,
    "h": 3_600.0,
    "d": _DAY_SECONDS,
    "w": 7 * _DAY_SECONDS,
    # OpenSLO does not define their lengths; these are those of its go-sdk (duration_shorthand.go).
    "M": 30 * _DAY_SECONDS,
    "Q": 90 * _DAY_SECONDS,
    "Y": 365 * _DAY_SECONDS,
}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([mhdwMQY])", re.ASCII)
_SECONDS_DURATION = re.compile(r"([1-9][0-9]{0,6})s", re.ASCII)
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_KEY_NAME = re.compile(r"[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", re.ASCII)
_MAX_PREFIX_LENGTH = 253


def parse_duration(text: str) -> float:
    """Return the seconds of an OpenSLO duration shorthand such as ``28d``.

    Raises:
        ValueError: not a positive whole number followed by one of m, h, d, w, M, Q, Y.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{format_value(text)} is not a duration: a whole number and one of m, h, d, w, M, Q, Y, e.g. 28d"
        )
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _read_duration(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{format_value(value)} is not a duration; write e.g. 28d")  # noqa: TRY004 - pydantic's
    return parse_duration(value)


def _read_slice_window(value: Any) -> float:
    """Return the seconds of a duration, of our extension ``10s``, or of a number of minutes."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**7:
        return float(value) * _UNIT_SECONDS["m"]
    if not isinstance(value, str):
        raise ValueError(f"{format_value(value)} is not a duration; write e.g. 1m or 10s")  # noqa: TRY004 - pydantic's
    seconds = _SECONDS_DURATION.fullmatch(value)
    return float(seconds[1]) if seconds else parse_duration(value)


def _read_alert_duration(value: Any) -> float:
    """Return the seconds of a duration, of zero (``0m``) or of our extension ``10s``."""
    if isinstance(value, str) and re.fullmatch(r"0[smhdwMQY]", value, re.ASCII):
        return 0.0
    if not isinstance(value, str):
        raise ValueError(f"{format_value(value)} is not a duration; write e.g. 5m or 10s")  # noqa: TRY004 - pydantic's
    return _read_slice_window(value)


def _check_name(text: str) -> str:
    if _DNS_LABEL.fullmatch(text) is None:
        raise ValueError(
            f"{format_value(text)} is not an RFC 1123 name: "
            "1 to 63 of a-z, 0-9 and -, not starting or ending with -"
        )
    return text


def _check_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    labels = prefix.split(".")
    is_valid_prefix = len(prefix) <= _MAX_PREFIX_LENGTH and all(map(_DNS_LABEL.fullmatch, labels))
    if _KEY_NAME.fullmatch(name) is None or (slash and not is_valid_prefix):
        raise ValueError(f"{format_value(text)} is not a key: [prefix/]name, with the prefix a DNS subdomain")
    return text


def _check_url(text: str) -> str:
    try:
        url = urlsplit(text)
        is_valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_valid = False
    if "@" in text:  # not shown: the part before it may be a password
        raise ValueError(
            "contains a user name or password; set PROOFLOAD_PROMETHEUS_USERNAME and "
            "PROOFLOAD_PROMETHEUS_PASSWORD in the environment instead"
        )
    if "?" in text or "#" in text:  # not shown: it may contain a token
        raise ValueError("contains a query or fragment; write only the URL, e.g. http://localhost:9090")
    if not is_valid:
        raise ValueError(f"{format_value(text)} is not a URL such as http://localhost:9090")
    return text


def _check_not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _check_ratio(value: float) -> float:
    if 1 < value < 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{value:g} is not a ratio between 0 and 1; did you mean targetPercent: {value:g}?")
    if value == 1:
        raise ValueError("1 leaves no error budget, and OpenSLO requires less than 1; write e.g. 0.9999")
    if not 0 < value < 1:
        raise ValueError(f"{value:g} is not a ratio between 0 and 1 (both excluded)")
    return value


def _read_percent(value: float) -> float:
    if 0 < value < 1:
        raise ValueError(f"{value:g} is less than 1 %; did you mean target: {value:g}?")
    if value == 100:  # noqa: PLR2004 - per cent
        raise ValueError("100 leaves no error budget, and OpenSLO requires less than 100; write e.g. 99.99")
    if not 1 <= value < 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{value:g} is not a percentage between 1 and 100 (100 excluded)")
    return float(Decimal(repr(value)) / 100)  # exact: 99.95 becomes 0.9995


def _check_timestamp(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - OpenSLO has the time zone in another field
    except ValueError:
        raise ValueError(f"{format_value(text)} is not a time such as 2024-01-31 12:30:00") from None
    return text


def _check_time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(
            f"{format_value(text)} is not a name in the IANA time zone database such as Europe/Berlin"
        )
    return text


Name = Annotated[str, AfterValidator(_check_name)]
Key = Annotated[str, AfterValidator(_check_key)]
Text = Annotated[str, AfterValidator(_check_not_blank)]
Timestamp = Annotated[str, AfterValidator(_check_timestamp)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
Url = Annotated[str, AfterValidator(_check_url)]
Description = Annotated[str, Field(max_length=1050)]
Quantile = Annotated[float, Field(gt=0, lt=1)]
Target = Annotated[float, AfterValidator(_check_ratio)]
TargetPercent = Annotated[float, AfterValidator(_read_percent)]
"""A percentage in the file, a ratio in the model."""
SliceTarget = Annotated[float, Field(gt=0, le=1)]
Duration = Annotated[float, BeforeValidator(_read_duration)]
"""A duration shorthand in the file, seconds in the model."""
SliceWindow = Annotated[float, BeforeValidator(_read_slice_window)]
"""A duration shorthand, ``10s`` or a number of minutes in the file, seconds in the model."""
AlertDuration = Annotated[float, BeforeValidator(_read_alert_duration)]
"""A duration shorthand, ``0m`` or ``10s`` in the file, seconds in the model."""


class CamelCaseModel(StrictModel):
    """Base of the models: snake_case in Python, camelCase in the file."""

    model_config = ConfigDict(alias_generator=to_camel)


class Metadata(CamelCaseModel):
    """``metadata`` of every kind."""

    name: Name
    display_name: str = ""
    labels: dict[Key, str | list[str]] = Field(default_factory=dict)
    annotations: dict[Key, str] = Field(default_factory=dict)


class KindDocument(CamelCaseModel):
    """Base of the kinds: a document with apiVersion, kind and metadata."""

    api_version: Literal["openslo/v1"]
    metadata: Metadata
