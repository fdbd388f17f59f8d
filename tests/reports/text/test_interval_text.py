"""What the report states of the confidence intervals."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest

from reports.text.interval_text import format_unseen_trouble
from slo.model import Window
from tests.support.proofs import verdict_met

(OBJECTIVE, *_) = verdict_met().objectives
UNSEEN: dict[str, tuple[float, float, str]] = {
    "a minute, at 95 %": (60, 0.95, "once in 20 s, or less often, is absent from a window of 60 s "),
    "five minutes, at 95 %": (300, 0.95, "once in 100 s, or less often"),
    "a minute, at 99 %": (60, 0.99, "with a probability of 1 % or more"),
}


@pytest.mark.parametrize(("seconds", "level", "text"), UNSEEN.values(), ids=UNSEEN)
def test_the_trouble_that_a_window_can_miss(seconds: float, level: float, text: str) -> None:
    assert OBJECTIVE.intervals is not None
    objective = replace(OBJECTIVE, intervals=replace(OBJECTIVE.intervals, level=level))
    assert text in format_unseen_trouble([objective], Window(0, seconds))


def test_the_probability_is_that_of_no_start_in_the_window() -> None:
    """At 95 %, trouble once in 20 s is absent from 60 s with exp(-3), about 5 %."""
    assert exp(-60 / 20) == pytest.approx(0.05, abs=0.001)


def test_without_intervals_nothing_is_stated() -> None:
    assert not format_unseen_trouble([replace(OBJECTIVE, intervals=None)], Window(0, 60))
    assert not format_unseen_trouble([OBJECTIVE], Window(60, 60))
