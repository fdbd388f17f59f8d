"""Windows and burn rates of the alerts, as data, and the format of durations and decimals in rules.

Source: The Site Reliability Workbook, chapter 5 "Alerting on SLOs", recommended parameters for multiwindow,
multi-burn-rate alerts (https://sre.google/workbook/alerting-on-slos/): for 30 days, a page at 2 % of the
budget in 1 h and at 5 % in 6 h, a ticket at 10 % in 1 d and at 10 % in 3 d; short windows are
1/12 of the long ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

MINUTE, HOUR, DAY = 60, 3_600, 86_400
RULE_INTERVAL_SECONDS = MINUTE
"""Evaluation interval of the rules."""
BASE_WINDOW_SECONDS = 5 * MINUTE
"""Shortest window over which the rules count events."""
RECORDED_WINDOWS = (BASE_WINDOW_SECONDS, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY)
"""Windows in seconds whose error ratio is recorded, besides the SLO's own window; the same as Sloth's."""


@dataclass(frozen=True, slots=True)
class WindowPair:
    """A long and a short window: an alert of ``severity`` fires when both burn faster than ``burn_rate``."""

    severity: str
    burn_rate: Fraction
    long_seconds: int
    short_seconds: int


_ALERT_WINDOWS = (
    ("page", HOUR, 5 * MINUTE),
    ("page", 6 * HOUR, 30 * MINUTE),
    ("ticket", DAY, 2 * HOUR),
    ("ticket", 3 * DAY, 6 * HOUR),
)
_BUDGET_SHARES = ("0.02", "0.05", "0.1", "0.1")
"""Share of the budget whose spending within each long window fires the alert (the workbook's values)."""
_MINIMUM_BURN_RATES = ("13.44", "3.5", "1.4", "1")
"""Lowest burn rate of each alert: Sloth's for a week (``examples/windows/7d.yaml``).

Each is at least 1, because an objective is met at a burn rate below 1: for a short SLO window, the workbook's
shares alone would fire alerts while the objective is met.
"""
SUPPORTED_WINDOW_DAYS = range(7, 91)
"""SLO windows in days for which alerts can be written."""


def build_window_pairs(window_days: int) -> tuple[WindowPair, ...]:
    """Return the alert windows for an SLO window of ``window_days``, one of :data:`SUPPORTED_WINDOW_DAYS`.

    The burn rate that spends a share of the budget in the long window is share × SLO window / long window.
    """
    rates = (
        Fraction(share) * window_days * DAY / long
        for share, (_, long, _) in zip(_BUDGET_SHARES, _ALERT_WINDOWS, strict=True)
    )
    return tuple(
        WindowPair(severity, max(Fraction(lowest), rate), long, short)
        for rate, lowest, (severity, long, short) in zip(
            rates, _MINIMUM_BURN_RATES, _ALERT_WINDOWS, strict=True
        )
    )


def format_duration(seconds: int) -> str:
    """Format a duration in its largest whole unit, as Prometheus and Sloth do: ``4w`` (28 days), ``30d``."""
    for unit, length in (("w", 7 * DAY), ("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def format_decimal(number: Fraction) -> str:
    """Format a fraction as an exact decimal: ``0.001``, not ``0.0009999999999999432`` as a float gives.

    Raises:
        ValueError: the fraction has no finite decimal form.
    """
    for digits in range(1_100):  # a float has at most 1,074 decimals
        scaled = number * 10**digits
        if scaled.denominator == 1:
            sign, text = "-" * (number < 0), str(abs(scaled.numerator)).zfill(digits + 1)
            return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text
    raise ValueError(f"{number} has no finite decimal form")
