"""Alerting rules: the error budget burns too fast in two windows at once, or its metric is gone."""

from __future__ import annotations

from collections.abc import Iterator

from slo.model.burn_rate_windows import MINUTE, Pair, decimal, duration
from slo.rules.event_queries import counts
from slo.rules.recording import TOTAL, Rule, ratio_name
from slo.rules.rule_objectives import Target

BURN, ABSENT = "SLOErrorBudgetBurn", "SLOMetricAbsent"
SEVERITIES = ("page", "ticket")
ABSENT_SECONDS = 10 * MINUTE
"""Longer than a restart takes, and than the five minutes that Prometheus looks back."""


def alerting_rules(target: Target) -> Iterator[Rule]:
    """Give an objective's alerts; a severity whose burn rates can't be reached has none."""
    for severity in SEVERITIES:
        if pairs := target.alert_pairs(severity):
            expr = "\nor\n".join(_burning(target, pair) for pair in pairs)
            labels, texts = alert_labels(target, severity), burn_texts(target, severity)
            yield {"alert": BURN, "expr": expr, "labels": labels, "annotations": texts}
    yield {
        "alert": ABSENT,
        "expr": _unmeasured(target),
        "for": duration(ABSENT_SECONDS),
        "labels": alert_labels(target, "page"),
        "annotations": absent_texts(target),
    }


def _unmeasured(target: Target) -> str:
    """Ask for the metric, and for what is counted of it: one scrape in five minutes shows no growth."""
    counted = counts(target.slo, target.objective)
    return f"{counted.absent}\nor\nmax(absent({TOTAL}{target.key}))" if counted.lasting else counted.absent


def burn_texts(target: Target, severity: str) -> dict[str, str]:
    """Write the annotations of an alert of a burn rate."""
    rates = " or ".join(
        f"more than {float(pair.burn_rate):.4g} times as fast as allowed over {duration(pair.long)} and "
        f"{duration(pair.short)} (error ratio above {target.limit(pair)})"
        for pair in target.alert_pairs(severity)
    )
    return {
        "summary": f"({severity}) {_title(target)}: the error budget burns too fast.",
        "description": f"The budget of {decimal(target.budget * 100)} % of {target.days} days burns {rates}.",
    }


def absent_texts(target: Target) -> dict[str, str]:
    """Write the annotations of the alert of a metric that is gone."""
    return {
        "summary": f"(page) {_title(target)}: its metric is absent.",
        "description": "Nothing is measured, so nobody knows whether the objective is met.",
    }


def alert_labels(target: Target, severity: str) -> dict[str, str]:
    """Give the labels of an alert; they are templates, so braces in an objective's name are quoted."""
    plain = {name: value.replace("{{", '{{"{{"}}') for name, value in target.labels.items()}
    return {**plain, "severity": severity, "sloth_severity": severity}


def _title(target: Target) -> str:
    return f"{target.slo.service} {target.name}"


def _burning(target: Target, pair: Pair) -> str:
    """Hold both windows against the limit; the short one ends the alert soon after the errors end."""
    both = (
        f"  max without (sloth_window) ({ratio_name(seconds)}{target.key} > {target.limit(pair)})"
        for seconds in (pair.short, pair.long)
    )
    return "(\n" + "\n  and\n".join(both) + "\n)"
