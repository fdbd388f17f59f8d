"""Counter increases: new series, restarts and missing series, by the evidence that proves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan

import pytest

from slo.counting.counters import CounterIncrease, count_increase
from slo.model import ScrapeTarget, Series, Window
from slo.scraping.process_restarts import RestartEvidence, read_created_timestamps

API: ScrapeTarget = ("api", "api:80")
SCRAPES = (95.0, 105.0, 115.0, 125.0, 135.0)
WINDOW = Window(100.0, 130.0)


def counter(*samples: tuple[float, float], **labels: str) -> Series:
    all_labels = {"__name__": "requests_total", "job": "api", "instance": "api:80"} | labels
    return Series(all_labels, tuple(time for time, _ in samples), tuple(value for _, value in samples))


def at_scrapes(*values: float | None, shift: float = 0.0, **labels: str) -> Series:
    pairs = zip(SCRAPES, values, strict=False)
    return counter(*((time + shift, value) for time, value in pairs if value is not None), **labels)


@dataclass(frozen=True)
class Case:
    """Series, the evidence of their starts and restarts, and the expected counts."""

    series: Sequence[Series]
    events: float
    new: int = 0
    unknown_start: int = 0
    resets: int = 0
    invalid: int = 0
    scrapes: Sequence[float] = SCRAPES
    restarts: Sequence[float] = ()
    created: Mapping[str, float] = field(default_factory=dict)
    new_targets: frozenset[ScrapeTarget] = frozenset()

    def count(self) -> CounterIncrease:
        created_series = [
            counter((95.0, time), code=code, __name__="requests_created")
            for code, time in self.created.items()
        ]
        restart_evidence = RestartEvidence(
            {API: self.scrapes},
            {API: self.restarts},
            read_created_timestamps(created_series),
            self.new_targets,
        )
        return count_increase(self.series, WINDOW, restart_evidence)


CASES = {
    "a counter that increases counts its increase": Case([at_scrapes(5, 6, 8, 8, 9)], 4),
    "a series missing from a scrape exactly at the window's start is new": Case(
        [counter((105.0, 3), (135.0, 4))], 4, new=1, scrapes=(100.0, 105.0, 135.0)
    ),
    "without a scrape before the window the start is unknown": Case(
        [counter((105.0, 3), (135.0, 4))], 1, unknown_start=1, scrapes=(105.0, 135.0)
    ),
    "without any known scrape the start is unknown": Case(
        [counter((105.0, 3), (135.0, 4))], 1, unknown_start=1, scrapes=()
    ),
    "a sample exactly at the window's start is its base": Case(
        [counter((100.0, 3), (130.0, 4))], 1, scrapes=(100.0, 130.0)
    ),
    "a sample exactly at the window's end closes it": Case(
        [counter((95.0, 3), (130.0, 4), (131.0, 9))], 1, scrapes=(95.0, 130.0, 131.0)
    ),
    "only a series' own _created proves that it is new": Case(
        [
            counter((105.0, 3), (135.0, 4), code="200"),
            counter((105.0, 30), (135.0, 40), code="500"),
        ],
        14,
        new=1,
        unknown_start=1,
        scrapes=(105.0, 135.0),
        created={"200": 101.0, "500": 99.0},
    ),
    "one _created is valid for all buckets of a histogram": Case(
        [
            counter((105.0, 3), (135.0, 4), code="200", le="0.1"),
            counter((105.0, 4), (135.0, 5), code="200", le="+Inf"),
        ],
        9,
        new=2,
        scrapes=(105.0, 135.0),
        created={"200": 101.0},
    ),
    "a series created exactly at the window's start is not new": Case(
        [counter((105.0, 3), (135.0, 4), code="200")],
        1,
        unknown_start=1,
        scrapes=(105.0, 135.0),
        created={"200": 100.0},
    ),
    "all series of a new target are new": Case(
        [counter((105.0, 3), (135.0, 4))], 4, new=1, scrapes=(105.0, 135.0), new_targets=frozenset({API})
    ),
    "a new series that starts at 0 adds no events": Case([at_scrapes(None, 0, 0, 0, 2)], 2, new=1),
    "a series missing from two scrapes was reset": Case([at_scrapes(5, 6, None, None, 9)], 10, resets=1),
    "exporter timestamps between the scrapes show no missing series": Case(
        [at_scrapes(5, 6, None, None, 9, shift=3.0)], 4
    ),
    "an exporter timestamp after the last scrape shows no missing series": Case(
        [counter((95.0, 5), (105.0, 6), (140.0, 9))], 4
    ),
    "a sample less than half a millisecond after a scrape belongs to it": Case(
        [at_scrapes(5, 6, 7, 8, 9, shift=0.0004)], 4
    ),
    "a scrape less than half a millisecond before a sample belongs to it": Case(
        [counter((95.0004, 5), (105.0004, 6), (135.0004, 9))], 10, resets=1
    ),
    "a new process resets a counter that did not decrease": Case(
        [at_scrapes(5, 6, 7, 8, 9)], 10, resets=1, restarts=(115.0,)
    ),
    "a process that started at the base sample is no reset in the window": Case(
        [at_scrapes(5, 6, 7, 8, 9)], 4, restarts=(95.0,)
    ),
    "a process that started after the window changes nothing": Case(
        [at_scrapes(5, 6, 7, 8, 9)], 4, restarts=(145.0,)
    ),
    "NaN is invalid": Case([at_scrapes(5, nan, 7, 8, 9)], 0, invalid=1),
    "Inf is invalid, in one of two series": Case(
        [at_scrapes(5, 6, 7, inf, 9), at_scrapes(0, 1, 1, 1, 1)], 1, invalid=1
    ),
    "a negative value is invalid": Case([at_scrapes(-5, -4, 0, 0, 0)], 0, invalid=1),
    "an invalid sample before the base changes nothing": Case(
        [counter((85.0, nan), (95.0, 5), (135.0, 9))], 4, scrapes=()
    ),
    "an invalid sample after the closing sample changes nothing": Case(
        [counter((95.0, 5), (135.0, 9), (145.0, nan))], 4, scrapes=()
    ),
    "no sample inside the window counts 0": Case([counter((90.0, 3), (95.0, 4))], 0),
    "a series without samples counts 0": Case([counter()], 0),
    "events of several series at the same times are added up": Case(
        [at_scrapes(5, 6, 8, 8, 9, code="200"), at_scrapes(0, 1, 1, 1, 1, code="500")], 5
    ),
    "a counter that falls to 0 and stays there was reset": Case([at_scrapes(5, 6, 0, 0, 0)], 1, resets=1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_count_increase(case: Case) -> None:
    increase = case.count()
    assert (increase.events, increase.reset_count) == (case.events, case.resets)
    assert (increase.new_series_count, increase.unknown_start_count) == (case.new, case.unknown_start)
    assert (increase.series_count, increase.invalid_series_count) == (len(case.series), case.invalid)
    assert increase.reset_targets == (frozenset({API}) if case.resets else frozenset())
    assert sum(events for _, events in increase.increments_by_time) == case.events
    assert list(increase.times) == sorted(set(increase.times))
