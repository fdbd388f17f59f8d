"""Numbers, times and units as text; a value is rounded once, here.

Functions take the units of the model (seconds, bytes, ratios). ``limits`` are values in the unit of the
formatted value; rounding never moves a value onto or across a limit: 0.99996 is not shown as 100 %, and
1.0004 s is not shown as 1 s where the threshold is 1 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite

from slo.model import Op

NOT_MEASURED = "no value"
"""Shown instead of a missing value: never 0 or 100 %."""
DASH = "\N{EN DASH}"
MAX_DECIMALS = 6
"""A value that still rounds to a limit at this many decimals is shown as "just under" or "just over" it."""
MAX_EXACT_INTEGER = 1e15
"""From here on a float cannot hold every whole number exactly; shown as powers of ten."""
OPERATOR_SIGNS = {Op.LTE: "≤", Op.LT: "<", Op.GTE: "≥", Op.GT: ">"}

_SECOND_UNITS = (("s", 0), ("ms", 3), ("µs", 6), ("ns", 9))
_BYTE_UNITS = (("B", 1), ("kB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12))
_UNSAFE_CHARACTERS = re.compile(
    # Characters that XML 1.0 forbids (section 2.2) or that change the direction of the following text.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


# --- Text ---------------------------------------------------------------------------------------


def replace_unsafe(text: str) -> str:
    """Replace control characters, bidirectional overrides and lone surrogates with U+FFFD."""
    return _UNSAFE_CHARACTERS.sub("\ufffd", text)


def truncate(text: str, max_length: int) -> str:
    """Shorten a text to ``max_length`` characters; an ellipsis marks what is left out."""
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def format_time(time: float) -> str:
    """Format a Unix time in UTC, to the second."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


# --- Numbers ------------------------------------------------------------------------------------


def format_count(value: float | None) -> str:
    """Format a number of events: ``3,000``."""
    return DASH if value is None else format_number(value, digits=1)


def format_number(value: float | None, limits: Iterable[float] = (), digits: int = 3) -> str:
    """Format a number to ``digits`` significant digits; the integer part is never rounded."""
    if value is None or not _is_plain_number(value):
        return _format_special(value)
    return _format_decimal(Decimal(str(value)), [Decimal(str(limit)) for limit in (0, *limits)], digits)


def format_percent(ratio: float | None, limits: Iterable[float] = (), decimals: int = 2) -> str:
    """Format a ratio as a percentage; 0 % and 100 % are always limits."""
    if ratio is None or not _is_plain_number(ratio):
        return _format_special(ratio)
    limits_percent = [100 * Decimal(str(limit)) for limit in (0, 1, *limits)]
    return f"{_round_within_limits(100 * Decimal(str(ratio)), limits_percent, decimals)} %"


def format_exact_percent(ratio: float) -> str:
    """Format a ratio that was written by a person, e.g. a target, as a percentage without rounding."""
    return f"{_trim_zeros(100 * Decimal(str(ratio)))} %"


def format_seconds(value: float | None, limits: Iterable[float] = ()) -> str:
    """Format a duration to three significant digits, in the largest unit that gives at least 1."""
    if value is None or not _is_plain_number(value):
        return _format_special(value)
    if value == 0:
        return "0 s"
    exact, zero = Decimal(str(value)), Decimal(0)
    # 0.9996 s is shown as 1 s, not as 1,000 ms: the rounded value chooses the unit.
    rounded = abs(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2)))
    unit, power = next(
        ((name, power) for name, power in _SECOND_UNITS if rounded.scaleb(power) >= 1), _SECOND_UNITS[-1]
    )
    scaled_limits = [zero, *(Decimal(str(limit)).scaleb(power) for limit in limits)]
    return f"{_format_decimal(exact.scaleb(power), scaled_limits, 3)} {unit}"


def format_bytes(value: float | None, limits: Iterable[float] = ()) -> str:
    """Format a number of bytes in decimal units (1 MB is 1,000,000 bytes)."""
    if value is None or not _is_plain_number(value):
        return _format_special(value)
    unit, factor = next(
        ((name, factor) for name, factor in reversed(_BYTE_UNITS) if abs(value) >= factor), _BYTE_UNITS[0]
    )
    return f"{format_number(value / factor, [limit / factor for limit in limits])} {unit}"


def format_quantity(value: float | None, unit: str, limits: Iterable[float] = ()) -> str:
    """Format a value of a unit: ``seconds``, ``bytes``, ``ratio`` or empty for none."""
    match unit:
        case "seconds":
            return format_seconds(value, limits)
        case "bytes":
            return format_bytes(value, limits)
        case "ratio":
            return format_percent(value, limits)
        case _:
            return format_number(value, limits)


def format_interval(low: float | None, high: float | None, unit: str, limits: Iterable[float] = ()) -> str:
    """Format an interval with one unit: ``41-50 ms``; without an upper bound: ``> 10 s``."""
    limits = list(limits)
    if low is None:
        return DASH if high is None else f"≤ {format_quantity(high, unit, limits)}"
    first = format_quantity(low, unit, limits)
    if high is None:
        return f"> {first}"
    last = format_quantity(high, unit, limits)
    if first == last:
        return last
    digits, _, shown_unit = first.rpartition(" ")
    same_unit = digits and (low == 0 or last.endswith(f" {shown_unit}"))
    return f"{digits if same_unit else first}{DASH}{last}"


def format_percentile(quantile: float) -> str:
    """Return the name of a percentile: ``p99.9``."""
    return f"p{_trim_zeros(100 * Decimal(str(quantile)))}"


def _is_plain_number(value: float) -> bool:
    return isfinite(value) and abs(value) < MAX_EXACT_INTEGER


def _format_special(value: float | None) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return DASH
    return f"{value:.3g}" if isfinite(value) else ("∞" if value > 0 else "-∞")


def _format_decimal(value: Decimal, limits: list[Decimal], digits: int) -> str:
    return _round_within_limits(value, limits, max(digits - 1 - value.adjusted(), 0) if value else 0)


def _round_within_limits(value: Decimal, limits: list[Decimal], decimals: int) -> str:
    """Round to ``decimals``, or to as many more as keep the value on its side of every limit."""
    for places in range(decimals, max(decimals, MAX_DECIMALS) + 1):
        rounded = value.quantize(Decimal(1).scaleb(-places))
        if all(_compare(rounded, limit) == _compare(value, limit) for limit in limits):
            return _trim_zeros(rounded)
    nearest = min(limits, key=lambda limit: abs(value - limit))
    return f"just {'under' if value < nearest else 'over'} {_trim_zeros(nearest)}"


def _compare(value: Decimal, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def _trim_zeros(value: Decimal) -> str:
    text = f"{value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
