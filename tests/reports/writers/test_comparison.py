"""Golden Markdown of a comparison: one figure of each conclusion, and nothing to compare with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.writers.comparison import comparison_to_json, headline, markdown
from slo.model.comparison import Comparison, Conclusion, Criteria, Figure, FigureComparison, Refusal

GOLD = Path(__file__).resolve().parents[2] / "gold" / "comparison.md"
TIME, SHARE = Figure("response_time_p95", "seconds"), Figure("error_ratio", "ratio", additive=True)
CRITERIA = Criteria((TIME, SHARE))


def one(
    figure: Figure,
    conclusion: Conclusion,
    sides: tuple[float, float],
    interval: tuple[float, float, float],
    margin: float,
    detail: str = "",
) -> FigureComparison:
    noise = 0.031 if conclusion is Conclusion.CANT_TELL else 0.01
    return FigureComparison(figure, conclusion, detail, *sides, *interval, margin, noise, 11)


def compared() -> Comparison:
    figures = (
        one(TIME, Conclusion.REGRESSION, (0.2, 0.24), (0.2, 0.151, 0.249), 0.05),
        one(SHARE, Conclusion.NO_DIFFERENCE, (0.0, 0.00004), (0.00004, -0.0002, 0.00028), 0.001),
        one(Figure("throughput"), Conclusion.IMPROVEMENT, (100.0, 120.0), (0.2, 0.18, 0.22), 0.05),
        one(TIME, Conclusion.CANT_TELL, (0.2, 0.21), (0.05, -0.01, 0.11), 0.05, "across the border"),
        FigureComparison(Figure("sli/a|b/<i>"), Conclusion.CANT_TELL, "not measured in 2 of the runs"),
    )
    said = ("another machine: 64 CPUs; the baseline's is 2 CPUs",)
    return Comparison(Conclusion.REGRESSION, CRITERIA, figures, ("a0", "a1", "a2"), ("b0",), said)


def test_the_markdown_is_as_it_was() -> None:
    assert markdown(compared()) == GOLD.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("comparison", "says"),
    [
        (compared(), "regression in response_time_p95 (1 run against 3)"),
        (
            Comparison(Conclusion.CANT_TELL, CRITERIA, refusal=Refusal.NO_BASELINE, detail="there is none"),
            "UNDECIDED: no_baseline: there is none",
        ),
    ],
)
def test_headlines(comparison: Comparison, says: str) -> None:
    assert headline(comparison) == says


def test_the_json_holds_what_was_not_rounded() -> None:
    data = json.loads(json.dumps(comparison_to_json(compared()), allow_nan=False))
    assert data["figures"][0]["low"] == 0.151
    assert data["figures"][0]["figure"] == "response_time_p95"
    assert data["criteria"]["tolerance"] == 0.05
