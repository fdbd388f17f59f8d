"""Slices of one scrape each, and the events at the window edges."""

from __future__ import annotations

from math import inf

import pytest

from slo.counting.event_counts import EventCounts
from slo.counting.scrape_slices import count_with_edges, cut_window
from slo.model import Interval, Window

CUTS: dict[str, tuple[float, float | None, int, float]] = {
    "sixty seconds with a scrape every ten": (60.0, 10.0, 6, 10.0),
    "a window that is not a multiple of the interval": (64.0, 10.0, 6, 64 / 6),
    "a window shorter than half an interval is one slice": (4.0, 10.0, 1, 4.0),
    "a window a little longer than one interval is one slice": (14.0, 10.0, 1, 14.0),
    "a long window has 300 longer slices": (3600.0, 1.0, 300, 12.0),
    "an unknown interval": (60.0, None, 30, 2.0),
    "an unknown interval and a window without length": (0.0, None, 1, 0.0),
    "an interval close to 0": (3600.0, 1e-306, 300, 12.0),
}


@pytest.mark.parametrize("case", CUTS)
def test_slices_cover_the_window_and_its_closing_scrapes(case: str) -> None:
    seconds, interval, number, length = CUTS[case]
    *parts, closing = cut_window(Window(100, 100 + seconds), interval)
    assert (closing.start, closing.end) == (100 + seconds, inf)
    assert (len(parts), parts[0].start, parts[-1].end) == (number, 100, 100 + seconds)
    assert [part.seconds for part in parts] == pytest.approx([length] * number)


Counts = list[tuple[float, float]]
"""Good and total events of each slice."""
EDGES: dict[str, tuple[Counts, Counts, tuple[float, float], tuple[float, float]]] = {
    "no traffic at the edges": ([(8, 10)], [(0, 0), (0, 0)], (8, 10), (8, 10)),
    "worst: good events lie outside; best: bad events lie outside": (
        [(80, 100)],
        [(5, 10), (0, 0)],
        (75, 95),
        (80, 95),
    ),
    "all events may lie outside": ([(4, 4)], [(4, 4), (0, 0)], (0, 0), (4, 4)),
}


@pytest.mark.parametrize("case", EDGES)
def test_count_with_edges_at_worst_and_best(case: str) -> None:
    inside, edges, worst, best = EDGES[case]
    assert count_with_edges(_event_counts(inside), _event_counts(edges), 0) == worst
    assert count_with_edges(_event_counts(inside), _event_counts(edges), 1) == best


def _event_counts(counts: Counts) -> list[EventCounts]:
    return [EventCounts(Interval(good, good), total) for good, total in counts]
