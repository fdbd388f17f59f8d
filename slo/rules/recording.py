"""Recording rules: event counts, error ratios by window, burn rates, remaining budget, and SLO metadata.

Names and labels are Sloth's (https://github.com/slok/sloth, ``sli_rules_v1`` and ``metadata_rules_v1``), so
that its dashboards work. Sloth's ratio of the whole period is a mean of ratios; here it is a ratio of sums.
"""

from __future__ import annotations

from collections.abc import Iterator

from slo.model import (
    BASE_WINDOW_SECONDS,
    DAY,
    RECORDED_WINDOWS,
    format_decimal,
    format_duration,
    to_exact_fraction,
)
from slo.rules.event_queries import build_event_queries
from slo.rules.rule_objectives import RuleObjective

Rule = dict[str, object]
BAD_EVENTS, TOTAL_EVENTS = "slo:sli_bad:events", "slo:sli_total:events"
"""Events that one evaluation counted."""
_JOIN_ON_OBJECTIVE = "on (sloth_id, sloth_slo, sloth_service) group_left ()"


def build_recording_rules(rule_objective: RuleObjective) -> Iterator[Rule]:
    """Build an objective's recording rules, each after the rules that it reads."""
    yield from _build_event_rules(rule_objective)
    for seconds in (*RECORDED_WINDOWS, rule_objective.window_days * DAY):
        yield _build_ratio_rule(rule_objective, seconds)
    yield from _build_metadata_rules(rule_objective)
    yield from _build_burn_rate_rules(rule_objective)


def format_ratio_name(seconds: int) -> str:
    """Return the name of the error ratio's series over a window."""
    return f"slo:sli_error:ratio_rate{format_duration(seconds)}"


def _build_rule(rule_objective: RuleObjective, name: str, expr: str, **labels: str) -> Rule:
    return {"record": name, "expr": expr, "labels": {**rule_objective.labels, **labels}}


def _build_event_rules(rule_objective: RuleObjective) -> Iterator[Rule]:
    """Record numbers only: a single NaN makes every sum NaN."""
    queries = build_event_queries(rule_objective.slo, rule_objective.objective)
    yield _build_rule(rule_objective, TOTAL_EVENTS, f"({queries.total}) >= 0")
    yield _build_rule(rule_objective, BAD_EVENTS, f"({queries.bad}) > -Inf")


def _build_ratio_rule(rule_objective: RuleObjective, seconds: int) -> Rule:
    """Divide sums of events; without events there is no ratio, and negative bad events count as 0."""
    span = format_duration(seconds)
    queries = build_event_queries(rule_objective.slo, rule_objective.objective)
    bad, total = f"{BAD_EVENTS}{rule_objective.key_matchers}", f"{TOTAL_EVENTS}{rule_objective.key_matchers}"
    if seconds == BASE_WINDOW_SECONDS and queries.is_over_range:
        expr = f"clamp_min({bad}, 0)\n/\n({total} > 0)"
    else:
        expr = f"clamp_min(sum_over_time({bad}[{span}]), 0)\n/\n(sum_over_time({total}[{span}]) > 0)"
    return _build_rule(rule_objective, format_ratio_name(seconds), expr, sloth_window=span)


def _build_metadata_rules(rule_objective: RuleObjective) -> Iterator[Rule]:
    target = to_exact_fraction(rule_objective.objective.target)
    budget = format_decimal(rule_objective.error_budget)
    yield _build_rule(rule_objective, "slo:objective:ratio", f"vector({format_decimal(target)})")
    yield _build_rule(rule_objective, "slo:error_budget:ratio", f"vector({budget})")
    yield _build_rule(rule_objective, "slo:time_period:days", f"vector({rule_objective.window_days})")
    info_labels = {
        "sloth_mode": "cli-gen-prom",
        "sloth_objective": format_decimal(target * 100),
        "sloth_spec": "openslo/v1",
        "sloth_version": "proofload",
    }
    yield _build_rule(rule_objective, "sloth_slo_info", "vector(1)", **info_labels)


def _build_burn_rate_rules(rule_objective: RuleObjective) -> Iterator[Rule]:
    budget = f"slo:error_budget:ratio{rule_objective.key_matchers}"
    for name, seconds in (("current", RECORDED_WINDOWS[0]), ("period", rule_objective.window_days * DAY)):
        ratio = f"{format_ratio_name(seconds)}{rule_objective.key_matchers}"
        expr = f"{ratio}\n/ {_JOIN_ON_OBJECTIVE}\n{budget}"
        yield _build_rule(rule_objective, f"slo:{name}_burn_rate:ratio", expr)
    remaining = f"1 - slo:period_burn_rate:ratio{rule_objective.key_matchers}"
    yield _build_rule(rule_objective, "slo:period_error_budget_remaining:ratio", remaining)
