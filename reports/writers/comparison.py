"""A comparison as people read it: cells of a table, a headline, and Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reports.text import formatting
from reports.writers.markdown import escaped
from slo.model import SCHEMA
from slo.model.comparison import Comparison, Conclusion, FigureComparison

WORDS = {
    Conclusion.REGRESSION: "regression",
    Conclusion.IMPROVEMENT: "improvement",
    Conclusion.NO_DIFFERENCE: "no difference shown",
    Conclusion.CANT_TELL: "can't tell",
}
MARKS = {
    Conclusion.REGRESSION: "❌",
    Conclusion.IMPROVEMENT: "✅",
    Conclusion.NO_DIFFERENCE: "✅",
    Conclusion.CANT_TELL: "❓",
}
HEADINGS = ("figure", "baseline", "candidate", "change", "interval", "matters from")


def headline(comparison: Comparison) -> str:
    """Say in a line what is shown, and of how many runs."""
    if comparison.refusal:
        return f"UNDECIDED: {comparison.refusal}: {comparison.detail}"
    after, before = len(comparison.candidate), len(comparison.baseline)
    decisive = [one.figure.name for one in comparison.figures if one.conclusion is comparison.conclusion]
    about = "" if comparison.conclusion is Conclusion.NO_DIFFERENCE else f" in {', '.join(decisive)}"
    runs = f"{after} run{'s' * (after != 1)} against {before}"
    return f"{WORDS[comparison.conclusion]}{about} ({runs})"


def cells(one: FigureComparison) -> tuple[str, ...]:
    """Give the cells of a figure's row, in the order of ``HEADINGS``."""
    interval = formatting.DASH if one.low is None else f"{_change(one, one.low)} to {_change(one, one.high)}"
    matters = formatting.DASH if one.margin is None else f"±{_change(one, one.margin).lstrip('+')}"
    return (
        one.figure.name,
        formatting.quantity(one.baseline, one.figure.unit),
        formatting.quantity(one.candidate, one.figure.unit),
        _change(one, one.effect),
        interval,
        matters,
    )


def why(one: FigureComparison) -> str:
    """Say why nothing can be told of a figure, and what would help."""
    needed = "more than a thousand" if one.runs_needed is None else f"about {one.runs_needed}"
    if one.noise is None:
        return one.detail
    vary = f"runs vary by {_change(one, one.noise).lstrip('+')}"
    return f"{one.detail}; {vary}: {needed} runs a side would decide"


def markdown(comparison: Comparison) -> str:
    """Write GitHub-flavoured Markdown, for a job's summary or a pull request's comment."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    mark = MARKS[comparison.conclusion]
    yield f"## {mark} {escaped(_capital(headline(comparison)))}"
    if comparison.figures:
        confidence = formatting.exact_percent(comparison.criteria.confidence)
        yield ""
        yield f"| Figure | Baseline | Candidate | Change | {confidence} interval | Matters from | Shown |"
        yield "| :-- | --: | --: | --: | :-- | --: | :-- |"
    for one in comparison.figures:
        shown = f"{MARKS[one.conclusion]} {WORDS[one.conclusion]}"
        yield f"| {' | '.join(map(escaped, cells(one)))} | {shown} |"
    untold = [one for one in comparison.figures if one.conclusion is Conclusion.CANT_TELL]
    notes = [f"- **{escaped(one.figure.name)}**: {escaped(why(one))}" for one in untold]
    notes += [f"- ⚠️ {escaped(warning)}" for warning in comparison.warnings]
    if notes:
        yield ""
        yield from notes
    yield ""
    yield f"Candidate: {_named(comparison.candidate)}. Baseline: {_named(comparison.baseline) or 'none'}."


def _named(runs: tuple[str, ...]) -> str:
    return ", ".join(map(escaped, runs))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _change(one: FigureComparison, value: float | None) -> str:
    """Show a change: percent of the baseline, or percentage points of a share."""
    if value is None:
        return formatting.DASH
    sign = "+" if value > 0 else ""
    text = formatting.percent(value, places=2 if one.figure.additive else 1)
    return f"{sign}{text}".replace(" %", " points") if one.figure.additive else f"{sign}{text}"


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Give a comparison as plain JSON data; ratios, seconds and differences are not rounded."""
    data = {"schema": SCHEMA, "headline": headline(comparison), **asdict(comparison)}
    data["figures"] = [
        {**asdict(one), "figure": one.figure.name, "unit": one.figure.unit, "additive": one.figure.additive}
        for one in comparison.figures
    ]
    return data
