"""Numbers and verdicts as people read them: rounded once, here, and never across a figure that decides.

Everything takes the units of the model (seconds, bytes, ratios) and gives text. ``marks`` are figures, in
the unit of the value, that a rounded value has to stay on its own side of: 0.99996 is never shown as
100 %, nor 1.0004 s as the 1 s that was asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite

from slo.model import ObjectiveVerdict, Op, Outcome, Proof, Verdict

NOTHING = "nothing measured"
"""Stands where there is no figure: never a 0 or a 100 %."""
DASH = "\N{EN DASH}"
MOST_PLACES = 6
"""Decimals after which a figure that still looks like a mark is called just under or over it."""
LARGEST = 1e15
"""From here on whole numbers are no longer exact in a float: shown as powers of ten."""

_SECONDS = (("s", 0), ("ms", 3), ("µs", 6), ("ns", 9))
_BYTES = (("B", 1), ("kB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12))
SIGNS = {Op.LTE: "≤", Op.LT: "<", Op.GTE: "≥", Op.GT: ">"}
_UNSAFE = re.compile(
    # Not allowed in XML 1.0 (section 2.2), or able to turn the direction of the text that follows.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_NAMES_IN_HEADLINE = 3


# --- Text ---------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Replace control characters, bidirectional overrides and lone surrogates with U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def shortened(text: str, most: int) -> str:
    """Cut a text to at most that many characters, with an ellipsis where something is left out."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def moment(time: float) -> str:
    """Show a Unix time in UTC, to the second."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


# --- Numbers ------------------------------------------------------------------------------------


def count(value: float | None) -> str:
    """Show a number of events: ``3,000``."""
    return DASH if value is None else number(value, digits=1)


def number(value: float | None, marks: Iterable[float] = (), digits: int = 3) -> str:
    """Show a number without a unit, to some significant digits; the whole part is never rounded away."""
    if value is None or not _plain(value):
        return _odd(value)
    return _decimal(Decimal(str(value)), [Decimal(str(mark)) for mark in (0, *marks)], digits)


def percent(ratio: float | None, marks: Iterable[float] = (), places: int = 2) -> str:
    """Show a ratio as a percentage; 0 % and 100 % are always marks."""
    if ratio is None or not _plain(ratio):
        return _odd(ratio)
    hundred = [100 * Decimal(str(mark)) for mark in (0, 1, *marks)]
    return f"{_apart(100 * Decimal(str(ratio)), hundred, places)} %"


def exact_percent(ratio: float) -> str:
    """Show a ratio as it was written, e.g. a target: nothing is rounded."""
    return f"{_trimmed(100 * Decimal(str(ratio)))} %"


def seconds(value: float | None, marks: Iterable[float] = ()) -> str:
    """Show a duration to three significant digits, in the largest unit that leaves a whole part."""
    if value is None or not _plain(value):
        return _odd(value)
    if value == 0:
        return "0 s"
    given, zero = Decimal(str(value)), Decimal(0)
    # 0.9996 s is 1 s and not 1,000 ms: the unit is that of the rounded figure.
    rounded = abs(given.quantize(Decimal(1).scaleb(given.adjusted() - 2)))
    unit, power = next((u for u in _SECONDS if rounded.scaleb(u[1]) >= 1), _SECONDS[-1])
    scaled = [zero, *(Decimal(str(mark)).scaleb(power) for mark in marks)]
    return f"{_decimal(given.scaleb(power), scaled, 3)} {unit}"


def size(value: float | None, marks: Iterable[float] = ()) -> str:
    """Show a number of bytes in decimal units (1 MB is 1,000,000 bytes)."""
    if value is None or not _plain(value):
        return _odd(value)
    unit, factor = next((u for u in reversed(_BYTES) if abs(value) >= u[1]), _BYTES[0])
    return f"{number(value / factor, [mark / factor for mark in marks])} {unit}"


def quantity(value: float | None, unit: str, marks: Iterable[float] = ()) -> str:
    """Show a value of a unit: ``seconds``, ``bytes``, ``ratio`` or none."""
    match unit:
        case "seconds":
            return seconds(value, marks)
        case "bytes":
            return size(value, marks)
        case "ratio":
            return percent(value, marks)
        case _:
            return number(value, marks)


def span(low: float | None, high: float | None, unit: str, marks: Iterable[float] = ()) -> str:
    """Show an interval, the unit once: ``41-50 ms``; a missing upper bound is none: ``> 10 s``."""
    marks = list(marks)
    if low is None:
        return DASH if high is None else f"≤ {quantity(high, unit, marks)}"
    first = quantity(low, unit, marks)
    if high is None:
        return f"> {first}"
    last = quantity(high, unit, marks)
    if first == last:
        return last
    figure, _, shown_unit = first.rpartition(" ")
    same_unit = figure and (low == 0 or last.endswith(f" {shown_unit}"))
    return f"{figure if same_unit else first}{DASH}{last}"


def unit_of(metric: str) -> str:
    """Read the unit off a metric's name, where Prometheus's naming rules put it."""
    return next((unit for unit in ("seconds", "bytes", "ratio") if f"_{unit}" in metric), "")


def _plain(value: float) -> bool:
    return isfinite(value) and abs(value) < LARGEST


def _odd(value: float | None) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return DASH
    return f"{value:.3g}" if isfinite(value) else ("∞" if value > 0 else "-∞")


def _decimal(value: Decimal, marks: list[Decimal], digits: int) -> str:
    return _apart(value, marks, max(digits - 1 - value.adjusted(), 0) if value else 0)


def _apart(value: Decimal, marks: list[Decimal], places: int) -> str:
    """Round to so many decimals, or to as many more as keep the value on its side of every mark."""
    for more in range(places, max(places, MOST_PLACES) + 1):
        rounded = value.quantize(Decimal(1).scaleb(-more))
        if all(_side(rounded, mark) == _side(value, mark) for mark in marks):
            return _trimmed(rounded)
    mark = min(marks, key=lambda one: abs(value - one))
    return f"just {'under' if value < mark else 'over'} {_trimmed(mark)}"


def _side(value: Decimal, mark: Decimal) -> int:
    return (value > mark) - (value < mark)


def _trimmed(value: Decimal) -> str:
    text = f"{value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


# --- Objectives ---------------------------------------------------------------------------------


def title(objective: ObjectiveVerdict) -> str:
    """Name an objective: its SLO and its own name where it has one."""
    return f"{objective.slo} / {objective.objective}" if objective.objective else objective.slo


def measured(objective: ObjectiveVerdict) -> str:
    """Show what was measured, beside :func:`asked`: ``p99 41-50 ms``, ``99.97 %``."""
    found = objective.measured
    if objective.kind == "composite":
        return NOTHING if objective.burn_rate is None else f"burn rate {number(objective.burn_rate, [1.0])}"
    good = percent(objective.sli, [objective.target])
    if found is None:
        if objective.sli is not None:
            return good + _of_slices(objective)
        return NOTHING if objective.bounds[0] is None else interval(objective)
    if found.value is None and found.bounds == (None, None):
        return NOTHING
    shown = span(*found.bounds, found.unit, [found.threshold])
    if found.quantile is not None:
        return f"{percentile(found.quantile)} {shown}"
    return shown if objective.sli is None else f"{shown}; {good} of samples within"


def asked(objective: ObjectiveVerdict) -> str:
    """Show what was asked: ``p99 ≤ 1 s``, ``≥ 99.5 %``."""
    found, target = objective.measured, exact_percent(objective.target)
    if objective.kind == "composite":
        return "burn rate ≤ 1"
    if found is None:
        return f"≥ {target}{_of_slices(objective)}"
    limit = f"{SIGNS[found.op]} {quantity(found.threshold, found.unit)}"
    if found.quantile is not None:
        return f"{percentile(found.quantile)} {limit}"
    return limit if objective.sli is None else f"{limit} in {target} of samples"


def budget(objective: ObjectiveVerdict) -> str:
    """Show the share of the error budget spent; above 100 % it is overspent."""
    return percent(objective.budget_spent, places=0)


def interval(objective: ObjectiveVerdict) -> str:
    """Show the lowest and highest ratio of good events that the evidence allows."""
    return span(*objective.bounds, "ratio", [objective.target])


def events(objective: ObjectiveVerdict) -> str:
    """Show how many events were bad, of how many."""
    if objective.total is None:
        return DASH
    if objective.bad is None:
        return count(objective.total)
    return f"{count(objective.bad)} bad of {count(objective.total)}"


def percentile(quantile: float) -> str:
    """Name a percentile: ``p99.9``."""
    return f"p{_trimmed(100 * Decimal(str(quantile)))}"


def _of_slices(objective: ObjectiveVerdict) -> str:
    return " of slices" if objective.kind == "timeslices" else ""


# --- The verdict in one line --------------------------------------------------------------------


def headline(proof: Proof) -> str:
    """Say why the verdict is what it is, in one line, without the verdict itself."""
    return "; ".join(part for part in (_score(proof.verdict), traffic(proof)) if part)


def traffic(proof: Proof) -> str:
    """Say what was sent and what the service counted; empty when neither is known."""
    for check in proof.verdict.checks:
        figures = check.numbers
        if figures.keys() >= {"sent", "counted", "difference"}:
            return (
                f"{count(figures['sent'])} requests sent, {count(figures['counted'])} counted, "
                f"difference {count(figures['difference'])}"
            )
    return f"{count(proof.run.total.sent)} requests sent" if proof.run else ""


def _score(verdict: Verdict) -> str:
    every = verdict.objectives
    if not every:
        return "no objective was judged"
    missed = [o for o in every if o.outcome is Outcome.MISSED]
    undecided = [o for o in every if o.outcome is Outcome.UNDECIDED]
    if missed:
        doubt = f", {count(len(undecided))} undecided" if undecided else ""
        return f"{_of(missed, every)} missed ({_named(missed)}){doubt}"
    if undecided:
        return f"{_of(undecided, every)} undecided ({_reasons(undecided)})"
    return f"{_of(every, every)} met"


def _of(some: Iterable[ObjectiveVerdict], every: Iterable[ObjectiveVerdict]) -> str:
    total = len(list(every))
    return f"{count(len(list(some)))} of {count(total)} objective{'' if total == 1 else 's'}"


def _named(objectives: list[ObjectiveVerdict]) -> str:
    shown = [
        f"{shortened(one.slo, 60)}: {measured(one)}, asked {asked(one)}"
        for one in objectives[:_NAMES_IN_HEADLINE]
    ]
    left = len(objectives) - len(shown)
    return "; ".join(shown) + (f"; and {count(left)} more" if left else "")


def _reasons(objectives: list[ObjectiveVerdict]) -> str:
    counted = Counter(str(one.reason or "no reason").replace("_", " ") for one in objectives)
    return ", ".join(reason if len(counted) == 1 else f"{reason}: {n}" for reason, n in counted.items())
