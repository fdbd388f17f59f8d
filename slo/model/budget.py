"""Error budget arithmetic on exact fractions: nothing is rounded before it is compared with a target.

Names and formulas: The Site Reliability Workbook, chapters 2 (error budgets) and 5 (burn rate).
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

SECONDS_PER_DAY = 86_400
"""Seconds of a day of 24 hours."""


def to_exact_fraction(ratio: float) -> Fraction:
    """Return the decimal number as its author wrote it: 999/1000 for 0.999, not the nearest binary float."""
    return Fraction(str(ratio))


def meets_target(good: float, total: float, target: float) -> bool:
    """Return whether ``good`` of ``total`` events (total > 0) reach the target ratio."""
    return Fraction(good) >= to_exact_fraction(target) * Fraction(total)


def calculate_minimum_events(target: float) -> Fraction:
    """Return the smallest number of events whose error budget allows one bad event: 1 / (1 - target)."""
    return 1 / (1 - to_exact_fraction(target))


def calculate_budget_spent(bad: float, total: float, target: float) -> float:
    """Return the share of the error budget of ``total`` events that ``bad`` events spend (1: all of it).

    Over one window this equals the burn rate: error ratio / (1 - target).
    """
    allowed = Fraction(total) * (1 - to_exact_fraction(target))
    return float(Fraction(bad) / allowed) if allowed else (inf if bad else 0.0)


def is_certainly_missed(bad: float, max_total: float, target: float) -> bool:
    """Return whether the target is missed even if all of ``max_total`` events but the bad ones were good."""
    return Fraction(bad) > Fraction(max_total) * (1 - to_exact_fraction(target))


def calculate_days_to_exhaustion(burn_rate: float, window_seconds: float) -> float | None:
    """Return the days until the SLO window's whole budget is spent at this burn rate; ``None``: never."""
    return window_seconds / SECONDS_PER_DAY / burn_rate if burn_rate > 0 else None
