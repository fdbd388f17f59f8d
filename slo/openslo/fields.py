"""The scalars of OpenSLO v1 as pydantic types: names, keys, durations, times, targets.

Source: the specification, https://github.com/OpenSLO/OpenSLO (README of v1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from slo.documents.yaml_source import shown

_DAY = 86_400.0
_UNITS: Mapping[str, float] = {
    "m": 60.0,
    "h": 3_600.0,
    "d": _DAY,
    "w": 7 * _DAY,
    # OpenSLO leaves their length open; so long they are in its own go-sdk (duration_shorthand.go).
    "M": 30 * _DAY,
    "Q": 90 * _DAY,
    "Y": 365 * _DAY,
}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([mhdwMQY])", re.ASCII)
_SECONDS = re.compile(r"([1-9][0-9]{0,6})s", re.ASCII)
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_KEY_NAME = re.compile(r"[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", re.ASCII)
_PREFIX_LENGTH = 253


def duration_seconds(text: str) -> float:
    """Seconds of an OpenSLO duration shorthand such as ``28d``.

    Raises:
        ValueError: not a positive whole number followed by one of m, h, d, w, M, Q, Y.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{shown(text)} is not a duration: a whole number and one of m, h, d, w, M, Q, Y, e.g. 28d"
        )
    return int(match[1]) * _UNITS[match[2]]


def _duration(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a duration; write e.g. 28d")  # noqa: TRY004 - pydantic's
    return duration_seconds(value)


def _slice_seconds(value: Any) -> float:
    """Seconds of a ``timeSliceWindow``: a duration, our extension ``10s``, or a number of minutes."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**7:
        return float(value) * _UNITS["m"]
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a duration; write e.g. 1m or 10s")  # noqa: TRY004 - pydantic's
    seconds = _SECONDS.fullmatch(value)
    return float(seconds[1]) if seconds else duration_seconds(value)


def _alert_seconds(value: Any) -> float:
    """Seconds of a duration; nothing (``0m``) and our extension ``10s`` too."""
    if isinstance(value, str) and re.fullmatch(r"0[smhdwMQY]", value, re.ASCII):
        return 0.0
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a duration; write e.g. 5m or 10s")  # noqa: TRY004 - pydantic's
    return _slice_seconds(value)


def _name(text: str) -> str:
    if _DNS_LABEL.fullmatch(text) is None:
        raise ValueError(
            f"{shown(text)} is not an RFC 1123 name: up to 63 of a-z, 0-9 and -, neither first nor last a -"
        )
    return text


def _key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    labels = prefix.split(".")
    good_prefix = len(prefix) <= _PREFIX_LENGTH and all(map(_DNS_LABEL.fullmatch, labels))
    if _KEY_NAME.fullmatch(name) is None or (slash and not good_prefix):
        raise ValueError(f"{shown(text)} is not a key: [prefix/]name, with the prefix a DNS subdomain")
    return text


def _url(text: str) -> str:
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if "@" in text:  # not shown: what stands before it may be a password
        raise ValueError(
            "holds a user or password; set PROOFLOAD_PROMETHEUS_USERNAME and PROOFLOAD_PROMETHEUS_PASSWORD "
            "in the environment instead"
        )
    if "?" in text or "#" in text:  # not shown: it may hold a token
        raise ValueError("holds a query or a fragment; write the address alone, e.g. http://localhost:9090")
    if not usable:
        raise ValueError(f"{shown(text)} is not a URL such as http://localhost:9090")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _ratio(value: float) -> float:
    if 1 < value < 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{value:g} is not a ratio between 0 and 1; did you mean targetPercent: {value:g}?")
    if value == 1:
        raise ValueError("1 leaves no error budget, and OpenSLO wants less than 1; write e.g. 0.9999")
    if not 0 < value < 1:
        raise ValueError(f"{value:g} is not a ratio between 0 and 1 (both excluded)")
    return value


def _percent(value: float) -> float:
    if 0 < value < 1:
        raise ValueError(f"{value:g} is less than 1 %; did you mean target: {value:g}?")
    if value == 100:  # noqa: PLR2004 - per cent
        raise ValueError("100 leaves no error budget, and OpenSLO wants less than 100; write e.g. 99.99")
    if not 1 <= value < 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{value:g} is not a percentage between 1 and 100 (100 excluded)")
    return float(Decimal(repr(value)) / 100)  # 99.95 becomes 0.9995 to the last bit


def _timestamp(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - OpenSLO names the zone beside it
    except ValueError:
        raise ValueError(f"{shown(text)} is not a time such as 2024-01-31 12:30:00") from None
    return text


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f"{shown(text)} is not a name of the IANA time zone database, e.g. Europe/Berlin")
    return text


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, AfterValidator(_key)]
Text = Annotated[str, AfterValidator(_not_blank)]
Timestamp = Annotated[str, AfterValidator(_timestamp)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Url = Annotated[str, AfterValidator(_url)]
Description = Annotated[str, Field(max_length=1050)]
Quantile = Annotated[float, Field(gt=0, lt=1)]
Target = Annotated[float, AfterValidator(_ratio)]
TargetPercent = Annotated[float, AfterValidator(_percent)]
"""A percentage in the file, a ratio once read."""
SliceTarget = Annotated[float, Field(gt=0, le=1)]
Duration = Annotated[float, BeforeValidator(_duration)]
"""A duration shorthand in the file, seconds once read."""
SliceWindow = Annotated[float, BeforeValidator(_slice_seconds)]
"""A duration shorthand, ``10s`` or a number of minutes in the file, seconds once read."""
AlertDuration = Annotated[float, BeforeValidator(_alert_seconds)]
"""A duration shorthand, ``0m`` or ``10s`` in the file, seconds once read."""
