"""Error budget arithmetic, judged on exact fractions (no rounding before the judgement).

Names and formulas: The Site Reliability Workbook, chapters 2 (error budgets) and 5 (burn rate).
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

SECONDS_PER_DAY = 86_400


def exact(ratio: float) -> Fraction:
    """Give the decimal number that was written, e.g. 999/1000 for 0.999 (not its binary neighbour)."""
    return Fraction(str(ratio))


def meets(good: float, total: float, target: float) -> bool:
    """Tell whether ``good`` of ``total`` events (total > 0) reach the target ratio."""
    return Fraction(good) >= exact(target) * Fraction(total)


def minimum_events(target: float) -> Fraction:
    """Fewest events whose budget holds one bad one: 1 / (1 - target)."""
    return 1 / (1 - exact(target))


def budget_spent(bad: float, total: float, target: float) -> float:
    """Share of the error budget of ``total`` events that ``bad`` events spend; 1 is all of it.

    Over one window this equals the burn rate: error ratio / (1 - target).
    """
    allowed = Fraction(total) * (1 - exact(target))
    return float(Fraction(bad) / allowed) if allowed else (inf if bad else 0.0)


def missed_whatever_unseen(bad: float, total_at_most: float, target: float) -> bool:
    """Tell whether the target is missed even if every event that was not seen was good."""
    return Fraction(bad) > Fraction(total_at_most) * (1 - exact(target))


def days_to_exhaustion(burn_rate: float, window_seconds: float) -> float | None:
    """Days until a full budget of the SLO's window is gone at this burn rate; ``None`` when never."""
    return window_seconds / SECONDS_PER_DAY / burn_rate if burn_rate > 0 else None
