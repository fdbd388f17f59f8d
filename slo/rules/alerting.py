"""Alerting rules: the error budget burns too fast in two windows at once, or the metric is absent."""

from __future__ import annotations

from collections.abc import Iterator

from slo.model import MINUTE, WindowPair, format_decimal, format_duration
from slo.rules.event_queries import build_event_queries
from slo.rules.recording import TOTAL_EVENTS, Rule, format_ratio_name
from slo.rules.rule_objectives import RuleObjective

BURN_ALERT, ABSENT_ALERT = "SLOErrorBudgetBurn", "SLOMetricAbsent"
SEVERITIES = ("page", "ticket")
ABSENT_FOR_SECONDS = 10 * MINUTE
"""Longer than a restart takes, and longer than the five minutes that Prometheus looks back."""


def build_alerting_rules(rule_objective: RuleObjective) -> Iterator[Rule]:
    """Build an objective's alerts, without the severities whose burn rates can't be reached."""
    for severity in SEVERITIES:
        if pairs := rule_objective.select_alert_windows(severity):
            yield {
                "alert": BURN_ALERT,
                "expr": "\nor\n".join(_build_burn_query(rule_objective, pair) for pair in pairs),
                "labels": _build_alert_labels(rule_objective, severity),
                "annotations": _format_burn_annotations(rule_objective, severity),
            }
    yield {
        "alert": ABSENT_ALERT,
        "expr": _build_absent_query(rule_objective),
        "for": format_duration(ABSENT_FOR_SECONDS),
        "labels": _build_alert_labels(rule_objective, "page"),
        "annotations": _format_absent_annotations(rule_objective),
    }


def _build_absent_query(rule_objective: RuleObjective) -> str:
    """Query whether the metric or its recorded event count is absent.

    The count is absent while the metric is there when five minutes hold one scrape only: one sample shows no
    increase.
    """
    queries = build_event_queries(rule_objective.slo, rule_objective.objective)
    if not queries.is_over_range:
        return queries.absent
    return f"{queries.absent}\nor\nmax(absent({TOTAL_EVENTS}{rule_objective.key_matchers}))"


def _format_burn_annotations(rule_objective: RuleObjective, severity: str) -> dict[str, str]:
    rates = " or ".join(
        f"more than {float(pair.burn_rate):.4g} times as fast as allowed "
        f"over {format_duration(pair.long_seconds)} and {format_duration(pair.short_seconds)} "
        f"(error ratio above {rule_objective.format_error_ratio_limit(pair)})"
        for pair in rule_objective.select_alert_windows(severity)
    )
    budget = f"{format_decimal(rule_objective.error_budget * 100)} % of {rule_objective.window_days} days"
    return {
        "summary": f"({severity}) {_format_title(rule_objective)}: the error budget burns too fast.",
        "description": f"The error budget of {budget} burns {rates}.",
    }


def _format_absent_annotations(rule_objective: RuleObjective) -> dict[str, str]:
    return {
        "summary": f"(page) {_format_title(rule_objective)}: its metric is absent.",
        "description": "Nothing is measured, so it is unknown whether the objective is met.",
    }


def _build_alert_labels(rule_objective: RuleObjective, severity: str) -> dict[str, str]:
    """Build the labels of an alert; Prometheus reads them as templates, so braces are escaped."""
    escaped = {name: value.replace("{{", '{{"{{"}}') for name, value in rule_objective.labels.items()}
    return {**escaped, "severity": severity, "sloth_severity": severity}


def _format_title(rule_objective: RuleObjective) -> str:
    return f"{rule_objective.slo.service} {rule_objective.name}"


def _build_burn_query(rule_objective: RuleObjective, pair: WindowPair) -> str:
    """Compare both windows with the limit; the short one ends the alert soon after the errors end."""
    limit = rule_objective.format_error_ratio_limit(pair)
    comparisons = (
        f"  max without (sloth_window) ({format_ratio_name(seconds)}{rule_objective.key_matchers} > {limit})"
        for seconds in (pair.short_seconds, pair.long_seconds)
    )
    return "(\n" + "\n  and\n".join(comparisons) + "\n)"
