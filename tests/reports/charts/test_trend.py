"""The picture of the history: whole and legible, whatever the runs."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from reports.charts.trend import Point, trend_html, trend_svg
from slo.model import Outcome


def point(p50: float, p95: float, p99: float, outcome: Outcome = Outcome.MET) -> Point:
    figures = {"response_time_p50": p50, "response_time_p95": p95, "response_time_p99": p99}
    return Point("11-23 16:30", outcome, {**figures, "error_ratio": 0.0, "throughput": 100.0})


NOTHING = Point("11-23 16:31", Outcome.UNDECIDED, {})
HISTORIES = {
    "one run": [point(0.1, 0.2, 0.3)],
    "lines that end at the top together": [point(0.001, 0.002, 0.003), point(0.101, 0.103, 0.105)],
    "lines that end at the bottom together": [point(0.1, 0.2, 9.0), point(0.0, 0.001, 0.001)],
    "a last run that measured nothing": [point(0.1, 0.2, 0.3), NOTHING],
    "more runs than labels": [point(0.1, 0.2, 0.3)] * 40,
}


@pytest.mark.parametrize("points", HISTORIES.values(), ids=HISTORIES.keys())
def test_each_line_is_named(points: list[Point]) -> None:
    drawn = ET.fromstring(trend_svg(points, "runs of <steady>"))  # noqa: S314 - made here
    said = {"".join(element.itertext()).strip() for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert said >= {"p50", "p95", "p99", "response time", "failed", "completed/s"}
    assert drawn.attrib["aria-label"] == "runs of <steady>"


def test_the_marks_are_explained_where_they_differ() -> None:
    same, other = [point(0.1, 0.2, 0.3)] * 2, [point(0.1, 0.2, 0.3), point(0.1, 0.2, 0.3, Outcome.MISSED)]
    assert ">MISSED<" in trend_svg(other, "")
    assert ">MET<" not in trend_svg(same, "")


def test_the_page_shows_what_was_not_measured_as_nothing() -> None:
    assert trend_html([NOTHING], "").count("<td>–</td>") == 5


def test_no_run_at_all_measured_anything() -> None:
    assert "<svg" in trend_svg([NOTHING], "")
