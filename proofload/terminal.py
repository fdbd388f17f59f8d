"""What a person sees in the terminal: the stages, the load as it goes, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from proofload.load_process import Event
from proofload.pipeline import Narrator
from reports import show
from slo.model import CheckStatus, ObjectiveVerdict, Outcome, Proof

PLAIN_SECONDS = 5.0
"""Distance of progress lines where there is no terminal to redraw."""

_STYLES = {Outcome.MET: "bold green", Outcome.MISSED: "bold red", Outcome.UNDECIDED: "bold yellow"}
_MARKS = {CheckStatus.PASS: "[green]✓[/]", CheckStatus.FAIL: "[red]✗[/]", CheckStatus.SKIP: "[dim]-[/]"}

_errors = Console(stderr=True, highlight=False)
_output = Console(highlight=False)


def say(text: str) -> None:
    """Tell what goes on, on standard error."""
    _errors.print(f"[dim]·[/] {escape(text)}")


@contextmanager
def narrate() -> Iterator[Narrator]:
    """Show the progress of the load: one line redrawn on a terminal, a line now and then elsewhere."""
    if _errors.is_terminal:
        with Live(console=_errors, refresh_per_second=4, transient=True) as live:
            yield Narrator(say, lambda event: live.update(_progress(event)))
        return
    last = -PLAIN_SECONDS

    def plain(event: Event) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_SECONDS:
            last = time.monotonic()
            say(f"{event['elapsed_seconds']:.0f} s of {event['duration_seconds']:.0f} s, {_figures(event)}")

    yield Narrator(say, plain)


def _progress(event: Event) -> Table:
    elapsed, duration = event["elapsed_seconds"], event["duration_seconds"]
    line = Table.grid(padding=(0, 2))
    left = max(duration - elapsed, 0)
    line.add_row(
        ProgressBar(total=duration or 1, completed=min(elapsed, duration), width=24),
        f"{left:.0f} s left",
        _figures(event),
    )
    return line


def _figures(event: Event) -> str:
    p95 = event.get("p95_seconds")
    shown = f"p95 {show.seconds(p95)}" if p95 is not None else "p95 -"
    return f"{event['rate_completed']:.0f}/s, {event['failed']} failed, {shown}"


def summarize(proof: Proof, folder: Path | None) -> None:
    """Print the verdict, a row an objective, the checks, where the time went, and where the files are."""
    verdict = proof.verdict
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("objective", "measured", "asked", "budget spent", "verdict"):
        table.add_column(heading, overflow="fold")
    for objective in verdict.objectives:
        table.add_row(*_row(objective))
    _output.print()
    _output.print(table)
    _output.print()
    for check in verdict.checks:
        _output.print(f"{_MARKS[check.status]} {check.name.replace('_', ' ')}: {escape(check.detail)}")
    if proof.timings:
        went = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in proof.timings)
        _output.print(f"\n[dim]time: {escape(went)}[/]")
    if folder:
        _output.print(f"[dim]report:[/] {escape(str(folder / 'report.html'))}")
    _output.print(Text(f"{verdict.outcome}", style=_STYLES[verdict.outcome]), show.headline(proof))


def _row(objective: ObjectiveVerdict) -> tuple[Text, Text, Text, Text, Text]:
    why = f" {objective.reason}: {objective.detail}" if objective.reason else ""
    name = f"{objective.slo} / {objective.objective}" if objective.objective else objective.slo
    return (
        Text(name),
        Text(show.measured(objective)),
        Text(show.asked(objective)),
        Text(show.budget(objective)),
        Text(objective.outcome, style=_STYLES[objective.outcome]).append(why, style="default"),
    )
