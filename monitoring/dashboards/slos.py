"""The SLOs of the spec: a row an objective, from the recording rules named in :mod:`monitoring.names`."""

from __future__ import annotations

from monitoring.dashboards import rule_names
from monitoring.dashboards.frame import Choice, Frame, Row
from monitoring.dashboards.panels import BAD, GOOD, WARN, Kind, Panel, Steps
from slo.model import SLO, Spec
from slo.model.burn_rate_windows import DAY, DAYS, pairs
from slo.model.slo_ids import Named, named

NO_RULES = "no data: rules not loaded, or nothing measured"
LOW_BUDGET = 0.25
BUDGET: Steps = ((None, BAD), (0, WARN), (LOW_BUDGET, GOOD))
CHOICES = (Choice("service", "Service", f"{rule_names.OBJECTIVE}, {rule_names.SERVICE_LABEL}"),)


def slos(spec: Spec) -> Frame:
    """Give the dashboard of the SLOs."""
    rows = [_overview(spec), *(_objective(one) for one in named(spec))]
    text = "Status, error budget and burn rate of each objective of the spec."
    return Frame("proofload-slo", "Proofload / SLO", text, CHOICES, rows)


def _days(slo: SLO) -> float:
    return slo.window_seconds / DAY


def _burn_steps(days: float) -> Steps:
    """Turn red at the burn rate of the fast page; windows without alerts take that of the nearest one."""
    page = pairs(min(max(round(days), DAYS[0]), DAYS[-1]))[0]
    return (None, GOOD), (1, WARN), (float(page.burn_rate), BAD)


def _chosen(metric: str, one: Named | None = None) -> str:
    labels = f'{rule_names.ID_LABEL}="{one.id}",{rule_names.SLO_LABEL}="{one.name}",' if one else ""
    return f'{metric}{{{labels}{rule_names.SERVICE_LABEL}=~"$service"}}'


def _overview(spec: Spec) -> Row:
    each = f"{{{{{rule_names.SERVICE_LABEL}}}}} {{{{{rule_names.SLO_LABEL}}}}}"
    shortest = min(map(_days, spec.slos), default=DAYS[0])
    budget = Panel(
        title="Budget left",
        description="Error budget of each SLO's window that is left; below 0 it is overspent.",
        unit="percentunit",
        queries={each: f"sort({_chosen(rule_names.BUDGET_REMAINING)})"},
        empty=NO_RULES,
        kind=Kind.BARS,
        steps=BUDGET,
        width=12,
    )
    burn = Panel(
        title="Burn rate now",
        description="Error ratio of the last five minutes over the ratio allowed; 1 spends just the budget.",
        unit="none",
        queries={each: f"sort_desc({_chosen(rule_names.BURN_RATE)})"},
        empty=NO_RULES,
        kind=Kind.BARS,
        steps=_burn_steps(shortest),
        width=12,
    )
    return "All objectives", (budget, burn)


def _objective(one: Named) -> Row:
    slo, objective = one.slo, one.objective
    title = ": ".join(filter(None, (slo.display_name or slo.name, objective.name)))
    promise = slo.description or f"Target {objective.target:.10g}."
    return title, (*_numbers(one, promise), *_courses(one, _days(slo)))


def _numbers(one: Named, promise: str) -> tuple[Panel, ...]:
    """Give four small panels that fill a row of the grid."""
    left = _chosen(rule_names.BUDGET_REMAINING, one)
    status = Panel(
        title="Status",
        description=f"{promise} Met while budget of the window is left.",
        unit="none",
        queries={"Status": f"{left} >= bool 0"},
        empty=NO_RULES,
        kind=Kind.NUMBER,
        words={"1": ("met", GOOD), "0": ("missed", BAD)},
        width=6,
        height=4,
    )
    burn, steps = "Error ratio over the ratio allowed", _burn_steps(_days(one.slo))
    return (
        status,
        _number("Budget left", "Share of the window's error budget.", "percentunit", left, BUDGET),
        _number(
            "Burn rate now", f"{burn}, last five minutes.", "none", _chosen(rule_names.BURN_RATE, one), steps
        ),
        _number(
            "Burn rate of the window",
            f"{burn}, whole window.",
            "none",
            _chosen(rule_names.PERIOD_BURN_RATE, one),
            steps,
        ),
    )


def _number(title: str, description: str, unit: str, query: str, steps: Steps) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries={title: query},
        empty=NO_RULES,
        kind=Kind.NUMBER,
        steps=steps,
        width=6,
        height=4,
    )


def _courses(one: Named, days: float) -> tuple[Panel, ...]:
    down = Panel(
        title="Budget burn-down",
        description=f"Error budget left of the rolling {days:g} days, over time; it is spent at 0.",
        unit="percentunit",
        queries={"budget left": _chosen(rule_names.BUDGET_REMAINING, one)},
        empty=NO_RULES,
        steps=BUDGET,
        lowest=None,
        width=12,
    )
    errors = Panel(
        title="Error ratio",
        description="Ratio of bad events over five minutes, beside the ratio that the objective allows.",
        unit="percentunit",
        queries={
            "bad events": _chosen(rule_names.ERROR_RATIO_5M, one),
            "allowed": f"1 - {_chosen(rule_names.OBJECTIVE, one)}",
        },
        empty=NO_RULES,
        width=12,
    )
    return down, errors
