"""A comparison of runs as text: headline, table cells, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reports.text import formatting
from reports.writers.markdown import escape_markdown
from slo.model import SCHEMA_VERSION, Comparison, Conclusion, FigureComparison

CONCLUSION_TEXTS = {
    Conclusion.REGRESSION: "regression",
    Conclusion.IMPROVEMENT: "improvement",
    Conclusion.NO_DIFFERENCE: "no difference shown",
    Conclusion.CANT_TELL: "can't tell",
}
"""Conclusions as people read them."""
CONCLUSION_SYMBOLS = {
    Conclusion.REGRESSION: "❌",
    Conclusion.IMPROVEMENT: "✅",
    Conclusion.NO_DIFFERENCE: "✅",
    Conclusion.CANT_TELL: "❓",
}
HEADINGS = ("figure", "baseline", "candidate", "change", "interval", "tolerance")
"""Columns of the table of a comparison."""


def format_headline(comparison: Comparison) -> str:
    """Summarize a comparison in one line: conclusion, decisive figures and number of runs."""
    if comparison.refusal:
        return f"UNDECIDED: {comparison.refusal}: {comparison.detail}"
    candidates, baselines = len(comparison.candidate), len(comparison.baseline)
    decisive = [row.figure.name for row in comparison.figures if row.conclusion is comparison.conclusion]
    figures = "" if comparison.conclusion is Conclusion.NO_DIFFERENCE else f" in {', '.join(decisive)}"
    runs = f"{candidates} run{'s' * (candidates != 1)} against {baselines}"
    return f"{CONCLUSION_TEXTS[comparison.conclusion]}{figures} ({runs})"


def format_cells(row: FigureComparison) -> tuple[str, ...]:
    """Return the cells of a figure's row, in the order of ``HEADINGS``."""
    interval = tolerance = formatting.DASH
    if row.low is not None:
        interval = f"{_format_change(row, row.low)} to {_format_change(row, row.high)}"
    if row.margin is not None:
        tolerance = f"±{_format_change(row, row.margin).lstrip('+')}"
    return (
        row.figure.name,
        formatting.format_quantity(row.baseline, row.figure.unit),
        formatting.format_quantity(row.candidate, row.figure.unit),
        _format_change(row, row.effect),
        interval,
        tolerance,
    )


def explain_undecided(row: FigureComparison) -> str:
    """Explain why a figure is undecided, and how many runs would decide it."""
    if row.noise is None:
        return row.detail
    noise = _format_change(row, row.noise).lstrip("+")
    needed = "more than 1,000" if row.runs_needed is None else f"about {row.runs_needed}"
    return f"{row.detail}; runs vary by {noise}: {needed} runs on each side would decide"


def comparison_to_markdown(comparison: Comparison) -> str:
    """Return GitHub-flavoured Markdown for a job summary or a pull request comment."""
    return "\n".join(_format_lines(comparison)) + "\n"


def _format_lines(comparison: Comparison) -> Iterator[str]:
    symbol = CONCLUSION_SYMBOLS[comparison.conclusion]
    yield f"## {symbol} {escape_markdown(_capitalize(format_headline(comparison)))}"
    if comparison.figures:
        confidence = formatting.format_exact_percent(comparison.criteria.confidence)
        yield ""
        yield f"| Figure | Baseline | Candidate | Change | {confidence} interval | Tolerance | Result |"
        yield "| :-- | --: | --: | --: | :-- | --: | :-- |"
    for row in comparison.figures:
        result = f"{CONCLUSION_SYMBOLS[row.conclusion]} {CONCLUSION_TEXTS[row.conclusion]}"
        yield f"| {' | '.join(map(escape_markdown, format_cells(row)))} | {result} |"
    notes = [
        f"- **{escape_markdown(row.figure.name)}**: {escape_markdown(explain_undecided(row))}"
        for row in comparison.figures
        if row.conclusion is Conclusion.CANT_TELL
    ]
    notes += [f"- ⚠️ {escape_markdown(warning)}" for warning in comparison.warnings]
    if notes:
        yield ""
        yield from notes
    yield ""
    baseline = _join_run_ids(comparison.baseline) or "none"
    yield f"Candidate: {_join_run_ids(comparison.candidate)}. Baseline: {baseline}."


def _join_run_ids(runs: tuple[str, ...]) -> str:
    return ", ".join(map(escape_markdown, runs))


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _format_change(row: FigureComparison, value: float | None) -> str:
    """Format a change: in percent of the baseline, or in percentage points for a share."""
    if value is None:
        return formatting.DASH
    sign = "+" if value > 0 else ""
    text = formatting.format_percent(value, decimals=2 if row.figure.additive else 1)
    return f"{sign}{text}".replace(" %", " points") if row.figure.additive else f"{sign}{text}"


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain JSON data; values are not rounded."""
    data = {"schema": SCHEMA_VERSION, "headline": format_headline(comparison), **asdict(comparison)}
    data["figures"] = [
        {**asdict(row), "figure": row.figure.name, "unit": row.figure.unit, "additive": row.figure.additive}
        for row in comparison.figures
    ]
    return data
