"""Comparisons of runs and the history of runs in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofload.history import RunEntry
from proofload.output.terminal import output_console, to_line
from reports.text import formatting
from reports.writers import CONCLUSION_TEXTS, HEADINGS, explain_undecided, format_cells, format_headline
from slo.model import Comparison, Conclusion, Outcome

_CONCLUSION_STYLES = {
    Conclusion.REGRESSION: "bold red",
    Conclusion.IMPROVEMENT: "bold green",
    Conclusion.NO_DIFFERENCE: "bold green",
    Conclusion.CANT_TELL: "bold yellow",
}
_OUTCOME_STYLES = {Outcome.MET: "green", Outcome.MISSED: "red", Outcome.UNDECIDED: "yellow"}
_COLUMNS = ("run", "time (UTC)", "verdict", "profile", "rate", "sent", "p95", "p99", "failed", "spec")


def print_comparison(comparison: Comparison, console: Console = output_console) -> None:
    """Print a row for each figure, explanations of undecided figures, warnings, and the conclusion."""
    if comparison.figures:
        console.print("", _build_figures_table(comparison), "", sep="\n")
    for row in comparison.figures:
        if row.conclusion is Conclusion.CANT_TELL:
            console.print("[yellow]?[/]", to_line(f"{row.figure.name}: {explain_undecided(row)}"))
    for warning in comparison.warnings:
        console.print("[yellow]![/]", to_line(warning))
    console.print(to_line(format_headline(comparison), style=_CONCLUSION_STYLES[comparison.conclusion]))


def _build_figures_table(comparison: Comparison) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    headings = list(HEADINGS)
    headings[4] = f"{formatting.format_exact_percent(comparison.criteria.confidence)} {headings[4]}"
    for heading in ("result", *headings):
        table.add_column(heading, overflow="fold")
    for row in comparison.figures:
        result = Text(CONCLUSION_TEXTS[row.conclusion], style=_CONCLUSION_STYLES[row.conclusion])
        table.add_row(result, *map(to_line, format_cells(row)))
    return table


def print_history(runs: Sequence[RunEntry], console: Console = output_console) -> None:
    """Print one line for each run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in _COLUMNS:
        is_number = name in {"rate", "sent", "p95", "p99", "failed"}
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for run in runs:
        table.add_row(
            to_line(run.id),
            formatting.format_time(run.time).removesuffix(" UTC"),
            _format_verdict(run),
            to_line(run.profile),
            f"{formatting.format_number(run.rate)}/s",
            formatting.format_count(run.sent),
            formatting.format_seconds(run.figures.get("response_time_p95")),
            formatting.format_seconds(run.figures.get("response_time_p99")),
            formatting.format_percent(run.figures.get("error_ratio")),
            to_line(run.fingerprint.get("spec", "")),
        )
    console.print(table)


def _format_verdict(entry: RunEntry) -> Text:
    text = Text(entry.verdict, style=_OUTCOME_STYLES[entry.verdict])
    if entry.accepted:
        text.append(", accepted", style="dim")
    elif entry.regression:
        text.append(", regression", style="red")
    return text
