"""Markdown, headline and JSON of comparisons; golden file: one figure of each conclusion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.writers.comparison import comparison_to_json, comparison_to_markdown, format_headline
from slo.model import Comparison, Conclusion, RefusalReason
from tests.support.comparisons import CRITERIA, comparison_of_figures

GOLD = Path(__file__).resolve().parents[2] / "gold" / "comparison.md"


def test_the_markdown_equals_the_golden_file() -> None:
    assert comparison_to_markdown(comparison_of_figures()) == GOLD.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("comparison", "headline"),
    [
        (comparison_of_figures(), "regression in response_time_p95 (1 run against 3)"),
        (
            Comparison(
                Conclusion.CANT_TELL, CRITERIA, refusal=RefusalReason.NO_BASELINE, detail="no MET run"
            ),
            "UNDECIDED: no_baseline: no MET run",
        ),
    ],
)
def test_the_headline_states_conclusion_and_runs(comparison: Comparison, headline: str) -> None:
    assert format_headline(comparison) == headline


def test_the_json_is_not_rounded() -> None:
    data = json.loads(json.dumps(comparison_to_json(comparison_of_figures()), allow_nan=False))
    assert data["figures"][0]["low"] == 0.151
    assert data["figures"][0]["figure"] == "response_time_p95"
    assert data["criteria"]["tolerance"] == 0.05
