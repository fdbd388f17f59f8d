"""``verdict.json``: the verdict as data; ``verdict.schema.json`` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from math import isfinite
from typing import Any, TextIO

from slo.model import (
    SCHEMA_VERSION,
    Alert,
    Check,
    Firing,
    Intervals,
    MeasuredValue,
    ObjectiveVerdict,
    Proof,
    Verdict,
)

_DECIMALS = 10
_UNSAFE_CHARACTERS = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that :mod:`json` does not escape and that a terminal would act on, or UTF-8 can't encode."""


class JsonWriter:
    """Writes ``verdict.json``."""

    name = "json"
    filename = "verdict.json"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the verdict; the same verdict yields the same bytes."""
        text = json.dumps(verdict_to_json(proof.verdict), allow_nan=False, ensure_ascii=False, indent=2)
        stream.write(_UNSAFE_CHARACTERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain JSON data.

    Times are Unix seconds, shares are ratios. Values that are not finite (e.g. the spent share of a budget
    of 0) are null; whole numbers are written without a fraction.
    """
    return {
        "schema": SCHEMA_VERSION,
        "verdict": str(verdict.outcome),
        "policy": {
            "confidence": verdict.policy.confidence,
            "failed_requests": verdict.policy.failed_requests,
            "other_traffic": verdict.policy.other_traffic,
            "coverage": verdict.policy.coverage,
        },
        "window": {
            "start": _to_json_number(verdict.window.start),
            "end": _to_json_number(verdict.window.end),
        },
        "objectives": [_objective_to_json(objective) for objective in verdict.objectives],
        "checks": [_check_to_json(check) for check in verdict.checks],
        "alerts": [_alert_to_json(alert) for alert in verdict.alerts],
        "failed_requests": asdict(verdict.failed_requests) if verdict.failed_requests else None,
    }


def _objective_to_json(objective: ObjectiveVerdict) -> dict[str, Any]:
    return {
        "slo": objective.slo,
        "objective": objective.objective,
        "kind": objective.kind,
        "verdict": str(objective.outcome),
        "reason": str(objective.reason) if objective.reason else None,
        "detail": objective.detail,
        "good": _to_json_number(objective.good),
        "bad": _to_json_number(objective.bad),
        "total": _to_json_number(objective.total),
        "sli": _to_json_number(objective.sli),
        "target": _to_json_number(objective.target),
        "budget_allowed": _to_json_number(round(objective.budget_allowed, 12)),
        "budget_spent": _to_json_number(objective.budget_spent),
        "burn_rate": _to_json_number(objective.burn_rate),
        "days_to_exhaustion": _to_json_number(objective.days_to_exhaustion),
        "window_days": _to_json_number(objective.window_days),
        "bounds": _to_json_numbers(objective.bounds),
        "exact": objective.exact,
        "measured": _measured_to_json(objective.measured) if objective.measured else None,
        "intervals": _intervals_to_json(objective.intervals) if objective.intervals else None,
        "queries": list(objective.queries),
        "notes": list(objective.notes),
    }


def _measured_to_json(measured: MeasuredValue) -> dict[str, Any]:
    return {
        "value": _to_json_number(measured.value),
        "bounds": _to_json_numbers(measured.bounds),
        "op": str(measured.op),
        "threshold": _to_json_number(measured.threshold),
        "unit": measured.unit,
        "quantile": _to_json_number(measured.quantile),
        "sampling": _to_json_numbers(measured.sampling) if measured.sampling else None,
    }


def _intervals_to_json(intervals: Intervals) -> dict[str, Any]:
    return {
        "level": intervals.level,
        "bucket": _to_json_numbers(intervals.bucket),
        "sampling": _round_values(intervals.sampling),
        "edges": _to_json_numbers(intervals.edges) if intervals.edges else None,
        "combined": _round_values(intervals.combined),
        "slices": intervals.slices,
        "independent_events": (
            None if intervals.independent_events is None else round(intervals.independent_events)
        ),
        "further_events": _to_json_number(intervals.further_events),
        "target_shown": round(intervals.target_shown, _DECIMALS),
    }


def _round_values(values: Iterable[float]) -> list[float | None]:
    """Round to ``_DECIMALS``: numerical libraries differ in the last digits between machines."""
    return [_to_json_number(round(value, _DECIMALS)) for value in values]


def _check_to_json(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "status": str(check.status),
        "reason": str(check.reason) if check.reason else None,
        "detail": check.detail,
        "numbers": {name: _to_json_number(value) for name, value in sorted(check.numbers.items())},
    }


def _alert_to_json(alert: Alert) -> dict[str, Any]:
    condition = alert.policy.condition
    return {
        "slo": alert.slo,
        "objective": alert.objective,
        "policy": alert.policy.name,
        "condition": condition.name,
        "severity": condition.severity,
        "op": str(condition.op),
        "threshold": _to_json_number(condition.threshold),
        "lookback_seconds": _to_json_number(condition.lookback_seconds),
        "alert_after_seconds": _to_json_number(condition.alert_after_seconds),
        "peak_burn_rate": _to_json_number(alert.peak_burn_rate),
        "firings": [_firing_to_json(firing) for firing in alert.firings],
        "detail": alert.detail,
        "notes": list(alert.notes),
    }


def _firing_to_json(firing: Firing) -> dict[str, Any]:
    return {
        "fired_at_seconds": _to_json_number(firing.fired_at),
        "resolved_at_seconds": _to_json_number(firing.resolved_at),
        "peak_burn_rate": _to_json_number(firing.peak_burn_rate),
        "no_data": firing.no_data,
    }


def _to_json_numbers(values: Iterable[float | None]) -> list[float | None]:
    return [_to_json_number(value) for value in values]


def _to_json_number(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else value
