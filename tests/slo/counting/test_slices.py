"""How a window is cut into the slices that its uncertainty is learnt from."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from slo.counting.event_counts import Tally
from slo.counting.evidence_reader import Counted
from slo.counting.slices import at_edges, cuts
from slo.model import Window
from tests.support.evidence import OK, availability, evidence, spec_of

CUTS: dict[str, tuple[float, float | None, int, float]] = {
    "a scrape every ten seconds of sixty": (60.0, 10.0, 6, 10.0),
    "a window that is no whole number of intervals": (64.0, 10.0, 6, 64 / 6),
    "a window shorter than half an interval is one slice": (4.0, 10.0, 1, 4.0),
    "a window of one interval and a little": (14.0, 10.0, 1, 14.0),
    "a long window has three hundred, each longer": (3600.0, 1.0, 300, 12.0),
    "nobody knows the interval": (60.0, None, 30, 2.0),
    "nobody knows the interval, and the run was of one moment": (0.0, None, 1, 0.0),
    "an interval of next to nothing": (3600.0, 1e-306, 300, 12.0),
}


@pytest.mark.parametrize("case", CUTS)
def test_slices_cover_the_window_and_what_closes_it(case: str) -> None:
    seconds, interval, number, length = CUTS[case]
    seen = evidence(spec_of(availability()), {OK: "0+10x7"}, window=Window(100, 100 + seconds))
    *parts, closing = cuts(Counted(replace(seen, scrape_interval_seconds=interval)))
    assert (closing.start, closing.end) == (100 + seconds, inf)
    assert (len(parts), parts[0].start, parts[-1].end) == (number, 100, 100 + seconds)
    assert [part.seconds for part in parts] == pytest.approx([length] * number)


Counts = list[tuple[float, float]]
"""Good and total events of each slice."""
EDGES: dict[str, tuple[Counts, Counts, tuple[float, float], tuple[float, float]]] = {
    "no traffic at the edges": ([(8, 10)], [(0, 0), (0, 0)], (8, 10), (8, 10)),
    "the worst leaves good events outside, the best leaves bad ones": (
        [(80, 100)],
        [(5, 10), (0, 0)],
        (75, 95),
        (80, 95),
    ),
    "all of it may lie outside": ([(4, 4)], [(4, 4), (0, 0)], (0, 0), (4, 4)),
}


@pytest.mark.parametrize("case", EDGES)
def test_events_at_the_edges_are_put_where_they_are_worst_and_best(case: str) -> None:
    inside, edges, worst, best = EDGES[case]
    assert at_edges(_tallies(inside), _tallies(edges), 0) == worst
    assert at_edges(_tallies(inside), _tallies(edges), 1) == best


def _tallies(counts: Counts) -> list[Tally]:
    return [Tally((good, good), total) for good, total in counts]
