"""Confidence intervals of objectives, as text."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from reports.text import formatting
from reports.text.objective_text import format_objective_name
from slo.model import Interval, Intervals, ObjectiveVerdict, Window

COLUMNS = (
    "Objective",
    "Buckets",
    "Sampling",
    "Window edges",
    "Combined",
    "Slices",
    "Equivalent independent events",
    "Highest target this sample can show",
    "Further events to decide",
)


def format_confidence_level(objectives: Iterable[ObjectiveVerdict]) -> str:
    """Format the confidence level of the intervals: ``95 %``; a dash if there are none or several."""
    levels = {objective.intervals.level for objective in objectives if objective.intervals}
    return formatting.format_exact_percent(levels.pop()) if len(levels) == 1 else formatting.DASH


def format_interval_heading(objectives: Iterable[ObjectiveVerdict]) -> str:
    """Return the heading of a column of :func:`format_confidence_interval`: ``95 % interval``."""
    level = format_confidence_level(objectives)
    return "interval" if level == formatting.DASH else f"{level} interval"


def format_unseen_trouble(objectives: Iterable[ObjectiveVerdict], window: Window) -> str:
    """State which trouble the window can have missed, and so the intervals do not cover; empty without any.

    Trouble that begins at random, on average once in G seconds, is absent from W seconds with the probability
    exp(-W / G). This is 1 - level if G is W / -ln(1 - level).
    """
    level = max((item.intervals.level for item in objectives if item.intervals), default=None)
    if level is None or not window.seconds:
        return ""
    gap = formatting.format_seconds(window.seconds / -log(1 - level))
    seconds, chance = formatting.format_seconds(window.seconds), formatting.format_percent(1 - level)
    return (
        f"Trouble that comes on average once in {gap}, or less often, is absent from a window of {seconds} "
        f"with a probability of {chance} or more: the intervals do not cover it."
    )


def format_confidence_interval(objective: ObjectiveVerdict) -> str:
    """Format the confidence interval of the percentile, or else of the ratio of good events."""
    measured = objective.measured
    if measured and measured.sampling and measured.quantile is not None:
        low, high = measured.sampling
        return formatting.format_interval(low or 0, high, measured.unit, [measured.threshold])
    if objective.intervals is None:
        return formatting.DASH
    return _format_ratio_interval(objective.intervals.combined, objective)


def build_interval_rows(objectives: Iterable[ObjectiveVerdict]) -> list[tuple[str, ...]]:
    """Return one row of cells for each objective with intervals, in the order of :data:`COLUMNS`."""
    return [_build_row(objective, objective.intervals) for objective in objectives if objective.intervals]


def _build_row(objective: ObjectiveVerdict, intervals: Intervals) -> tuple[str, ...]:
    return (
        format_objective_name(objective),
        _format_ratio_interval(intervals.bucket, objective),
        _format_ratio_interval(intervals.sampling, objective),
        _format_ratio_interval(intervals.edges, objective) if intervals.edges else "none",
        _format_ratio_interval(intervals.combined, objective),
        formatting.format_count(intervals.slices),
        formatting.format_count(intervals.independent_events),
        formatting.format_percent(intervals.target_shown, decimals=3),
        formatting.format_count(intervals.further_events),
    )


def _format_ratio_interval(interval: Interval, objective: ObjectiveVerdict) -> str:
    return formatting.format_interval(*interval, "ratio", [objective.target])
