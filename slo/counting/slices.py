"""An objective's events slice by slice, and at the window's edges: what its uncertainty is learnt from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from slo.counting.event_counts import Tally, bucket_events, bucket_selector, tally
from slo.counting.evidence_reader import Counted
from slo.counting.histograms import Buckets
from slo.model import SLO, EventsSLI, Objective, Window
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Shape

MOST_SLICES = 300
"""Longer windows are cut into longer slices: as many tell a variance well enough."""
_INTERVALS_UNKNOWN = 30
"""Slices of a window whose scrape interval nobody knows."""


@dataclass(frozen=True, slots=True)
class Sliced:
    """Events of consecutive slices that cover the window.

    ``edges``: the events of the scrapes that reach across the window's start and end, of which nobody knows
    on which side they fell; ``None`` for samples that lie inside. ``buckets``: each slice's histogram, where
    the indicator is one.
    """

    slices: tuple[Tally, ...]
    edges: tuple[Tally, Tally] | None = None
    buckets: tuple[Buckets, ...] = ()


def sliced(slo: SLO, objective: Objective, counted: Counted, *, bracketed: bool) -> Sliced:
    """Cut the window into slices of a scrape each.

    ``bracketed``: there was no traffic between the window's ends and the scrapes around them.

    Raises:
        UndecidedError: the evidence holds no usable answer.
    """
    parts = cuts(counted)
    if expression(next(iter(metrics(slo).values()))).shape is Shape.QUANTILE:
        buckets = tuple(counted.buckets(bucket_selector(slo), part) for part in parts)
        tallies = tuple(bucket_events(one, objective) for one in buckets)
    else:
        buckets, tallies = (), tuple(tally(slo, objective, counted, part) for part in parts)
    if not (buckets or isinstance(slo.sli, EventsSLI)):  # samples of one moment tell the same
        return Sliced(as_one_each(tallies))
    if bracketed or (isinstance(slo.sli, EventsSLI) and not slo.sli.counter):
        return Sliced(tallies, None, buckets)
    first, last = (tally(slo, objective, counted, part) for part in edge_parts(counted))
    return Sliced(tallies, (first, last), buckets)


def cuts(counted: Counted) -> list[Window]:
    """Cut the window at every scrape interval; the last part is of the scrapes that close the window."""
    window, interval = counted.window, _interval(counted)
    number = max(round(min(window.seconds / interval, MOST_SLICES)), 1)
    length = window.seconds / number
    inner = [window.start + place * length for place in range(1, number)]
    return [Window(*ends) for ends in pairwise([window.start, *inner, window.end, inf])]


def _interval(counted: Counted) -> float:
    known = counted.evidence.scrape_interval_seconds
    return known or counted.window.seconds / _INTERVALS_UNKNOWN or 1.0  # a run of one moment has no length


def edge_parts(counted: Counted) -> tuple[Window, Window]:
    """Give the parts of the scrapes that reach across the window's start and end."""
    window = counted.window
    first = min(window.start + _interval(counted), window.end)
    return Window(window.start, first), Window(window.end, inf)


def as_one_each(slices: Sequence[Tally]) -> tuple[Tally, ...]:
    """Count each slice that holds events as one observation: of its share of good ones."""
    return tuple(Tally((one.good[0] / one.total, one.good[1] / one.total), 1) for one in slices if one.total)


def counts(slices: Sequence[Tally], end: int) -> tuple[list[float], list[float]]:
    """List good and total events of the slices that hold any; as few good ones as can be, or (1) as many."""
    held = [one for one in slices if one.total]
    return [one.good[end] for one in held], [one.total for one in held]


def at_edges(slices: Sequence[Tally], edges: Iterable[Tally], end: int) -> tuple[float, float]:
    """Count good and total events with the edges' events put where they are worst, or best.

    Worst (``end`` 0): of what reaches across an edge, all that is bad lies inside and nothing good; best (1):
    the other way round.
    """
    good, total = (sum(one) for one in counts(slices, end))
    outside = sum(edge.good[0] if end == 0 else edge.total - edge.good[1] for edge in edges)
    inside = max(total - outside, 0)
    return min(max(good - outside, 0) if end == 0 else good, inside), inside
