"""How much of the window the samples of a gauge cover: what was not observed can't be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isnan
from statistics import median_low

from slo.model import ScrapeTarget, Series, Window, scrape_target_of
from slo.scraping import ScrapeIndex


def measure_coverage(gauges: Iterable[Series], window: Window, scrape_index: ScrapeIndex) -> float:
    """Return the smallest share of the window that a gauge covers, as a ratio from 0 to 1.

    A target's gauges cover a scrape with at least one number. A single series covers the scrapes from its
    first sample in the window to its last one, as far as it has numbers there: series may begin and end.
    Series with times of their own cover the window by the distance between their samples.
    """
    coverages: list[float] = []
    numbers_by_target: defaultdict[ScrapeTarget, set[float]] = defaultdict(set)
    for gauge in gauges:
        times = _select_inside(gauge.times, window)
        numbers = {t for t, v in zip(gauge.times, gauge.values, strict=True) if t in times and not isnan(v)}
        if not scrape_index.has_scrape_times(gauge):
            coverages.append(_measure_by_spacing(sorted(numbers), window))
            continue
        target = scrape_target_of(gauge)
        numbers_by_target[target] |= numbers
        if times:
            alive = Window(min(times), max(times))
            scrapes = _select_inside(scrape_index.scrape_times.get(target, ()), alive)
            coverages.append(len(numbers) / len(scrapes))
    for target, numbers in numbers_by_target.items():
        if scrapes := _select_inside(scrape_index.scrape_times.get(target, ()), window):
            coverages.append(len(numbers) / len(scrapes))
    return min(1.0, *coverages) if coverages else 0.0


def _select_inside(times: Sequence[float], window: Window) -> set[float]:
    return {time for time in times if window.start <= time <= window.end}


def _measure_by_spacing(times: Sequence[float], window: Window) -> float:
    if len(times) < 2:  # noqa: PLR2004 - one sample has no distance to another
        return 0.0
    gaps = [after - before for before, after in pairwise(times)]
    spacing = median_low(gaps)
    covered_seconds = spacing + sum(min(gap, spacing) for gap in gaps)
    return covered_seconds / window.seconds if window.seconds else 1.0
