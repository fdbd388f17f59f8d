"""The progress of a run in the terminal: a line for each stage, and the load while it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from proofload.output.terminal import error_console, print_status
from proofload.stack import LoadEvent
from reports.text import formatting

PLAIN_INTERVAL_SECONDS = 5.0
"""Time between progress lines if standard error is not a terminal."""


@dataclass(frozen=True, slots=True)
class ProgressReporter:
    """Reports the stages of a run and the progress of its load to a person."""

    report_status: Callable[[str], None]
    report_progress: Callable[[LoadEvent], None]


@contextmanager
def show_progress() -> Iterator[ProgressReporter]:
    """Show progress on standard error: one updated line on a terminal, else a line every few seconds."""
    if error_console.is_terminal:
        with Live(console=error_console, refresh_per_second=4, transient=True) as live:
            yield ProgressReporter(print_status, lambda event: live.update(_format_progress(event)))
        return
    last = -PLAIN_INTERVAL_SECONDS

    def print_line(event: LoadEvent) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_INTERVAL_SECONDS:
            last = time.monotonic()
            times = f"{event['elapsed_seconds']:.0f} s of {event['duration_seconds']:.0f} s"
            print_status(f"{times}, {_format_load_figures(event)}")

    yield ProgressReporter(print_status, print_line)


def _format_progress(event: LoadEvent) -> Table:
    elapsed, duration = event["elapsed_seconds"], event["duration_seconds"]
    row = Table.grid(padding=(0, 2))
    row.add_row(
        ProgressBar(total=duration or 1, completed=min(elapsed, duration), width=24),
        f"{max(duration - elapsed, 0):.0f} s left",
        _format_load_figures(event),
    )
    return row


def _format_load_figures(event: LoadEvent) -> str:
    p95 = event.get("p95_seconds")
    latency = f"p95 {formatting.format_seconds(p95)}" if p95 is not None else "p95 -"
    return f"{event['rate_completed']:.0f}/s, {event['failed']} failed, {latency}"
