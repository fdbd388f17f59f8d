"""Input series for the unit tests of an objective's rules, with a chosen ratio of bad events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from slo.model import EventsSLI, Op, RawRatioSLI, format_decimal, format_series_name, is_metric_name
from slo.promql import PercentileIndicator, Selector, Shape, parse_indicator
from slo.rules.alert_arithmetic import SAMPLES_PER_MINUTE
from slo.rules.event_queries import (
    find_complement_selector,
    has_counted_events,
    require_selector,
    select_buckets,
)
from slo.rules.example_series import build_example_labels, build_labels_outside, is_matching
from slo.rules.rule_objectives import RuleObjective

EVENTS_PER_SAMPLE = 1_000_000_000
"""Error ratios are whole billionths, so that 1 % above a small limit is a whole number of events."""
InputSeries = dict[str, str]


@dataclass(frozen=True, slots=True)
class Phase:
    """A number of minutes with a constant ratio of bad events; ``events`` 0 is no traffic."""

    minutes: int
    error_ratio: Fraction
    events: int = EVENTS_PER_SAMPLE


def build_input_series(rule_objective: RuleObjective, phases: Sequence[Phase]) -> list[InputSeries] | None:
    """Build the series that an objective's rules count; ``None`` when its PromQL is not simple enough."""
    slo = rule_objective.slo
    indicator = parse_indicator(slo.sli)
    expressions = indicator.expressions
    if isinstance(slo.sli, EventsSLI):
        part_name = "good" if "good" in expressions else "bad"
        part = require_selector(expressions[part_name])
        total = find_complement_selector(slo) or require_selector(expressions["total"])
        return _build_event_series(rule_objective, part, total, phases, good=part_name == "good")
    if isinstance(indicator, PercentileIndicator):
        good, total = select_buckets(indicator.buckets, rule_objective.objective)
        return _build_event_series(rule_objective, good, total, phases, good=True)
    expression = expressions.get("metric") or expressions["raw"]
    if expression.shape is not Shape.SELECTOR:
        return None
    selector = require_selector(expression)
    labels = build_example_labels(selector)
    if labels is None:
        return None
    values = [(phase.minutes, _choose_gauge_value(rule_objective, phase)) for phase in phases]
    return [_format_constant_series(selector.metric, labels, values)]


def can_set_error_ratio(rule_objective: RuleObjective) -> bool:
    """Whether one instant can have any error ratio; the value of a single gauge is either good or bad."""
    slo = rule_objective.slo
    is_sliced = rule_objective.objective.time_slice_target is not None
    return not is_sliced and (has_counted_events(slo) or isinstance(slo.sli, RawRatioSLI))


def _choose_gauge_value(rule_objective: RuleObjective, phase: Phase) -> Fraction:
    """Return a value on the good or the bad side of the threshold, as close to it as possible."""
    sli, objective = rule_objective.slo.sli, rule_objective.objective
    if isinstance(sli, RawRatioSLI):
        return 1 - phase.error_ratio if sli.success else phase.error_ratio
    limit = Fraction(repr(objective.threshold or 0.0))
    step = 1 if objective.op in {Op.LTE, Op.LT} else -1
    is_strict = objective.op in {Op.LT, Op.GT}
    if phase.error_ratio:
        return limit if is_strict else limit + step
    return limit - step if is_strict else limit


def _build_event_series(
    rule_objective: RuleObjective, part: Selector, total: Selector, phases: Sequence[Phase], *, good: bool
) -> list[InputSeries] | None:
    """Build a series of good (or bad) events, and one of all events or of the remaining ones."""
    sli = rule_objective.slo.sli
    part_labels, total_labels = build_example_labels(part), build_labels_outside(total, part)
    if part_labels is None or total_labels is None:
        return None
    if part.metric == total.metric:
        part_labels = {**(build_example_labels(total) or {}), **part_labels}
    if not is_matching(part, part.metric, part_labels):
        return None
    is_part_in_total = (
        is_matching(total, part.metric, part_labels)
        or find_complement_selector(rule_objective.slo) is not None
    )
    part_events = [
        (phase.minutes, phase.events * (1 - phase.error_ratio if good else phase.error_ratio))
        for phase in phases
    ]
    total_events = [
        (phase.minutes, phase.events - (events if is_part_in_total else 0))
        for phase, (_, events) in zip(phases, part_events, strict=True)
    ]
    is_gauge = isinstance(sli, EventsSLI) and not sli.counter
    format_series = _format_constant_series if is_gauge else _format_counter_series
    return [
        format_series(part.metric, part_labels, part_events),
        format_series(total.metric, total_labels, total_events),
    ]


def _format_series_name(metric: str, labels: Mapping[str, str]) -> str:
    if labels:
        return format_series_name(metric, dict(sorted(labels.items())))
    return f"{metric}{{}}" if is_metric_name(metric) else format_series_name(metric, labels)


def _format_constant_series(
    metric: str, labels: Mapping[str, str], phases: Sequence[tuple[int, Fraction | int]]
) -> InputSeries:
    """Format a series with one value a phase; the first phase has one more sample, at minute 0."""
    parts, extra_samples = [], 1
    for minutes, value in phases:
        repetitions = minutes * SAMPLES_PER_MINUTE - 1 + extra_samples
        parts.append(f"{format_decimal(Fraction(value))}x{repetitions}")
        extra_samples = 0
    return {"series": _format_series_name(metric, labels), "values": " ".join(parts)}


def _format_counter_series(
    metric: str, labels: Mapping[str, str], phases: Sequence[tuple[int, Fraction | int]]
) -> InputSeries:
    """Format a counter that starts at 0 and increases by a phase's number of events at each sample."""
    parts, value = ["0"], Fraction(0)
    for minutes, step in phases:
        samples = minutes * SAMPLES_PER_MINUTE
        parts.append(f"{format_decimal(value + step)}+{format_decimal(Fraction(step))}x{samples - 1}")
        value += step * samples
    return {"series": _format_series_name(metric, labels), "values": " ".join(parts)}
