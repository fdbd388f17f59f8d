"""The dashboard of the spec's SLOs: a row per objective, from the series that the recording rules write."""

from __future__ import annotations

from monitoring.dashboards.definition import DashboardDefinition, Row, Variable
from monitoring.dashboards.panels import (
    BAD_COLOUR,
    GOOD_COLOUR,
    WARNING_COLOUR,
    Panel,
    PanelKind,
    ThresholdSteps,
)
from slo.model import (
    DAY,
    SLO,
    SUPPORTED_WINDOW_DAYS,
    NamedObjective,
    Spec,
    build_window_pairs,
    name_objectives,
)

# Series and labels of the recording rules: Sloth's, https://sloth.dev.
ERROR_RATIO_5M = "slo:sli_error:ratio_rate5m"
"""Ratio of bad events over five minutes."""
BURN_RATE = "slo:current_burn_rate:ratio"
"""Error ratio of the last five minutes over the allowed ratio; 1 spends exactly the budget in one window."""
PERIOD_BURN_RATE = "slo:period_burn_rate:ratio"
"""The burn rate over the SLO's whole window."""
BUDGET_REMAINING = "slo:period_error_budget_remaining:ratio"
"""1 when nothing of the window's budget is spent; negative when it is overspent."""
TARGET = "slo:objective:ratio"
ID_LABEL, SLO_LABEL, SERVICE_LABEL = "sloth_id", "sloth_slo", "sloth_service"
"""Their values for an objective are those of :class:`slo.model.NamedObjective`."""

NO_RULE_DATA = "no data: rules not loaded, or nothing measured"
LOW_BUDGET_RATIO = 0.25
BUDGET_STEPS: ThresholdSteps = ((None, BAD_COLOUR), (0, WARNING_COLOUR), (LOW_BUDGET_RATIO, GOOD_COLOUR))
VARIABLES = (Variable("service", "Service", f"{TARGET}, {SERVICE_LABEL}"),)


def define_slo_dashboard(spec: Spec) -> DashboardDefinition:
    """Return the dashboard of the SLOs."""
    rows = [_build_overview_row(spec), *map(_build_objective_row, name_objectives(spec))]
    text = "Status, error budget and burn rate of each objective of the spec."
    return DashboardDefinition("proofload-slo", "Proofload / SLO", text, VARIABLES, rows)


def _compute_window_days(slo: SLO) -> float:
    return slo.window_seconds / DAY


def _build_burn_rate_steps(days: float) -> ThresholdSteps:
    """Turn red at the burn rate of the fast page; a window without alerts uses the nearest supported one."""
    shortest, longest = SUPPORTED_WINDOW_DAYS[0], SUPPORTED_WINDOW_DAYS[-1]
    page = build_window_pairs(min(max(round(days), shortest), longest))[0]
    return (None, GOOD_COLOUR), (1, WARNING_COLOUR), (float(page.burn_rate), BAD_COLOUR)


def _select_series(metric: str, objective: NamedObjective | None = None) -> str:
    labels = (
        f'{ID_LABEL}="{objective.sloth_id}",{SLO_LABEL}="{objective.name}",' if objective is not None else ""
    )
    return f'{metric}{{{labels}{SERVICE_LABEL}=~"$service"}}'


def _build_overview_row(spec: Spec) -> Row:
    legend = f"{{{{{SERVICE_LABEL}}}}} {{{{{SLO_LABEL}}}}}"
    shortest_days = min(map(_compute_window_days, spec.slos), default=SUPPORTED_WINDOW_DAYS[0])
    budget = Panel(
        title="Budget remaining",
        description="Error budget that remains in each SLO's window; negative when it is overspent.",
        unit="percentunit",
        queries={legend: f"sort({_select_series(BUDGET_REMAINING)})"},
        empty_text=NO_RULE_DATA,
        kind=PanelKind.BARS,
        steps=BUDGET_STEPS,
        width=12,
    )
    burn_rate = Panel(
        title="Burn rate now",
        description="Error ratio of the last five minutes over the allowed ratio; 1 spends just the budget.",
        unit="none",
        queries={legend: f"sort_desc({_select_series(BURN_RATE)})"},
        empty_text=NO_RULE_DATA,
        kind=PanelKind.BARS,
        steps=_build_burn_rate_steps(shortest_days),
        width=12,
    )
    return "All objectives", (budget, burn_rate)


def _build_objective_row(objective: NamedObjective) -> Row:
    title = ": ".join(
        filter(None, (objective.slo.display_name or objective.slo.name, objective.objective.name))
    )
    return title, (*_build_number_panels(objective), *_build_history_panels(objective))


def _build_number_panels(objective: NamedObjective) -> tuple[Panel, ...]:
    """Return four small panels that fill a row of the grid."""
    promise = objective.slo.description or f"Target {objective.objective.target:.10g}."
    remaining = _select_series(BUDGET_REMAINING, objective)
    status = Panel(
        title="Status",
        description=f"{promise} Met while error budget of the window remains.",
        unit="none",
        queries={"Status": f"{remaining} >= bool 0"},
        empty_text=NO_RULE_DATA,
        kind=PanelKind.NUMBER,
        value_texts={"1": ("met", GOOD_COLOUR), "0": ("missed", BAD_COLOUR)},
        width=6,
        height=4,
    )
    budget = _build_number_panel(
        "Budget remaining", "Share of the window's error budget.", "percentunit", remaining, BUDGET_STEPS
    )
    steps = _build_burn_rate_steps(_compute_window_days(objective.slo))
    burn_rates = (
        ("Burn rate now", "last five minutes", BURN_RATE),
        ("Burn rate of the window", "whole window", PERIOD_BURN_RATE),
    )
    return (
        status,
        budget,
        *(
            _build_number_panel(
                title,
                f"Error ratio over the allowed ratio, {period}.",
                "none",
                _select_series(series, objective),
                steps,
            )
            for title, period, series in burn_rates
        ),
    )


def _build_number_panel(title: str, description: str, unit: str, query: str, steps: ThresholdSteps) -> Panel:
    return Panel(
        title=title,
        description=description,
        unit=unit,
        queries={title: query},
        empty_text=NO_RULE_DATA,
        kind=PanelKind.NUMBER,
        steps=steps,
        width=6,
        height=4,
    )


def _build_history_panels(objective: NamedObjective) -> tuple[Panel, ...]:
    days = _compute_window_days(objective.slo)
    burn_down = Panel(
        title="Budget burn-down",
        description=f"Error budget that remains of the rolling {days:g} days, over time; 0 is all spent.",
        unit="percentunit",
        queries={"budget remaining": _select_series(BUDGET_REMAINING, objective)},
        empty_text=NO_RULE_DATA,
        steps=BUDGET_STEPS,
        axis_minimum=None,
        width=12,
    )
    errors = Panel(
        title="Error ratio",
        description="Ratio of bad events over five minutes, and the ratio that the objective allows.",
        unit="percentunit",
        queries={
            "bad events": _select_series(ERROR_RATIO_5M, objective),
            "allowed": f"1 - {_select_series(TARGET, objective)}",
        },
        empty_text=NO_RULE_DATA,
        width=12,
    )
    return burn_down, errors
