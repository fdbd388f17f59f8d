"""What a person sees of comparisons and of the history, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofload.history.run_entry import Entry
from proofload.output.terminal import output
from reports.text import formatting
from reports.writers.comparison import HEADINGS, WORDS, cells, headline, why
from slo.model import Outcome
from slo.model.comparison import Comparison, Conclusion

_STYLES = {
    Conclusion.REGRESSION: "bold red",
    Conclusion.IMPROVEMENT: "bold green",
    Conclusion.NO_DIFFERENCE: "bold green",
    Conclusion.CANT_TELL: "bold yellow",
}
_VERDICTS = {Outcome.MET: "green", Outcome.MISSED: "red", Outcome.UNDECIDED: "yellow"}
_COLUMNS = ("run", "time (UTC)", "verdict", "profile", "rate", "sent", "p95", "p99", "failed", "spec")


def show_comparison(comparison: Comparison, console: Console = output) -> None:
    """Print what is shown of each figure, why where nothing is, and the conclusion."""
    if comparison.figures:
        console.print("", _figures(comparison), "", sep="\n")
    for one in comparison.figures:
        if one.conclusion is Conclusion.CANT_TELL:
            console.print("[yellow]?[/]", Text(f"{one.figure.name}: {why(one)}"))
    for warning in comparison.warnings:
        console.print("[yellow]![/]", Text(warning))
    console.print(Text(headline(comparison), style=_STYLES[comparison.conclusion]))


def _figures(comparison: Comparison) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    headings = list(HEADINGS)
    headings[4] = f"{formatting.exact_percent(comparison.criteria.confidence)} {headings[4]}"
    for heading in ("shown", *headings):
        table.add_column(heading, overflow="fold")
    for one in comparison.figures:
        shown = Text(WORDS[one.conclusion], style=_STYLES[one.conclusion])
        table.add_row(shown, *map(Text, cells(one)))
    return table


def show_history(runs: Sequence[Entry], console: Console = output) -> None:
    """Print a line a run."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in _COLUMNS:
        right = name in {"rate", "sent", "p95", "p99", "failed"}
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for run in runs:
        given = run.figures.get
        table.add_row(
            Text(run.id),
            formatting.moment(run.time).removesuffix(" UTC"),
            _judged(run),
            Text(run.profile),
            f"{formatting.number(run.rate)}/s",
            formatting.count(run.sent),
            formatting.seconds(given("response_time_p95")),
            formatting.seconds(given("response_time_p99")),
            formatting.percent(given("error_ratio")),
            Text(run.fingerprint.get("spec", "")),
        )
    console.print(table)


def _judged(run: Entry) -> Text:
    told = Text(run.verdict, style=_VERDICTS[run.verdict])
    if run.regression or run.accepted:
        told.append(", accepted" if run.accepted else ", regression", style="dim" if run.accepted else "red")
    return told
