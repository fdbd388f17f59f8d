"""``evidence.json``: the evidence as JSON and back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from math import isfinite
from operator import le
from typing import Any

from slo.model import SCHEMA, Evidence, QueryResult, Series, Window

_YEAR_10000 = 253_402_300_800.0
"""No moment is as late, in Unix seconds: nothing could write its date."""


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    """Give evidence as plain JSON data; values that JSON has no numbers for are written as texts."""
    return {
        "schema": SCHEMA,
        "window": {"start": evidence.window.start, "end": evidence.window.end},
        "fetched_at": evidence.fetched_at,
        "lookback_seconds": evidence.lookback_seconds,
        "scrape_interval_seconds": evidence.scrape_interval_seconds,
        "server": dict(evidence.server),
        "error": evidence.error,
        "clock_skew_seconds": evidence.clock_skew_seconds,
        "round_trip_seconds": evidence.round_trip_seconds,
        "results": {key: _result_to_json(result) for key, result in evidence.results.items()},
    }


def evidence_from_json(data: Mapping[str, Any]) -> Evidence:
    """Read what :func:`evidence_to_json` wrote.

    Raises:
        ValueError: the data is of another schema, or something in it is not what it should be.
        TypeError, LookupError, AttributeError, OverflowError: likewise.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError(f"evidence of schema {data.get('schema')!r}, expected {SCHEMA}")
    start, end = (_given(data["window"], name, _is_moment, "a Unix time") for name in ("start", "end"))
    if start > end:
        raise ValueError(f"window ends at {end!r}, before its start at {start!r}")
    return Evidence(
        window=Window(start, end),
        results={key: _result_from_json(key, result) for key, result in data["results"].items()},
        fetched_at=_given(data, "fetched_at", _is_moment, "a Unix time"),
        lookback_seconds=_given(data, "lookback_seconds", _is_length, "a number of seconds"),
        scrape_interval_seconds=_given(
            data, "scrape_interval_seconds", _or_none(_is_positive), "a number of seconds above 0, or null"
        ),
        server=_given(data, "server", _is_texts, "texts by name"),
        error=_given(data, "error", _or_none(_is_text), "a text or null"),
        clock_skew_seconds=_maybe(data, "clock_skew_seconds", _is_number, "a number of seconds or null"),
        round_trip_seconds=_maybe(data, "round_trip_seconds", _is_length, "a number of seconds or null"),
    )


def _result_to_json(result: QueryResult) -> dict[str, Any]:
    return {
        "query": result.query,
        "time": result.time,
        "exact": result.exact,
        "warnings": list(result.warnings),
        "error": result.error,
        "series": [
            {
                "labels": dict(one.labels),
                "samples": [[t, _number(v)] for t, v in zip(one.times, one.values, strict=True)],
            }
            for one in result.series
        ],
    }


def _result_from_json(key: str, data: Mapping[str, Any]) -> QueryResult:
    try:
        return QueryResult(
            query=_given(data, "query", _is_text, "a text"),
            time=_given(data, "time", _is_moment, "a Unix time"),
            series=tuple(map(_series_from_json, data["series"])),
            exact=_given(data, "exact", _is_bool, "true or false"),
            warnings=tuple(_given(data, "warnings", _is_list_of_texts, "a list of texts")),
            error=_given(data, "error", _or_none(_is_text), "a text or null"),
        )
    except ValueError as error:
        raise ValueError(f"results[{key!r}]: {error}") from None


def _series_from_json(data: Mapping[str, Any]) -> Series:
    labels = _given(data, "labels", _is_texts, "texts by name")
    samples = _given(data, "samples", _is_filled, "a list of at least one sample")
    times = tuple(time for time, _ in samples)
    if not _are_moments(times):
        raise ValueError(f"the samples of {labels} have times that are no Unix times, oldest first")
    return Series(labels, times, tuple(float(value) for _, value in samples))


def _given(data: Mapping[str, Any], name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    if not fits(value := data[name]):
        raise ValueError(f"{name} is {value!r}, and should be {wanted}")
    return value


def _maybe(data: Mapping[str, Any], name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    return None if data.get(name) is None else _given(data, name, fits, wanted)


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_filled(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_length(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_moment(value: Any) -> bool:
    return _is_length(value) and value < _YEAR_10000


def _are_moments(times: Sequence[Any]) -> bool:
    """Tell at a glance: texts are no array of numbers, and NaN is not at most anything."""
    numbers = array("d", times)
    return _is_moment(times[0]) and _is_moment(times[-1]) and all(map(le, numbers, islice(numbers, 1, None)))


def _number(value: float) -> float | str:
    """Keep whole counts whole, and NaN and infinities as the texts Prometheus uses."""
    if not isfinite(value):
        return "NaN" if value != value else ("+Inf" if value > 0 else "-Inf")  # noqa: PLR0124 - NaN alone differs
    return int(value) if value.is_integer() else value
