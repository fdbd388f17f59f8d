"""Recording rules: events, error ratios by window, burn rates, remaining budget, and what is known of an SLO.

Names and labels are Sloth's (https://github.com/slok/sloth, ``sli_rules_v1`` and ``metadata_rules_v1``), so
that its dashboards work. Its ratio of the whole period is a mean of ratios; here sums of events are divided.
"""

from __future__ import annotations

from collections.abc import Iterator

from slo.model.budget import exact
from slo.model.burn_rate_windows import BASE_SECONDS, DAY, WINDOWS, decimal, duration
from slo.rules.event_queries import counts
from slo.rules.rule_objectives import Target

Rule = dict[str, object]
BAD, TOTAL = "slo:sli_bad:events", "slo:sli_total:events"
"""Events that an evaluation counted."""
_JOIN = "on (sloth_id, sloth_slo, sloth_service) group_left ()"


def recording_rules(target: Target) -> Iterator[Rule]:
    """Give an objective's recording rules, each after those that it needs."""
    yield from _events(target)
    for seconds in (*WINDOWS, target.days * DAY):
        yield _ratio(target, seconds)
    yield from _metadata(target)
    yield from _burn_rates(target)


def ratio_name(seconds: int) -> str:
    """Name the series of the error ratio over a window."""
    return f"slo:sli_error:ratio_rate{duration(seconds)}"


def _rule(target: Target, name: str, expr: str, **labels: str) -> Rule:
    return {"record": name, "expr": expr, "labels": {**target.labels, **labels}}


def _events(target: Target) -> Iterator[Rule]:
    """Record numbers alone: one NaN would poison every sum that it is in."""
    counted = counts(target.slo, target.objective)
    yield _rule(target, TOTAL, f"({counted.total}) >= 0")
    yield _rule(target, BAD, f"({counted.bad}) > -Inf")


def _ratio(target: Target, seconds: int) -> Rule:
    """Divide sums of events, by none of which there is no ratio; less than no bad ones are none."""
    span = duration(seconds)
    bad, total = f"{BAD}{target.key}", f"{TOTAL}{target.key}"
    if seconds == BASE_SECONDS and counts(target.slo, target.objective).lasting:
        expr = f"clamp_min({bad}, 0)\n/\n({total} > 0)"
    else:
        expr = f"clamp_min(sum_over_time({bad}[{span}]), 0)\n/\n(sum_over_time({total}[{span}]) > 0)"
    return _rule(target, ratio_name(seconds), expr, sloth_window=span)


def _metadata(target: Target) -> Iterator[Rule]:
    objective = exact(target.objective.target)
    yield _rule(target, "slo:objective:ratio", f"vector({decimal(objective)})")
    yield _rule(target, "slo:error_budget:ratio", f"vector({decimal(target.budget)})")
    yield _rule(target, "slo:time_period:days", f"vector({target.days})")
    about = {
        "sloth_mode": "cli-gen-prom",
        "sloth_objective": decimal(objective * 100),
        "sloth_spec": "openslo/v1",
        "sloth_version": "proofload",
    }
    yield _rule(target, "sloth_slo_info", "vector(1)", **about)


def _burn_rates(target: Target) -> Iterator[Rule]:
    budget = f"slo:error_budget:ratio{target.key}"
    for name, seconds in (("current", WINDOWS[0]), ("period", target.days * DAY)):
        ratio = f"{ratio_name(seconds)}{target.key}"
        yield _rule(target, f"slo:{name}_burn_rate:ratio", f"{ratio}\n/ {_JOIN}\n{budget}")
    remaining = f"1 - slo:period_burn_rate:ratio{target.key}"
    yield _rule(target, "slo:period_error_budget_remaining:ratio", remaining)
