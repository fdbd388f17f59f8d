"""How much of a window the samples of a gauge with times of its own cover."""

from __future__ import annotations

import pytest

from slo.counting.gauge_coverage import measure_coverage
from slo.model import Evidence, Series, Window
from slo.scraping import ScrapeIndex

WINDOW = Window(100, 200)
INDEX = ScrapeIndex(Evidence(WINDOW, {}, 210, 300.0), ())
COVERAGES: dict[str, tuple[list[float], float]] = {
    "a sample each second": ([100 + n for n in range(101)], 1.0),
    "a sample each ten seconds": ([100 + 10 * n for n in range(10)], 1.0),
    "the first half of the window": ([100 + n for n in range(50)], 0.5),
    "both ends of the window": ([*range(100, 110), *range(190, 200)], 0.2),
    "pairs of samples": ([value for n in range(10) for value in (100 + 10 * n, 100.1 + 10 * n)], 0.02),
    "one sample": ([150], 0.0),
    "no sample": ([], 0.0),
}


@pytest.mark.parametrize(("times", "coverage"), COVERAGES.values(), ids=COVERAGES)
def test_the_share_of_the_window(times: list[float], coverage: float) -> None:
    gauge = Series({"__name__": "depth"}, times, [1.0] * len(times))
    assert measure_coverage([gauge], WINDOW, INDEX) == pytest.approx(coverage, abs=0.005)
