"""``evidence.json``: the evidence as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from slo.model import SCHEMA, Evidence, QueryResult, Series, Window


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
        ValueError: the data is of another schema.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError(f"evidence of schema {data.get('schema')!r}, expected {SCHEMA}")
    return Evidence(
        window=Window(data["window"]["start"], data["window"]["end"]),
        results={key: _result_from_json(result) for key, result in data["results"].items()},
        fetched_at=data["fetched_at"],
        lookback_seconds=data["lookback_seconds"],
        scrape_interval_seconds=data["scrape_interval_seconds"],
        server=data["server"],
        error=data["error"],
        clock_skew_seconds=data.get("clock_skew_seconds"),
        round_trip_seconds=data.get("round_trip_seconds"),
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


def _result_from_json(data: Mapping[str, Any]) -> QueryResult:
    return QueryResult(
        query=data["query"],
        time=data["time"],
        series=tuple(
            Series(
                labels=one["labels"],
                times=tuple(time for time, _ in one["samples"]),
                values=tuple(float(value) for _, value in one["samples"]),
            )
            for one in data["series"]
        ),
        exact=data["exact"],
        warnings=tuple(data["warnings"]),
        error=data["error"],
    )


def _number(value: float) -> float | str:
    """Keep whole counts whole, and NaN and infinities as the texts Prometheus uses."""
    if not isfinite(value):
        return "NaN" if value != value else ("+Inf" if value > 0 else "-Inf")  # noqa: PLR0124 - NaN alone differs
    return int(value) if value.is_integer() else value
