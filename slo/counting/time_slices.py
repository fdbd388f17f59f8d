"""The time slices of a window, and what was counted in each. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf

from slo.counting.event_counts import Tally, tally
from slo.counting.evidence_reader import Counted
from slo.model import SLO, EventsSLI, Objective, ObjectiveVerdict, Reason, Window
from slo.model.evidence import instance_of
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Shape

UNSEEN = Tally((0, 1), 1)
"""A slice of which nothing is known: the next scrape came after its end, and told its events."""
_LATE = 1.25
"""Slices between two scrapes from which on the second tells of more than its own."""

Slices = list[tuple[Window, Tally]]


def time_slices(slo: SLO, objective: Objective, counted: Counted) -> Slices:
    """Count each slice that holds events.

    A run is seldom a multiple of the slice long: the last slice takes the rest, shorter or longer by up to
    a half, and reaches to the scrape that closes the window. So no event is left out.

    Where scrapes are further apart than slices, what one tells belongs to any of the slices before it. Bad
    events among them leave all these slices open but one: that is as good as all of them together, for a
    whole is never better than its best part, nor worse than its worst.
    """
    length = objective.time_slice_seconds
    if not length:
        raise TypeError(f"objective {objective.name!r} has no time slice")
    number = round(counted.window.seconds / length)
    cuts = [counted.window.start + n * length for n in range(number)]
    found = [
        (window, tally(slo, objective, counted, window))
        for window in (Window(*ends) for ends in pairwise([*cuts, inf]))
    ]
    for first, last in _merged(_late(slo, counted, cuts, length)):
        whole = Window(found[first][0].start, found[last][0].end)
        events = tally(slo, objective, counted, whole)
        if events.good[0] < events.total:
            found[first:last] = [(window, UNSEEN) for window, _ in found[first:last]]
            found[last] = found[last][0], events
    return [(window, events) for window, events in found if events.total]


def why_open(verdict: ObjectiveVerdict, slices: Sequence[Tally]) -> ObjectiveVerdict:
    """Say of a verdict that is open what left it so, where slices lie between scrapes."""
    number = sum(one is UNSEEN for one in slices)
    if not number or verdict.reason is not Reason.THRESHOLD_INSIDE_BUCKET:
        return verdict
    detail = (
        f"scrapes are further apart than slices: of {number} of {len(slices)} slices it isn't known which of "
        "the bad events that the next scrape told were theirs"
    )
    return replace(verdict, reason=Reason.SCRAPE_GAP, detail=detail)


def _late(slo: SLO, counted: Counted, cuts: Sequence[float], length: float) -> Iterator[tuple[int, int]]:
    """Give the (first, last) slices whose events one scrape of a target told all at once, two or more."""
    for scrapes in _scrapes(slo, counted):
        first = max(bisect_right(scrapes, counted.window.start) - 1, 0)
        beyond = bisect_left(scrapes, counted.window.end) + 1
        for before, after in pairwise(scrapes[first:beyond]):
            seen, told = bisect_left(cuts, before), bisect_left(cuts, after) - 1
            if after - before > _LATE * length and told > seen:
                yield seen, told


def _scrapes(slo: SLO, counted: Counted) -> Iterator[Sequence[float]]:
    """Give the scrapes of each target that counts events; samples of gauges tell of their moment alone."""
    parts = [expression(metric) for metric in metrics(slo).values()]
    if not (slo.sli.counter if isinstance(slo.sli, EventsSLI) else parts[0].shape is Shape.QUANTILE):
        return
    series = (one for part in parts if part.selector for one in counted.result(str(part.selector)).series)
    for instance in sorted(set(map(instance_of, series))):
        yield counted.scrapes.get(instance, ())


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put together spans that have slices in common."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            first, last = merged[-1][0], max(merged.pop()[1], last)  # noqa: PLW2901 - grown, not replaced
        merged.append((first, last))
    return merged
