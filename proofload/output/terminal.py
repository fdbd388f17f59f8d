"""What a person sees in the terminal: the stages, the load as it goes, and the verdict."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from proofload.pipeline import Narrator
from proofload.stack.load_process import Event
from reports.text import alert_text, formatting, interval_text
from slo.model import Alert, Check, CheckStatus, ObjectiveVerdict, Outcome, Proof, RunRecord

PLAIN_SECONDS = 5.0
"""Distance of progress lines where there is no terminal to redraw."""

_STYLES = {Outcome.MET: "bold green", Outcome.MISSED: "bold red", Outcome.UNDECIDED: "bold yellow"}
_MARKS = {CheckStatus.PASS: "[green]✓[/]", CheckStatus.FAIL: "[red]✗[/]", CheckStatus.SKIP: "[dim]-[/]"}

PLAIN_WIDTH = 120
"""Columns where there is no terminal to ask: the log of a CI job."""


class _Console(Console):
    """Falls silent when nobody reads any more: the exit code still counts."""

    def on_broken_pipe(self) -> None:
        """Drop what is left to say."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH)


_errors = _console(stderr=True)
output = _console(stderr=False)
"""Standard output, where results go."""


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
    shown = f"p95 {formatting.seconds(p95)}" if p95 is not None else "p95 -"
    return f"{event['rate_completed']:.0f}/s, {event['failed']} failed, {shown}"


def summarize(proof: Proof, folder: Path | None) -> None:
    """Print a row an objective, why some are undecided, the checks, where the time went, the verdict."""
    verdict = proof.verdict
    parts = [
        _objectives(verdict.objectives),
        _reasons(verdict.objectives),
        _alerts(verdict.alerts),
        _checks(verdict.checks),
    ]
    for part in parts:
        if part.row_count:
            output.print("", part, sep="\n")
    if proof.timings:
        went = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in proof.timings)
        output.print(f"\n[dim]time: {escape(went)}[/]")
    if folder:
        output.print(f"[dim]report:[/] {escape(str(folder / 'report.html'))}", soft_wrap=True)
    output.print(_verdict(verdict.outcome), formatting.headline(proof))


def summarize_load(record: RunRecord, folder: Path) -> None:
    """Print what was sent: a row a request name, the failures, and where the files are."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("request")
    for heading in ("offered", "sent", "completed", "failed", "dropped", "p50", "p95", "p99", "late p99"):
        table.add_column(heading, justify="right")
    for name, counts in {**record.requests, "all": record.total}.items():
        times = counts.response_time
        numbers = (counts.offered, counts.sent, counts.completed, counts.failed, counts.dropped)
        quantiles = (times.p50, times.p95, times.p99, counts.lateness.p99)
        table.add_row(escape(name), *map(formatting.count, numbers), *map(formatting.seconds, quantiles))
    output.print("", table, "", sep="\n")
    if record.aborted:
        output.print(f"[red]✗[/] given up: {escape(record.aborted)}")
    if lost := sum(one.lost for one in record.processes):
        output.print(f"[red]✗[/] {lost} of {len(record.processes)} generator processes lost")
    for error, number in record.total.errors.items():
        output.print(f"[red]✗[/] {number:,} {escape(error)}")
    output.print(f"[dim]record:[/] {escape(str(folder / 'run.json'))}", soft_wrap=True)


def _objectives(objectives: Sequence[ObjectiveVerdict]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("verdict")
    table.add_column("objective", no_wrap=True)
    for heading in ("measured", interval_text.heading(objectives), "asked", "budget spent"):
        table.add_column(heading, overflow="fold")
    for one in objectives:
        name = Text(one.slo)
        if one.objective:
            name.append(f"\n{one.objective}", style="dim")
        cells = (
            formatting.measured(one),
            interval_text.interval(one),
            formatting.asked(one),
            formatting.budget(one),
        )
        table.add_row(_verdict(one.outcome), name, *map(Text, cells))
    return table


def _reasons(objectives: Sequence[ObjectiveVerdict]) -> Table:
    """Say why objectives are undecided, those of one reason together."""
    grouped: dict[str, list[str]] = {}
    for one in objectives:
        if one.reason:
            grouped.setdefault(f"{one.reason}: {one.detail}", []).append(one.slo)
    table = Table.grid(padding=(0, 1))
    for reason, names in grouped.items():
        table.add_row("[yellow]?[/]", Text(f"{', '.join(dict.fromkeys(names))}: {reason}"))
    return table


def _alerts(conditions: Sequence[Alert]) -> Table:
    table = Table(
        title=alert_text.HEADING, title_justify="left", title_style="", box=None, padding=(0, 2, 0, 0),
        header_style="dim",
    )  # fmt: skip
    for heading in ("alert", "severity", "condition", "peak", "when"):
        table.add_column(heading, overflow="fold")
    for one in alert_text.ordered(conditions):
        name = Text(alert_text.title(one))
        name.append(f"\n{alert_text.objective(one)}", style="dim")
        when = (
            alert_text.told(one)
            if one.firings
            else ". ".join(filter(None, (alert_text.state(one), alert_text.told(one))))
        )
        shown = (one.policy.condition.severity, alert_text.condition(one), alert_text.peak(one), when)
        table.add_row(name, *map(Text, shown))
    return table


def _checks(checks: Sequence[Check]) -> Table:
    table = Table.grid(padding=(0, 1))
    for check in checks:
        table.add_row(_MARKS[check.status], check.name.replace("_", " "), escape(check.detail))
    return table


def _verdict(outcome: Outcome) -> Text:
    return Text(outcome, style=_STYLES[outcome])
