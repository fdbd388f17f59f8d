"""Alerts that would have fired during the load, as text."""

from __future__ import annotations

from collections.abc import Iterable

from reports.text import formatting
from slo.model import Alert, Firing

HEADING = "Alerts this load would have fired"
_MAX_FIRINGS = 5


def sort_alerts(alerts: Iterable[Alert]) -> list[Alert]:
    """Sort alerts: fired first, then those without a result, then the rest; ties keep the spec's order."""
    return sorted(alerts, key=lambda alert: 0 if alert.firings else 1 if alert.detail else 2)


def format_alert_name(alert: Alert) -> str:
    """Return the alert policy's name, followed by the condition's name if it differs."""
    policy, condition = alert.policy.name, alert.policy.condition.name
    return policy if policy == condition else f"{policy} / {condition}"


def format_alert_objective(alert: Alert) -> str:
    """Return the name of the objective that the alert watches."""
    return f"{alert.slo} / {alert.objective}" if alert.objective else alert.slo


def format_condition(alert: Alert) -> str:
    """Format the alert condition: ``burn rate > 14.4 over 1 h, for 5 min``."""
    condition = alert.policy.condition
    duration = (
        f", for {_format_duration(condition.alert_after_seconds)}" if condition.alert_after_seconds else ""
    )
    limit = f"{formatting.OPERATOR_SIGNS[condition.op]} {condition.threshold:.10g}"
    return f"burn rate {limit} over {_format_duration(condition.lookback_seconds)}{duration}"


def format_state(alert: Alert) -> str:
    """Return the state of the alert: fired, not fired, or can't tell."""
    if alert.detail:
        return "can't tell"
    return "fired" if alert.firings else "not fired"


def describe_firings(alert: Alert) -> str:
    """Describe when the alert fired and resolved (seconds since the load started), or why that is unknown."""
    if alert.detail:
        return alert.detail
    shown = [_format_firing(firing) for firing in alert.firings[:_MAX_FIRINGS]]
    if (omitted := len(alert.firings) - len(shown)) > 0:
        shown.append(f"and {formatting.format_count(omitted)} more")
    return "; ".join((*shown, *alert.notes))


def format_peak(alert: Alert) -> str:
    """Format the highest burn rate over the alert's look-back window."""
    if alert.peak_burn_rate is None:
        return formatting.DASH
    return formatting.format_number(alert.peak_burn_rate, [alert.policy.condition.threshold])


def _format_firing(firing: Firing) -> str:
    end = (
        "still firing at the end" if firing.resolved_at is None else f"resolved at {firing.resolved_at:.1f} s"
    )
    cause = " (no data)" if firing.no_data else ""
    return f"fired at {firing.fired_at:.1f} s{cause}, {end}"


def _format_duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
