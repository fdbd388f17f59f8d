"""What single counters counted: births, restarts and deaths, by what proves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan

import pytest

from slo.counting.counters import Increase, increase
from slo.counting.process_restarts import Lives, created
from slo.model import Series, Window
from slo.model.evidence import Instance

API: Instance = ("api", "api:80")
SCRAPES = (95.0, 105.0, 115.0, 125.0, 135.0)
WINDOW = Window(100.0, 130.0)


def counter(*samples: tuple[float, float], **labels: str) -> Series:
    named = {"__name__": "requests_total", "job": "api", "instance": "api:80"} | labels
    return Series(named, tuple(time for time, _ in samples), tuple(value for _, value in samples))


def at_scrapes(*values: float | None, shift: float = 0.0, **labels: str) -> Series:
    pairs = zip(SCRAPES, values, strict=False)
    return counter(*((time + shift, value) for time, value in pairs if value is not None), **labels)


@dataclass(frozen=True)
class Case:
    """Series, what proves their births and deaths, and what was counted."""

    series: Sequence[Series]
    events: float
    born: int = 0
    unbased: int = 0
    resets: int = 0
    strange: int = 0
    scrapes: Sequence[float] = SCRAPES
    begun: Sequence[float] = ()
    created: Mapping[str, float] = field(default_factory=dict)
    young: frozenset[Instance] = frozenset()

    def counted(self) -> Increase:
        births = [
            counter((95.0, time), code=code, __name__="requests_created")
            for code, time in self.created.items()
        ]
        lives = Lives({API: self.scrapes}, {API: self.begun}, created(births), self.young)
        return increase(self.series, WINDOW, lives)


CASES = {
    "a counter that grows": Case([at_scrapes(5, 6, 8, 8, 9)], 4),
    "a scrape exactly at the window's start that did not hold it: it was born": Case(
        [counter((105.0, 3), (135.0, 4))], 4, born=1, scrapes=(100.0, 105.0, 135.0)
    ),
    "no scrape before the window: nobody knows what it held": Case(
        [counter((105.0, 3), (135.0, 4))], 1, unbased=1, scrapes=(105.0, 135.0)
    ),
    "no scrape is known at all": Case([counter((105.0, 3), (135.0, 4))], 1, unbased=1, scrapes=()),
    "a sample exactly at the window's start is its base": Case(
        [counter((100.0, 3), (130.0, 4))], 1, scrapes=(100.0, 130.0)
    ),
    "a sample exactly at the window's end closes it": Case(
        [counter((95.0, 3), (130.0, 4), (131.0, 9))], 1, scrapes=(95.0, 130.0, 131.0)
    ),
    "its own _created tells of its birth, that of another does not": Case(
        [
            counter((105.0, 3), (135.0, 4), code="200"),
            counter((105.0, 30), (135.0, 40), code="500"),
        ],
        14,
        born=1,
        unbased=1,
        scrapes=(105.0, 135.0),
        created={"200": 101.0, "500": 99.0},
    ),
    "the _created of all of a histogram's buckets is one": Case(
        [
            counter((105.0, 3), (135.0, 4), code="200", le="0.1"),
            counter((105.0, 4), (135.0, 5), code="200", le="+Inf"),
        ],
        9,
        born=2,
        scrapes=(105.0, 135.0),
        created={"200": 101.0},
    ),
    "_created exactly at the window's start is no birth inside": Case(
        [counter((105.0, 3), (135.0, 4), code="200")],
        1,
        unbased=1,
        scrapes=(105.0, 135.0),
        created={"200": 100.0},
    ),
    "of a young target everything was born": Case(
        [counter((105.0, 3), (135.0, 4))], 4, born=1, scrapes=(105.0, 135.0), young=frozenset({API})
    ),
    "a birth at nothing adds nothing": Case([at_scrapes(None, 0, 0, 0, 2)], 2, born=1),
    "a series that two scrapes did not hold was reborn": Case(
        [at_scrapes(5, 6, None, None, 9)], 10, resets=1
    ),
    "times of an exporter's own, between the scrapes, tell of no death": Case(
        [at_scrapes(5, 6, None, None, 9, shift=3.0)], 4
    ),
    "a time of an exporter's own after the last scrape tells of none": Case(
        [counter((95.0, 5), (105.0, 6), (140.0, 9))], 4
    ),
    "a scrape half a millisecond off is the same scrape": Case([at_scrapes(5, 6, 7, 8, 9, shift=0.0004)], 4),
    "a scrape that comes half a millisecond before the sample is that sample's": Case(
        [counter((95.0004, 5), (105.0004, 6), (135.0004, 9))], 10, resets=1
    ),
    "a new process began anew what did not fall": Case(
        [at_scrapes(5, 6, 7, 8, 9)], 10, resets=1, begun=(115.0,)
    ),
    "a process that began at the base began it before": Case([at_scrapes(5, 6, 7, 8, 9)], 4, begun=(95.0,)),
    "a process that began after the window is no matter": Case(
        [at_scrapes(5, 6, 7, 8, 9)], 4, begun=(145.0,)
    ),
    "NaN is no number of events": Case([at_scrapes(5, nan, 7, 8, 9)], 0, strange=1),
    "nor is Inf": Case([at_scrapes(5, 6, 7, inf, 9), at_scrapes(0, 1, 1, 1, 1)], 1, strange=1),
    "nor anything below zero": Case([at_scrapes(-5, -4, 0, 0, 0)], 0, strange=1),
    "what it was before the window is no matter": Case(
        [counter((85.0, nan), (95.0, 5), (135.0, 9))], 4, scrapes=()
    ),
    "nor what it was after": Case([counter((95.0, 5), (135.0, 9), (145.0, nan))], 4, scrapes=()),
    "nothing inside the window": Case([counter((90.0, 3), (95.0, 4))], 0),
    "no samples": Case([counter()], 0),
    "events of series with the same times are added up": Case(
        [at_scrapes(5, 6, 8, 8, 9, code="200"), at_scrapes(0, 1, 1, 1, 1, code="500")], 5
    ),
    "a counter that falls to zero and does not grow": Case([at_scrapes(5, 6, 0, 0, 0)], 1, resets=1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_counter_counted(case: Case) -> None:
    found = case.counted()
    assert (found.events, found.born, found.unbased, found.resets) == (
        case.events, case.born, case.unbased, case.resets,
    )  # fmt: skip
    assert (found.series, found.strange) == (len(case.series), case.strange)
    assert found.reset == (frozenset({API}) if case.resets else frozenset())
    assert sum(events for _, events in found.steps) == case.events
    assert list(found.times) == sorted(set(found.times))
