"""Rules between an OpenSLO objective, its SLO's budgeting method and its indicator; and its translation."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from slo import model
from slo.openslo.kinds import Objective, SLISpec

Fault = tuple[str, str]
"""A field of the objective (empty for the objective itself) and what is wrong with it."""


def faults(
    objective: Objective, budgeting: str | None, sli: SLISpec | None, window_seconds: float | None
) -> Iterator[Fault]:
    """What contradicts what; parts that are themselves at fault are ``None`` and contradict nothing."""
    if budgeting is not None:
        yield from _slice_faults(objective, model.Budgeting(budgeting), sli, window_seconds)
    if sli is None:
        return
    if sli.threshold_metric is None:
        yield from _ratio_faults(objective)
    else:
        yield from _threshold_faults(objective)
    if sli.quantile is None:
        yield from _missing_target(objective)
    elif budgeting is not None:
        yield from _quantile_faults(objective, sli.quantile, model.Budgeting(budgeting))


def label(objective: Objective) -> str:
    """The display name, or else what is asked, e.g. ``lte 0.25`` or ``99.5%``; empty when nothing is."""
    if objective.display_name is not None:
        return objective.display_name
    if objective.value is not None:
        return f"{objective.op} {objective.value:g}"
    return "" if objective.ratio is None else f"{100 * objective.ratio:.10g}%"


def translated(objective: Objective, budgeting: str, sli: SLISpec) -> model.Objective:
    """The objective in our words, of parts without faults; a percentile brings what is left out."""
    target = sli.quantile if objective.ratio is None else objective.ratio
    if target is None:
        raise ValueError("the objective has no target")
    slice_target = objective.time_slice_target
    if slice_target is None and budgeting == model.Budgeting.TIMESLICES:
        slice_target = sli.quantile
    return model.Objective(
        name=label(objective),
        target=target,
        op=None if objective.op is None else model.Op(objective.op),
        threshold=objective.value,
        time_slice_target=slice_target,
        time_slice_seconds=objective.time_slice_window,
    )


def _missing_target(objective: Objective) -> Iterator[Fault]:
    if objective.ratio is None:
        yield "target", "is required (or targetPercent)"


def _ratio_faults(objective: Objective) -> Iterator[Fault]:
    if objective.op in ("lte", "lt"):
        yield (
            "op",
            f"{objective.op} contradicts a ratioMetric, whose target is the least ratio of good events",
        )
    if objective.value is not None:
        yield "value", "belongs to a thresholdMetric; a ratioMetric is judged by its target alone"


def _threshold_faults(objective: Objective) -> Iterator[Fault]:
    if objective.op is None:
        yield "op", "is required with a thresholdMetric: lte, lt, gte or gt"
    if objective.value is None:
        yield "value", "is required with a thresholdMetric: the number that measured values are compared with"


def _slice_faults(
    objective: Objective, budgeting: model.Budgeting, sli: SLISpec | None, window_seconds: float | None
) -> Iterator[Fault]:
    length = objective.time_slice_window
    if budgeting is model.Budgeting.OCCURRENCES:
        if length is not None:
            yield "timeSliceWindow", "belongs to budgetingMethod Timeslices or RatioTimeslices"
    elif length is None:
        yield "timeSliceWindow", f"is required with budgetingMethod {budgeting}, e.g. 1m or 10s"
    elif window_seconds is not None and length > window_seconds:
        yield "timeSliceWindow", f"{length:g} s is longer than the timeWindow of {window_seconds:g} s"
    if budgeting is not model.Budgeting.TIMESLICES:
        if objective.time_slice_target is not None:
            yield "timeSliceTarget", "belongs to budgetingMethod Timeslices"
    elif objective.time_slice_target is None and sli is not None and sli.quantile is None:
        yield (
            "timeSliceTarget",
            "is required with Timeslices: the ratio of good events that makes a slice good",
        )


def _quantile_faults(objective: Objective, quantile: float, budgeting: model.Budgeting) -> Iterator[Fault]:
    """A percentile asks for a share of events: p95 <= x means that 95 % of the events are <= x."""
    percent, value = f"{100 * quantile:.10g}", "VALUE" if objective.value is None else f"{objective.value:g}"
    meaning = f"p{percent} <= {value} means that {percent} % of the events are <= {value}"
    if objective.op in ("gte", "gt"):
        yield "op", f"{objective.op} contradicts a percentile, which is an upper bound: lte or lt ({meaning})"
    if budgeting is model.Budgeting.TIMESLICES:
        yield from _missing_target(objective)
        slice_target = objective.time_slice_target
        if slice_target is not None and not isclose(slice_target, quantile):
            message = f"{slice_target:g} contradicts quantile {quantile:g} ({meaning}); leave it out"
            yield "timeSliceTarget", message
    elif objective.ratio is not None and not isclose(objective.ratio, quantile):
        field = "target" if objective.target is not None else "targetPercent"
        yield (
            field,
            (
                f"{objective.ratio:g} contradicts quantile {quantile:g}: {meaning}, so the quantile is the "
                f"target; leave {field} out, or for p{percent} in {100 * objective.ratio:.10g} % of time "
                "slices write budgetingMethod: Timeslices and a timeSliceWindow"
            ),
        )
