"""``verdict.json``: the verdict as data, a pure function of it; ``verdict.schema.json`` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, TextIO

from slo.model import (
    SCHEMA,
    Alert,
    Check,
    Firing,
    Intervals,
    Measured,
    ObjectiveVerdict,
    Proof,
    Verdict,
)

_DIGITS = 10


class JsonWriter:
    """Writes ``verdict.json``."""

    name = "json"
    filename = "verdict.json"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the verdict; the same verdict gives the same bytes."""
        json.dump(verdict_to_json(proof.verdict), stream, allow_nan=False, ensure_ascii=False, indent=2)
        stream.write("\n")


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as plain JSON data.

    Times are Unix seconds, shares ratios. What is not finite (a budget of nothing, overspent) is null;
    whole numbers are written without a fraction.
    """
    return {
        "schema": SCHEMA,
        "verdict": str(verdict.outcome),
        "policy": {"confidence": verdict.policy.confidence},
        "window": {"start": _number(verdict.window.start), "end": _number(verdict.window.end)},
        "objectives": [_objective(one) for one in verdict.objectives],
        "checks": [_check(one) for one in verdict.checks],
        "alerts": [_alert(one) for one in verdict.alerts],
    }


def _objective(one: ObjectiveVerdict) -> dict[str, Any]:
    return {
        "slo": one.slo,
        "objective": one.objective,
        "kind": one.kind,
        "verdict": str(one.outcome),
        "reason": str(one.reason) if one.reason else None,
        "detail": one.detail,
        "good": _number(one.good),
        "bad": _number(one.bad),
        "total": _number(one.total),
        "sli": _number(one.sli),
        "target": _number(one.target),
        "budget_allowed": _number(round(one.budget_allowed, 12)),
        "budget_spent": _number(one.budget_spent),
        "burn_rate": _number(one.burn_rate),
        "days_to_exhaustion": _number(one.days_to_exhaustion),
        "window_days": _number(one.window_days),
        "bounds": _numbers(one.bounds),
        "exact": one.exact,
        "measured": _measured(one.measured) if one.measured else None,
        "intervals": _intervals(one.intervals) if one.intervals else None,
        "queries": list(one.queries),
        "notes": list(one.notes),
    }


def _measured(found: Measured) -> dict[str, Any]:
    return {
        "value": _number(found.value),
        "bounds": _numbers(found.bounds),
        "op": str(found.op),
        "threshold": _number(found.threshold),
        "unit": found.unit,
        "quantile": _number(found.quantile),
        "sampling": _numbers(found.sampling) if found.sampling else None,
    }


def _intervals(found: Intervals) -> dict[str, Any]:
    return {
        "level": found.level,
        "bucket": _numbers(found.bucket),
        "sampling": _rounded(found.sampling),
        "edges": _numbers(found.edges) if found.edges else None,
        "combined": _rounded(found.combined),
        "slices": found.slices,
        "independent_events": None if found.independent_events is None else round(found.independent_events),
        "further_events": _number(found.further_events),
        "target_shown": round(found.target_shown, _DIGITS),
    }


def _rounded(values: Iterable[float]) -> list[float | None]:
    """Round what numerical libraries of different machines may give with other last digits."""
    return [_number(round(value, _DIGITS)) for value in values]


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "status": str(check.status),
        "reason": str(check.reason) if check.reason else None,
        "detail": check.detail,
        "numbers": {name: _number(value) for name, value in sorted(check.numbers.items())},
    }


def _alert(one: Alert) -> dict[str, Any]:
    condition = one.policy.condition
    return {
        "slo": one.slo,
        "objective": one.objective,
        "policy": one.policy.name,
        "condition": condition.name,
        "severity": condition.severity,
        "op": str(condition.op),
        "threshold": _number(condition.threshold),
        "lookback_seconds": _number(condition.lookback_seconds),
        "alert_after_seconds": _number(condition.alert_after_seconds),
        "peak_burn_rate": _number(one.peak_burn_rate),
        "firings": [_firing(firing) for firing in one.firings],
        "detail": one.detail,
        "notes": list(one.notes),
    }


def _firing(one: Firing) -> dict[str, Any]:
    return {
        "fired_at_seconds": _number(one.fired_at),
        "resolved_at_seconds": _number(one.resolved_at),
        "peak_burn_rate": _number(one.peak_burn_rate),
        "no_data": one.no_data,
    }


def _numbers(values: Iterable[float | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return int(value) if float(value).is_integer() else value
