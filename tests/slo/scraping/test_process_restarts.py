"""Starts and restarts of processes and counters, from exposed start times."""

from __future__ import annotations

from math import inf, nan

import pytest

from slo.model import Series, counter_labels_of, scrape_target_of
from slo.promql import parse_selector, select_created_timestamps
from slo.scraping.process_restarts import (
    CreatedTimestamps,
    find_new_targets,
    find_process_restarts,
    read_created_timestamps,
)

API = ("api", "api:80")


def start(*samples: tuple[float, float], **labels: str) -> Series:
    """Make a series of start times from samples (time, start), both in Unix seconds."""
    all_labels = {"job": API[0], "instance": API[1]} | labels
    return Series(all_labels, tuple(time for time, _ in samples), tuple(value for _, value in samples))


RESTARTS: dict[str, tuple[list[tuple[float, float]], list[float]]] = {
    "a series without samples": ([], []),
    "one process for the whole time": ([(0, 50), (10, 50), (20, 50)], []),
    "a second process started after the first was last seen": ([(0, 50), (10, 50), (20, 65)], [20]),
    "a start in whole seconds, rounded down by up to a second": ([(0, 50), (10, 50), (20, 59.5)], [20]),
    "a start that rises by less than the time the process was seen is the same": (
        [(0, 50), (10, 50), (20, 59)],
        [],
    ),
    "a second process right after the first was seen once": ([(0, 50), (10, 50.5)], [10]),
    "three processes of one scrape each": ([(0, 50), (10, 60), (20, 70)], [10, 20]),
    "a start that falls is the same": ([(0, 50), (10, 40), (20, 40)], []),
    "NaN and Inf, then the same start again": ([(0, 50), (10, nan), (20, inf), (30, 50)], []),
    "the time a process was seen begins with its own first scrape": (
        [(0, 50), (10, 50), (20, 100), (30, 100), (40, 110)],
        [20, 40],
    ),
}


@pytest.mark.parametrize("case", RESTARTS)
def test_find_process_restarts(case: str) -> None:
    samples, expected = RESTARTS[case]
    assert find_process_restarts([start(*samples)]) == {API: expected}


def test_targets_with_several_processes_have_no_known_restarts() -> None:
    assert find_process_restarts([start((0, 1), pid="1"), start((0, 2), pid="2")]) == {}


NEW_TARGETS: dict[str, tuple[list[tuple[float, float]], bool]] = {
    "a start inside the window": ([(105, 101)], True),
    "a start exactly at the window's start": ([(105, 100)], False),
    "an earlier start in a later sample is ignored": ([(105, 101), (115, 99)], True),
    "NaN": ([(105, nan)], False),
    "a series without samples": ([], False),
}


@pytest.mark.parametrize("case", NEW_TARGETS)
def test_find_new_targets(case: str) -> None:
    samples, expected = NEW_TARGETS[case]
    assert (API in find_new_targets([start(*samples)], 100)) is expected


def test_nan_is_ignored_beside_a_start_inside_the_window() -> None:
    assert API in find_new_targets([start((105, nan), pid="1"), start((105, 101), pid="2")], 100)


def test_read_created_timestamps() -> None:
    created_series = [
        start((105, 101), (115, 130), __name__="orders_created", kind="web"),
        start((105, nan), __name__="orders_created", kind="app"),
        start(__name__="orders_created", kind="none"),
    ]
    counter = start((105, 5), __name__="orders_total", kind="web")
    assert read_created_timestamps(created_series) == {
        counter_labels_of(counter): CreatedTimestamps(101, (115,))
    }


@pytest.mark.parametrize(
    ("counter", "created"),
    [
        ('orders_total{kind="web"}', 'orders_created{kind="web"}'),
        ('wait_seconds_bucket{le="0.5",kind="web"}', 'wait_seconds_created{kind="web"}'),
        ("wait_seconds_count", "wait_seconds_created"),
        ("orders", "orders_created"),
    ],
)
def test_select_created_timestamps(counter: str, created: str) -> None:
    assert str(select_created_timestamps(parse_selector(counter))) == created


def test_a_series_without_job_and_instance_has_an_empty_scrape_target() -> None:
    assert scrape_target_of(Series({}, (), ())) == ("", "")
