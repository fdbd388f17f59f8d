"""How sure each objective's verdict is, as people read it."""

from __future__ import annotations

from collections.abc import Iterable

from reports.text import formatting
from slo.model import Bounds, Intervals, ObjectiveVerdict

COLUMNS = (
    "Objective",
    "Buckets",
    "Chance",
    "Edges",
    "All of it",
    "Slices",
    "Like independent events",
    "Highest target it could show",
    "Further events to decide",
)


def level(objectives: Iterable[ObjectiveVerdict]) -> str:
    """Name the confidence level of the intervals: ``95 %``; a dash where there are none."""
    levels = {one.intervals.level for one in objectives if one.intervals}
    return formatting.exact_percent(levels.pop()) if len(levels) == 1 else formatting.DASH


def heading(objectives: Iterable[ObjectiveVerdict]) -> str:
    """Head a column of :func:`interval`: ``at 95 %``."""
    shown = level(objectives)
    return "interval" if shown == formatting.DASH else f"at {shown}"


def interval(one: ObjectiveVerdict) -> str:
    """Show between which values the truth lies: of a percentile, else of the ratio of good events."""
    found = one.measured
    if found and found.sampling and found.quantile is not None:
        low, high = found.sampling
        return formatting.span(low or 0, high, found.unit, [found.threshold])
    return _span(one.intervals.combined, one) if one.intervals else formatting.DASH


def rows(objectives: Iterable[ObjectiveVerdict]) -> list[tuple[str, ...]]:
    """List what makes each objective uncertain, a row each under :data:`COLUMNS`."""
    return [_row(one, one.intervals) for one in objectives if one.intervals]


def _row(one: ObjectiveVerdict, found: Intervals) -> tuple[str, ...]:
    return (
        formatting.title(one),
        _span(found.bucket, one),
        _span(found.sampling, one),
        _span(found.edges, one) if found.edges else "none",
        _span(found.combined, one),
        formatting.count(found.slices),
        formatting.count(found.independent_events),
        formatting.percent(found.target_shown, places=3),
        formatting.count(found.further_events),
    )


def _span(bounds: Bounds, one: ObjectiveVerdict) -> str:
    return formatting.span(*bounds, "ratio", [one.target])
