"""The windows and burn rates of the alerts, as data.

Source: The Site Reliability Workbook, chapter 5 "Alerting on SLOs", recommended parameters for multiwindow,
multi-burn-rate alerts (https://sre.google/workbook/alerting-on-slos/): for 30 days, a page at 2 % of the
budget in 1 h and at 5 % in 6 h, a ticket at 10 % in 1 d and at 10 % in 3 d; short windows are
1/12 of the long ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

MINUTE, HOUR, DAY = 60, 3_600, 86_400
INTERVAL_SECONDS = MINUTE
"""How often the rules are evaluated."""
BASE_SECONDS = 5 * MINUTE
"""How far back each evaluation looks for events."""
WINDOWS = (BASE_SECONDS, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY)
"""Windows whose error ratio is recorded beside the SLO's own, in seconds; Sloth's."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two windows in seconds that both have to burn faster than ``burn_rate`` for an alert of a severity."""

    severity: str
    burn_rate: Fraction
    long: int
    short: int


_WINDOWS = (
    ("page", HOUR, 5 * MINUTE),
    ("page", 6 * HOUR, 30 * MINUTE),
    ("ticket", DAY, 2 * HOUR),
    ("ticket", 3 * DAY, 6 * HOUR),
)
_SHARES = ("0.02", "0.05", "0.1", "0.1")
"""The share of the budget that may be spent within each long window: the workbook's."""
_LOWEST = ("13.44", "3.5", "1.4", "1")
"""Burn rates below which nothing alerts: Sloth's for a week (``examples/windows/7d.yaml``); at least 1, as
slower the objective is met. The workbook's shares of a short window would alert on one that is met."""
DAYS = range(7, 91)
"""Windows of an SLO that alerts are known for, in days."""


def pairs(days: int) -> tuple[Pair, ...]:
    """Give the alerts' windows for an SLO's window of so many days, which are among :data:`DAYS`.

    The burn rate that spends a share of the budget in the long window is share × days / long window.
    """
    rates = (
        Fraction(share) * days * DAY / long for share, (_, long, _) in zip(_SHARES, _WINDOWS, strict=True)
    )
    return tuple(
        Pair(severity, max(Fraction(lowest), rate), long, short)
        for rate, lowest, (severity, long, short) in zip(rates, _LOWEST, _WINDOWS, strict=True)
    )


def duration(seconds: int) -> str:
    """Write a duration in its largest unit, as Prometheus and so Sloth do: ``4w`` for 28 days, ``30d``."""
    for unit, length in (("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def decimal(number: Fraction) -> str:
    """Write a fraction as the decimal it is: ``0.001``, not a float's ``0.0009999999999999432``.

    Raises:
        ValueError: it has no finite decimal form.
    """
    for digits in range(1_100):  # the longest float has 1,074
        scaled = number * 10**digits
        if scaled.denominator == 1:
            sign, text = "-" * (number < 0), str(abs(scaled.numerator)).zfill(digits + 1)
            return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text
    raise ValueError(f"{number} is no finite decimal")
