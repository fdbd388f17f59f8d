"""Status lines, verdicts and load summaries in the terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, cast

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from reports.text import alert_text, failure_text, formatting, interval_text, objective_text
from slo.documents import (
    break_workflow_commands,
    flatten_text,
    make_terminal_safe,
    mask_text,
    replace_control_characters,
)
from slo.model import (
    Alert,
    Check,
    CheckStatus,
    FailedRequests,
    ObjectiveVerdict,
    Outcome,
    Proof,
    RequestCounts,
    RunRecord,
    describe_failed_tasks,
    summarize_failed_requests,
)

_OUTCOME_STYLES = {Outcome.MET: "bold green", Outcome.MISSED: "bold red", Outcome.UNDECIDED: "bold yellow"}
_CHECK_SYMBOLS = {
    CheckStatus.PASS: "[green]✓[/]",
    CheckStatus.FAIL: "[red]✗[/]",
    CheckStatus.SKIP: "[dim]-[/]",
}
_MAX_FAILURE_ROWS = 10
PLAIN_WIDTH = 120
"""Columns of output that is not a terminal, e.g. the log of a CI job."""


class _SafeStream:
    """A stream to which no line is written that a CI system would run as a command."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text of whole lines."""
        return self._stream.write(break_workflow_commands(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Console(Console):
    """A console for texts of others: it writes no control character of theirs, and no workflow command.

    It ignores a closed pipe: the exit code is still the verdict's.
    """

    @property
    def file(self) -> IO[str]:
        """The stream that is written to."""
        return cast("IO[str]", _SafeStream(super().file))

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        Console.file.__set__(self, new_file)  # type: ignore[attr-defined]  # the setter of the property

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render an object to segments without the control characters of its texts."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(replace_control_characters(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Discard the remaining output."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def _create_console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH)


error_console = _create_console(stderr=True)
"""Standard error, for status and progress."""
output_console = _create_console(stderr=False)
"""Standard output, for results."""


def echo(text: str, *, err: bool = False, newline: bool = True) -> None:
    """Print a message with masked secrets, safe for terminals and logs of CI jobs."""
    click.echo(make_terminal_safe(mask_text(text)), err=err, nl=newline)


def echo_json(data: object) -> None:
    """Print plain data to standard output as JSON that no CI system runs as a command."""
    text = json.dumps(data, indent=2)
    click.echo(re.sub(r"#(?=#\w*\[)|\x7f", lambda match: f"\\u{ord(match[0]):04x}", text))


def print_status(text: str) -> None:
    """Print a status line to standard error; secrets in it are masked."""
    error_console.print(f"[dim]·[/] {escape(mask_text(text))}")


def to_line(text: str, style: str = "") -> Text:
    """Return a text of others as one line without markup."""
    return Text(flatten_text(text), style=style)


def print_summary(proof: Proof, run_directory: Path | None) -> None:
    """Print objectives, reasons, alerts, checks, failed requests, duration of each stage, and the verdict."""
    verdict = proof.verdict
    parts = [
        _build_objectives_table(verdict.objectives),
        _build_reasons_table(verdict.objectives),
        _build_alerts_table(verdict.alerts),
        _build_checks_table(verdict.checks),
        _build_failures_table(verdict.failed_requests),
    ]
    for part in parts:
        if part.row_count:
            output_console.print("", part, sep="\n")
    if proof.timings:
        timings = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in proof.timings)
        output_console.print(f"\n[dim]time: {escape(timings)}[/]")
    if run_directory:
        output_console.print(f"[dim]report:[/] {escape(str(run_directory / 'report.html'))}", soft_wrap=True)
    output_console.print(_format_outcome(verdict.outcome), to_line(objective_text.format_headline(proof)))


def print_load_summary(record: RunRecord, run_directory: Path) -> None:
    """Print what was sent: one row for each request name, the failures, and the path of the record."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("request")
    for heading in ("offered", "sent", "completed", "failed", "dropped", "p50", "p95", "p99", "lateness p99"):
        table.add_column(heading, justify="right")
    for name, counts in {**record.requests, "all": record.total}.items():
        times = counts.response_time
        numbers = (counts.offered, counts.sent, counts.completed, counts.failed, counts.dropped)
        quantiles = (times.p50, times.p95, times.p99, counts.lateness.p99)
        table.add_row(
            to_line(name), *map(formatting.format_count, numbers), *map(formatting.format_seconds, quantiles)
        )
    output_console.print("", table, "", sep="\n")
    if record.aborted:
        output_console.print(f"[red]✗[/] aborted: {escape(flatten_text(record.aborted))}")
    if lost := sum(process.lost for process in record.processes):
        output_console.print(f"[red]✗[/] {lost} of {len(record.processes)} generator processes lost")
    if problem := describe_failed_tasks(record.tasks):
        output_console.print(f"[red]✗[/] {escape(flatten_text(problem))}")
    if (failures := _build_failures_table(summarize_failed_requests(record))).row_count:
        output_console.print(failures)
    for error, number in _count_dropped(record.total).items():
        output_console.print(f"[red]✗[/] {number:,} dropped: {escape(flatten_text(error))}")
    output_console.print(f"[dim]record:[/] {escape(str(run_directory / 'run.json'))}", soft_wrap=True)


def _count_dropped(total: RequestCounts) -> Counter[str]:
    """Return the number of dropped requests by error class."""
    dropped = Counter(total.errors)
    for failure in total.list_failures():
        dropped[failure.error] -= failure.count
    return +dropped


def _build_failures_table(failed: FailedRequests | None) -> Table:
    """List how many requests failed, by name and reason; empty if none failed."""
    table = Table.grid(padding=(0, 1))
    if failed is None or not failed.failed:
        return table
    table.add_row("[red]✗[/]", Text(failure_text.format_failed_share(failed)))
    for count, request, reason in failure_text.build_failure_rows(failed, _MAX_FAILURE_ROWS):
        table.add_row("", to_line(f"{count} {request}: {reason}"))
    if omitted := failure_text.format_omitted(failed, _MAX_FAILURE_ROWS):
        table.add_row("", Text(omitted))
    return table


def _build_objectives_table(objectives: Sequence[ObjectiveVerdict]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("verdict")
    table.add_column("objective", no_wrap=True)
    for heading in ("measured", interval_text.format_interval_heading(objectives), "target", "budget spent"):
        table.add_column(heading, overflow="fold")
    for objective in objectives:
        name = to_line(objective.slo)
        if objective.objective:
            name.append_text(Text("\n") + to_line(objective.objective, "dim"))
        cells = (
            objective_text.format_measured(objective),
            interval_text.format_confidence_interval(objective),
            objective_text.format_target(objective),
            objective_text.format_budget_spent(objective),
        )
        table.add_row(_format_outcome(objective.outcome), name, *map(to_line, cells))
    return table


def _build_reasons_table(objectives: Sequence[ObjectiveVerdict]) -> Table:
    """List the reasons of UNDECIDED objectives; objectives with the same reason share a row."""
    names_by_reason: dict[str, list[str]] = {}
    for objective in objectives:
        if objective.reason:
            reason = f"{objective.reason}: {objective.detail}"
            names_by_reason.setdefault(reason, []).append(objective.slo)
    table = Table.grid(padding=(0, 1))
    for reason, names in names_by_reason.items():
        table.add_row("[yellow]?[/]", to_line(f"{', '.join(dict.fromkeys(names))}: {reason}"))
    return table


def _build_alerts_table(alerts: Sequence[Alert]) -> Table:
    table = Table(
        title=alert_text.HEADING, title_justify="left", title_style="", box=None, padding=(0, 2, 0, 0),
        header_style="dim",
    )  # fmt: skip
    for heading in ("alert", "severity", "condition", "peak", "when"):
        table.add_column(heading, overflow="fold")
    for alert in alert_text.sort_alerts(alerts):
        name = to_line(alert_text.format_alert_name(alert))
        name.append_text(Text("\n") + to_line(alert_text.format_alert_objective(alert), "dim"))
        firings = alert_text.describe_firings(alert)
        if not alert.firings:
            firings = ". ".join(filter(None, (alert_text.format_state(alert), firings)))
        cells = (
            alert.policy.condition.severity,
            alert_text.format_condition(alert),
            alert_text.format_peak(alert),
            firings,
        )
        table.add_row(name, *map(to_line, cells))
    return table


def _build_checks_table(checks: Sequence[Check]) -> Table:
    table = Table.grid(padding=(0, 1))
    for check in checks:
        table.add_row(_CHECK_SYMBOLS[check.status], check.name.replace("_", " "), to_line(check.detail))
    return table


def _format_outcome(outcome: Outcome) -> Text:
    return Text(outcome, style=_OUTCOME_STYLES[outcome])
