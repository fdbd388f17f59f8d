"""Names that recording rules and dashboards have to agree on: those of Sloth, https://sloth.dev."""

from slo.model import SLO

ERROR_RATIO_5M = "slo:sli_error:ratio_rate5m"
"""Ratio of bad events over five minutes."""
BURN_RATE = "slo:current_burn_rate:ratio"
"""Error ratio of the last five minutes over the ratio allowed; 1 spends the budget in just one period."""
PERIOD_BURN_RATE = "slo:period_burn_rate:ratio"
"""The same over the SLO's whole window."""
BUDGET_REMAINING = "slo:period_error_budget_remaining:ratio"
"""1: nothing of the window's budget is spent; below 0: overspent."""
OBJECTIVE = "slo:objective:ratio"
"""The target."""
SLO_LABEL, SERVICE_LABEL, WINDOW_LABEL = "sloth_slo", "sloth_service", "sloth_window"


def slo_label(slo: SLO, objective: int) -> str:
    """Give ``sloth_slo`` of an objective (counted from 0): the SLO's name, numbered where it has several."""
    return slo.name if len(slo.objectives) == 1 else f"{slo.name}-{objective + 1}"
