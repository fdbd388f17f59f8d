"""An objective's events by slices of one scrape each and at the window edges, as input of its confidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from slo.counting.event_counts import EventCounts, count_bucket_events, count_events
from slo.counting.evidence_reader import EvidenceReader
from slo.counting.histograms import BucketCounts
from slo.model import SLO, Interval, Objective, Window
from slo.promql import (
    EventsIndicator,
    GaugeIndicator,
    PercentileIndicator,
    list_selectors,
    parse_indicator,
)

MAX_SLICES = 300
"""Longer windows are cut into longer slices: this number suffices for a variance."""
_DEFAULT_SLICES = 30
"""Slices of a window whose scrape interval is unknown."""


@dataclass(frozen=True, slots=True)
class SlicedEvents:
    """Events of consecutive slices that cover the window.

    ``edges``: the events of the scrapes that reach across the window's start and end, which may lie on either
    side of the edge; ``None`` if all samples lie inside. ``buckets``: the histogram of each slice, if the
    indicator is a percentile.
    """

    slices: tuple[EventCounts, ...]
    edges: tuple[EventCounts, EventCounts] | None = None
    buckets: tuple[BucketCounts, ...] = ()


def slice_events(
    slo: SLO, objective: Objective, reader: EvidenceReader, *, has_quiet_edges: bool
) -> SlicedEvents:
    """Count an objective's events in slices of one scrape each.

    ``has_quiet_edges``: there was no traffic between the window's edges and the scrapes around them.

    Raises:
        UndecidedError: the evidence has no usable result.
    """
    interval = reader.find_longest_interval(list_selectors(parse_indicator(slo.sli)))
    windows = cut_window(reader.window, interval)
    buckets: tuple[BucketCounts, ...] = ()
    indicator = parse_indicator(slo.sli)
    if isinstance(indicator, PercentileIndicator):
        buckets = tuple(reader.count_buckets(indicator.buckets, window) for window in windows)
        slices = tuple(count_bucket_events(histogram, objective) for histogram in buckets)
    else:
        slices = tuple(count_events(slo, objective, reader, window) for window in windows)
    if isinstance(
        indicator, GaugeIndicator
    ):  # samples of one time are not independent: together they are one observation
        return SlicedEvents(weigh_slices_equally(slices))
    if has_quiet_edges or (isinstance(indicator, EventsIndicator) and not indicator.is_counter):
        return SlicedEvents(slices, None, buckets)
    edge_windows = find_edge_windows(reader.window, interval)
    first, last = (count_events(slo, objective, reader, window) for window in edge_windows)
    return SlicedEvents(slices, (first, last), buckets)


def cut_window(window: Window, scrape_interval_seconds: float | None) -> list[Window]:
    """Cut a window at every scrape interval; the last part contains the scrapes that close it."""
    interval = scrape_interval_seconds or _assume_interval(window)
    number = max(round(min(window.seconds / interval, MAX_SLICES)), 1)
    length = window.seconds / number
    cuts = [window.start + index * length for index in range(1, number)]
    return [Window(*edges) for edges in pairwise([window.start, *cuts, window.end, inf])]


def _assume_interval(window: Window) -> float:
    """Return a scrape interval for a window whose own is unknown; 1 s for a window without length."""
    return window.seconds / _DEFAULT_SLICES or 1.0


def find_edge_windows(window: Window, scrape_interval_seconds: float | None) -> tuple[Window, Window]:
    """Return the windows of the scrapes that reach across the window's start and end."""
    interval = scrape_interval_seconds or _assume_interval(window)
    return Window(window.start, min(window.start + interval, window.end)), Window(window.end, inf)


def weigh_slices_equally(slices: Sequence[EventCounts]) -> tuple[EventCounts, ...]:
    """Return each slice that has events as one event, good by the slice's ratio of good events."""
    return tuple(
        EventCounts(Interval(events.good.low / events.total, events.good.high / events.total), 1)
        for events in slices
        if events.total
    )


def list_slice_counts(slices: Sequence[EventCounts], bound_index: int) -> tuple[list[float], list[float]]:
    """Return the good and the total events of the slices that have any.

    ``bound_index``: 0 for as few good events as possible, 1 for as many.
    """
    with_events = [events for events in slices if events.total]
    return [events.good[bound_index] for events in with_events], [events.total for events in with_events]


def count_with_edges(
    slices: Sequence[EventCounts], edges: Iterable[EventCounts], bound_index: int
) -> tuple[float, float]:
    """Count good and total events with the events at the edges where they are worst (0) or best (1).

    Worst: of the events that reach across an edge, all bad ones and no good ones lie inside the window.
    Best: all good ones and no bad ones do.
    """
    good, total = (sum(counts) for counts in list_slice_counts(slices, bound_index))
    outside = sum(edge.good.low if bound_index == 0 else edge.total - edge.good.high for edge in edges)
    inside = max(total - outside, 0)
    return min(max(good - outside, 0) if bound_index == 0 else good, inside), inside
