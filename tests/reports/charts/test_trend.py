"""The chart of the history is complete and legible for any runs."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from reports.charts.trend import TrendPoint, render_trend_html, render_trend_svg
from slo.model import Outcome


def point(p50: float, p95: float, p99: float, outcome: Outcome = Outcome.MET) -> TrendPoint:
    figures = {"response_time_p50": p50, "response_time_p95": p95, "response_time_p99": p99}
    return TrendPoint("11-23 16:30", outcome, {**figures, "error_ratio": 0.0, "throughput": 100.0})


NOTHING = TrendPoint("11-23 16:31", Outcome.UNDECIDED, {})
HISTORIES = {
    "one run": [point(0.1, 0.2, 0.3)],
    "lines that end close together at the top": [point(0.001, 0.002, 0.003), point(0.101, 0.103, 0.105)],
    "lines that end close together at the bottom": [point(0.1, 0.2, 9.0), point(0.0, 0.001, 0.001)],
    "a last run without values": [point(0.1, 0.2, 0.3), NOTHING],
    "more runs than labels": [point(0.1, 0.2, 0.3)] * 40,
}


@pytest.mark.parametrize("points", HISTORIES.values(), ids=HISTORIES.keys())
def test_each_line_is_labelled(points: list[TrendPoint]) -> None:
    svg = ET.fromstring(render_trend_svg(points, "runs of <steady>"))  # noqa: S314 - trusted input
    texts = {"".join(element.itertext()).strip() for element in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert texts >= {"p50", "p95", "p99", "response time", "failed", "completed/s"}
    assert svg.attrib["aria-label"] == "runs of <steady>"


def test_the_legend_explains_markers_of_different_verdicts() -> None:
    same, other = [point(0.1, 0.2, 0.3)] * 2, [point(0.1, 0.2, 0.3), point(0.1, 0.2, 0.3, Outcome.MISSED)]
    assert ">MISSED<" in render_trend_svg(other, "")
    assert ">MET<" not in render_trend_svg(same, "")


def test_the_page_shows_a_dash_for_missing_values() -> None:
    assert render_trend_html([NOTHING], "").count("<td>–</td>") == 5


def test_a_chart_without_any_value_is_drawn() -> None:
    assert "<svg" in render_trend_svg([NOTHING], "")
