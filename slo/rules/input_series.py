"""Made-up input of an objective's rules: series in which a given ratio of events is bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slo.model import EventsSLI, Op, RawRatioSLI
from slo.model.burn_rate_windows import decimal
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Selector, Shape
from slo.rules.alert_arithmetic import SAMPLES
from slo.rules.event_queries import buckets, is_counted, selector_of
from slo.rules.example_series import example, example_beside, matches
from slo.rules.good_plus_bad import other_half
from slo.rules.rule_objectives import Target

EVENTS = 1_000_000_000
"""Events of each sample: error ratios are whole billionths, so that 1 % of a small limit shows."""
Series = dict[str, str]


@dataclass(frozen=True, slots=True)
class Phase:
    """So many minutes in which a ratio of events is bad; ``events`` 0: no traffic."""

    minutes: int
    error_ratio: Fraction
    events: int = EVENTS


def series(target: Target, phases: Sequence[Phase]) -> list[Series] | None:
    """Write the series that an objective's rules count; ``None`` when its PromQL asks for more."""
    parts = {name: expression(metric) for name, metric in metrics(target.slo).items()}
    if isinstance(target.slo.sli, EventsSLI):
        name = "good" if "good" in parts else "bad"
        rest = other_half(target.slo) or selector_of(parts["total"])
        return _events(target, selector_of(parts[name]), rest, phases, good=name == "good")
    item = parts.get("metric") or parts["raw"]
    if item.shape is Shape.QUANTILE:
        good, total = buckets(item, target.objective)
        return _events(target, good, total, phases, good=True)
    if item.shape is not Shape.SELECTOR:
        return None
    labels = example(selector_of(item))
    if labels is None:
        return None
    return [_written(selector_of(item).metric, labels, [(p.minutes, _value(target, p)) for p in phases])]


def is_graded(target: Target) -> bool:
    """Tell whether any ratio of errors can be shown at once; a single gauge is good or bad."""
    sliced = target.objective.time_slice_target is not None
    return not sliced and (is_counted(target.slo) or isinstance(target.slo.sli, RawRatioSLI))


def _value(target: Target, phase: Phase) -> Fraction:
    if isinstance(target.slo.sli, RawRatioSLI):
        return 1 - phase.error_ratio if target.slo.sli.success else phase.error_ratio
    limit = Fraction(repr(target.objective.threshold or 0.0))
    beyond = 1 if target.objective.op in {Op.LTE, Op.LT} else -1
    strict = target.objective.op in {Op.LT, Op.GT}
    if phase.error_ratio:
        return limit if strict else limit + beyond
    return limit - beyond if strict else limit


def _events(
    target: Target, part: Selector, total: Selector, phases: Sequence[Phase], *, good: bool
) -> list[Series] | None:
    """Write a series of good or bad events, and one of all events or of the rest of them."""
    inside, whole = example(part), example_beside(total, part)
    if inside is None or whole is None:
        return None
    if part.metric == total.metric:
        inside = {**(example(total) or {}), **inside}
    if not matches(part, part.metric, inside):
        return None
    counted = matches(total, part.metric, inside) or other_half(target.slo) is not None
    matched = [(p.minutes, p.events * (1 - p.error_ratio if good else p.error_ratio)) for p in phases]
    rest = [(p.minutes, p.events - (m if counted else 0)) for p, (_, m) in zip(phases, matched, strict=True)]
    summed = isinstance(target.slo.sli, EventsSLI) and not target.slo.sli.counter
    write = _written if summed else _grown
    return [write(part.metric, inside, matched), write(total.metric, whole, rest)]


def _name(metric: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _written(metric: str, labels: Mapping[str, str], phases: Sequence[tuple[int, Fraction | int]]) -> Series:
    """Write values; the sample at minute 0 comes on top of the first phase."""
    parts, first = [], 1
    for minutes, value in phases:
        parts.append(f"{decimal(Fraction(value))}x{minutes * SAMPLES - 1 + first}")
        first = 0
    return {"series": _name(metric, labels), "values": " ".join(parts)}


def _grown(metric: str, labels: Mapping[str, str], phases: Sequence[tuple[int, Fraction | int]]) -> Series:
    """Write a counter that grows by so much a sample."""
    parts, value = ["0"], Fraction(0)
    for minutes, step in phases:
        parts.append(f"{decimal(value + step)}+{decimal(Fraction(step))}x{minutes * SAMPLES - 1}")
        value += step * minutes * SAMPLES
    return {"series": _name(metric, labels), "values": " ".join(parts)}
