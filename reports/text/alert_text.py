"""Alerts that the load would have fired, as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from reports.text import formatting
from slo.model import Alert, Firing

HEADING = "Alerts this load would have fired"
_MOST_FIRINGS = 5


def ordered(alerts: Iterable[Alert]) -> list[Alert]:
    """Put those that fired first, and then those that can't be told; within that the spec's order stays."""
    return sorted(alerts, key=lambda alert: 0 if alert.firings else 1 if alert.detail else 2)


def title(alert: Alert) -> str:
    """Name an alert: its policy, and its condition where that has another name."""
    policy, condition = alert.policy.name, alert.policy.condition.name
    return policy if policy == condition else f"{policy} / {condition}"


def objective(alert: Alert) -> str:
    """Name what it watches."""
    return f"{alert.slo} / {alert.objective}" if alert.objective else alert.slo


def condition(alert: Alert) -> str:
    """Show what it waits for: ``burn rate > 14.4 over 1 h, for 5 min``."""
    asked = alert.policy.condition
    held = f", for {_span(asked.alert_after_seconds)}" if asked.alert_after_seconds else ""
    limit = f"{formatting.SIGNS[asked.op]} {asked.threshold:.10g}"
    return f"burn rate {limit} over {_span(asked.lookback_seconds)}{held}"


def state(alert: Alert) -> str:
    """Say in a word or two how it ended."""
    if alert.detail:
        return "can't tell"
    return "fired" if alert.firings else "not fired"


def told(alert: Alert) -> str:
    """Say when it fired and ended, in seconds since the load began, or why that can't be told."""
    if alert.detail:
        return alert.detail
    shown = [_firing(one) for one in alert.firings[:_MOST_FIRINGS]]
    if (left := len(alert.firings) - len(shown)) > 0:
        shown.append(f"and {formatting.count(left)} more")
    return "; ".join((*shown, *alert.notes))


def peak(alert: Alert) -> str:
    """Show the highest burn rate over its look-back window."""
    found = alert.peak_burn_rate
    return formatting.DASH if found is None else formatting.number(found, [alert.policy.condition.threshold])


def _firing(one: Firing) -> str:
    end = "still firing at the end" if one.resolved_at is None else f"resolved at {one.resolved_at:.1f} s"
    why = " (no data)" if one.no_data else ""
    return f"fired at {one.fired_at:.1f} s{why}, {end}"


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
