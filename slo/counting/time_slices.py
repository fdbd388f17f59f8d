"""The time slices of a window and the events in each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf

from slo.counting.event_counts import EventCounts, count_events
from slo.counting.evidence_reader import EvidenceReader
from slo.model import SLO, Interval, Objective, ObjectiveVerdict, Reason, Window, scrape_target_of
from slo.promql import is_cumulative, list_selectors, parse_indicator

UNKNOWN_SLICE = EventCounts(Interval(0, 1), 1)
"""A slice of which nothing is known: the next scrape came after its end and contains its events."""
_LATE_SCRAPE_SLICES = 1.25
"""Slices between two scrapes from which on the second one contains events of several slices."""

TimeSlices = list[tuple[Window, EventCounts]]


def count_time_slices(slo: SLO, objective: Objective, reader: EvidenceReader) -> TimeSlices:
    """Return the slices that have events, with their events.

    A window is seldom a multiple of the slice: the last slice takes the rest, is shorter or longer by up to a
    half, and extends to the scrape that closes the window. So every event is counted.

    Where scrapes are further apart than slices, the events of one scrape belong to any of the slices before
    it. If some of them are bad, all these slices but one are unknown. The remaining one gets all the events:
    the ratio of the whole is never better than its best part, nor worse than its worst.
    """
    slice_seconds = objective.time_slice_seconds
    if not slice_seconds:
        raise TypeError(f"objective {objective.name!r} has no time slice")
    number = round(reader.window.seconds / slice_seconds)
    starts = [reader.window.start + index * slice_seconds for index in range(number)]
    slices = [
        (window, count_events(slo, objective, reader, window))
        for window in (Window(*edges) for edges in pairwise([*starts, inf]))
    ]
    for first, last in _merge_spans(_find_late_spans(slo, reader, starts, slice_seconds)):
        span = Window(slices[first][0].start, slices[last][0].end)
        events = count_events(slo, objective, reader, span)
        if events.good.low < events.total:
            slices[first:last] = [(window, UNKNOWN_SLICE) for window, _ in slices[first:last]]
            slices[last] = slices[last][0], events
    return [(window, events) for window, events in slices if events.total]


def explain_scrape_gap(verdict: ObjectiveVerdict, slices: Sequence[EventCounts]) -> ObjectiveVerdict:
    """Return the verdict with its reason, if it is undecided because slices lie between scrapes."""
    number = sum(events is UNKNOWN_SLICE for events in slices)
    if not number or verdict.reason is not Reason.THRESHOLD_INSIDE_BUCKET:
        return verdict
    detail = (
        f"scrapes are further apart than slices: for {number} of {len(slices)} slices it is unknown which of "
        "the bad events in the next scrape are theirs"
    )
    return replace(verdict, reason=Reason.SCRAPE_GAP, detail=detail)


def _find_late_spans(
    slo: SLO, reader: EvidenceReader, slice_starts: Sequence[float], slice_seconds: float
) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of two or more slices whose events come in one scrape of a target."""
    for times in _find_scrape_times(slo, reader):
        base = max(bisect_right(times, reader.window.start) - 1, 0)
        closing = bisect_left(times, reader.window.end)
        for before, after in pairwise(times[base : closing + 1]):
            first, last = bisect_left(slice_starts, before), bisect_left(slice_starts, after) - 1
            if after - before > _LATE_SCRAPE_SLICES * slice_seconds and last > first:
                yield first, last


def _find_scrape_times(slo: SLO, reader: EvidenceReader) -> Iterator[Sequence[float]]:
    """Yield the scrape times of each target with counters; none for gauges, which show one time only."""
    indicator = parse_indicator(slo.sli)
    if not is_cumulative(indicator):
        return
    selectors = list_selectors(indicator)
    matched_series = (series for selector in selectors for series in reader.read_result(selector.key).series)
    for target in sorted(set(map(scrape_target_of, matched_series))):
        yield reader.scrape_times.get(target, ())


def _merge_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge spans that have slices in common."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged
