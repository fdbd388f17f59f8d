"""The time slices of a window, and what was counted in each. Pure."""

from __future__ import annotations

from itertools import pairwise
from math import inf

from slo.counted import Counted
from slo.model import SLO, Objective, Window
from slo.tally import Tally, tally


def time_slices(slo: SLO, objective: Objective, counted: Counted) -> list[tuple[Window, Tally]]:
    """Count each slice that holds events.

    A run is seldom a multiple of the slice long: the last slice takes the rest, shorter or longer by up to
    a half, and reaches to the scrape that closes the window. So no event is left out.
    """
    length = objective.time_slice_seconds
    if not length:
        raise TypeError(f"objective {objective.name!r} has no time slice")
    number = round(counted.window.seconds / length)
    cuts = [counted.window.start + n * length for n in range(number)]
    found = []
    for start, end in pairwise([*cuts, inf]):
        window = Window(start, end)
        events = tally(slo, objective, counted, window)
        if events.total:
            found.append((window, events))
    return found
