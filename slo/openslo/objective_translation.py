"""Objectives: rules that relate them to budgeting method and indicator, and their translation."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from slo import model
from slo.openslo.kinds import Objective, SLISpec

FieldProblem = tuple[str, str]
"""A field of the objective (empty for the objective as a whole) and what is wrong with it."""


def find_objective_problems(
    objective: Objective, budgeting: str | None, sli: SLISpec | None, window_seconds: float | None
) -> Iterator[FieldProblem]:
    """Yield the contradictions between an objective, its SLO and its SLI; invalid parts are ``None``."""
    if budgeting is not None:
        yield from _find_slice_problems(objective, model.BudgetingMethod(budgeting), sli, window_seconds)
    if sli is None:
        return
    if sli.threshold_metric is None:
        yield from _find_ratio_problems(objective)
    else:
        yield from _find_threshold_problems(objective)
    if sli.quantile is None:
        yield from _require_target(objective)
    elif budgeting is not None:
        yield from _find_quantile_problems(objective, sli.quantile, model.BudgetingMethod(budgeting))


def format_objective_name(objective: Objective) -> str:
    """Return the display name, or else the threshold or target, e.g. ``lte 0.25`` or ``99.5%``, or empty."""
    if objective.display_name is not None:
        return objective.display_name
    if objective.value is not None:
        return f"{objective.op} {objective.value:g}"
    return "" if objective.target_ratio is None else f"{100 * objective.target_ratio:.10g}%"


def translate_objective(objective: Objective, budgeting: str, sli: SLISpec) -> model.Objective:
    """Return a valid objective as :mod:`slo.model` has it; a quantile is the default of the targets."""
    target = sli.quantile if objective.target_ratio is None else objective.target_ratio
    if target is None:
        raise ValueError("the objective has no target")
    slice_target = objective.time_slice_target
    if slice_target is None and budgeting == model.BudgetingMethod.TIMESLICES:
        slice_target = sli.quantile
    return model.Objective(
        name=format_objective_name(objective),
        target=target,
        op=None if objective.op is None else model.Op(objective.op),
        threshold=objective.value,
        time_slice_target=slice_target,
        time_slice_seconds=objective.time_slice_window,
    )


def _require_target(objective: Objective) -> Iterator[FieldProblem]:
    if objective.target_ratio is None:
        yield "target", "is required (or targetPercent)"


def _find_ratio_problems(objective: Objective) -> Iterator[FieldProblem]:
    if objective.op in ("lte", "lt"):
        yield (
            "op",
            f"{objective.op} contradicts a ratioMetric, whose target is a minimum ratio of good events",
        )
    if objective.value is not None:
        yield "value", "belongs to a thresholdMetric; a ratioMetric is only compared with its target"


def _find_threshold_problems(objective: Objective) -> Iterator[FieldProblem]:
    if objective.op is None:
        yield "op", "is required with a thresholdMetric: lte, lt, gte or gt"
    if objective.value is None:
        yield "value", "is required with a thresholdMetric: the number to compare measured values with"


def _find_slice_problems(
    objective: Objective, budgeting: model.BudgetingMethod, sli: SLISpec | None, window_seconds: float | None
) -> Iterator[FieldProblem]:
    length = objective.time_slice_window
    if budgeting is model.BudgetingMethod.OCCURRENCES:
        if length is not None:
            yield "timeSliceWindow", "belongs to budgetingMethod Timeslices or RatioTimeslices"
    elif length is None:
        yield "timeSliceWindow", f"is required with budgetingMethod {budgeting}, e.g. 1m or 10s"
    elif window_seconds is not None and length > window_seconds:
        yield "timeSliceWindow", f"{length:g} s is longer than the timeWindow of {window_seconds:g} s"
    if budgeting is not model.BudgetingMethod.TIMESLICES:
        if objective.time_slice_target is not None:
            yield "timeSliceTarget", "belongs to budgetingMethod Timeslices"
    elif objective.time_slice_target is None and sli is not None and sli.quantile is None:
        yield (
            "timeSliceTarget",
            "is required with Timeslices: the minimum ratio of good events in a good slice",
        )


def _find_quantile_problems(
    objective: Objective, quantile: float, budgeting: model.BudgetingMethod
) -> Iterator[FieldProblem]:
    """Compare target and quantile: p95 <= x means that 95 % of the events are <= x."""
    percent, value = f"{100 * quantile:.10g}", "VALUE" if objective.value is None else f"{objective.value:g}"
    meaning = f"p{percent} <= {value} means that {percent} % of the events are <= {value}"
    if objective.op in ("gte", "gt"):
        yield "op", f"{objective.op} contradicts a percentile, which is an upper bound: lte or lt ({meaning})"
    if budgeting is model.BudgetingMethod.TIMESLICES:
        yield from _require_target(objective)
        slice_target = objective.time_slice_target
        if slice_target is not None and not isclose(slice_target, quantile):
            message = f"{slice_target:g} contradicts quantile {quantile:g} ({meaning}); leave it out"
            yield "timeSliceTarget", message
    elif objective.target_ratio is not None and not isclose(objective.target_ratio, quantile):
        field = "target" if objective.target is not None else "targetPercent"
        yield (
            field,
            (
                f"{objective.target_ratio:g} contradicts quantile {quantile:g}: {meaning}, so the quantile "
                f"is the target; leave {field} out, or for p{percent} in "
                f"{100 * objective.target_ratio:.10g} % of time slices write budgetingMethod: Timeslices "
                "and a timeSliceWindow"
            ),
        )
