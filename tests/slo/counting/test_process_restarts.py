"""When processes and counters began, from what is exposed of it."""

from __future__ import annotations

from math import inf, nan

import pytest

from slo.counting.process_restarts import Created, begun, created, young
from slo.model import Series
from slo.model.evidence import instance_of, labels_of
from slo.promql.query_plan import created_of
from slo.promql.syntax import parse_selector

API = ("api", "api:80")


def start(*samples: tuple[float, float], **labels: str) -> Series:
    """Make the samples (time, Unix seconds told) of what says when it began."""
    known = {"job": API[0], "instance": API[1]} | labels
    return Series(known, tuple(time for time, _ in samples), tuple(value for _, value in samples))


LIVES: dict[str, tuple[list[tuple[float, float]], list[float]]] = {
    "nothing was told": ([], []),
    "one process all the time": ([(0, 50), (10, 50), (20, 50)], []),
    "another began after the first was last seen": ([(0, 50), (10, 50), (20, 65)], [20]),
    "a start in whole seconds, told a second early": ([(0, 50), (10, 50), (20, 59.5)], [20]),
    "a start that is later by less than the process was seen for": ([(0, 50), (10, 50), (20, 59)], []),
    "a second process right after the first was seen once": ([(0, 50), (10, 50.5)], [10]),
    "three processes, a scrape each": ([(0, 50), (10, 60), (20, 70)], [10, 20]),
    "a start that goes back": ([(0, 50), (10, 40), (20, 40)], []),
    "a start that is no number, and the same again": ([(0, 50), (10, nan), (20, inf), (30, 50)], []),
    "each process is measured by its own first scrape": (
        [(0, 50), (10, 50), (20, 100), (30, 100), (40, 110)],
        [20, 40],
    ),
}


@pytest.mark.parametrize("case", LIVES)
def test_scrapes_that_are_the_first_to_show_another_life(case: str) -> None:
    samples, expected = LIVES[case]
    assert begun([start(*samples)]) == {API: expected}


def test_several_processes_of_one_target_tell_of_none() -> None:
    assert begun([start((0, 1), pid="1"), start((0, 2), pid="2")]) == {}


YOUNG: dict[str, tuple[list[tuple[float, float]], bool]] = {
    "it began inside": ([(105, 101)], True),
    "it began just when the window did": ([(105, 100)], False),
    "it told another start later": ([(105, 101), (115, 99)], True),
    "it tells no number": ([(105, nan)], False),
    "it was never scraped": ([], False),
}


@pytest.mark.parametrize("case", YOUNG)
def test_targets_that_began_inside_the_window(case: str) -> None:
    samples, expected = YOUNG[case]
    assert (API in young([start(*samples)], 100)) is expected


def test_what_tells_no_number_does_not_outvote_what_does() -> None:
    assert API in young([start((105, nan), pid="1"), start((105, 101), pid="2")], 100)


def test_what_counters_say_of_their_births() -> None:
    told = [
        start((105, 101), (115, 130), __name__="orders_created", kind="web"),
        start((105, nan), __name__="orders_created", kind="app"),
        start(__name__="orders_created", kind="none"),
    ]
    counter = start((105, 5), __name__="orders_total", kind="web")
    assert created(told) == {labels_of(counter): Created(101, (115,))}


@pytest.mark.parametrize(
    ("counter", "births"),
    [
        ('orders_total{kind="web"}', 'orders_created{kind="web"}'),
        ('wait_seconds_bucket{le="0.5",kind="web"}', 'wait_seconds_created{kind="web"}'),
        ("wait_seconds_count", "wait_seconds_created"),
        ("orders", "orders_created"),
    ],
)
def test_the_created_of_a_counter(counter: str, births: str) -> None:
    assert str(created_of(parse_selector(counter))) == births


def test_a_series_that_names_no_target_is_of_the_nameless_one() -> None:
    assert instance_of(Series({}, (), ())) == ("", "")
