"""``proofload compare`` and ``proofload history``: runs compared with a baseline, and the list of runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from proofload.cli.cli_validation import USAGE_EXIT_CODE, exit_with_error, read_option, write_or_exit
from proofload.cli.option_types import DurationType, FiniteRange, PathType
from proofload.history import (
    HISTORY_FILE,
    HistoryError,
    RunEntry,
    accept_runs,
    compare_run_entries,
    entries_to_json,
    read_entries,
    rebuild_history,
    select_baseline_runs,
    select_figures,
    select_runs,
)
from proofload.output import echo, echo_json, print_comparison, print_history, print_status
from reports.writers import comparison_to_json, comparison_to_markdown
from slo.model import DEFAULT_FIGURES, LAST_MET, MIN_EFFECT_RATIO, Comparison, Conclusion, Criteria

T = TypeVar("T")

CONCLUSION_EXIT_CODES = {
    Conclusion.IMPROVEMENT: 0,
    Conclusion.NO_DIFFERENCE: 0,
    Conclusion.REGRESSION: 1,
    Conclusion.CANT_TELL: 3,
}
_HISTORY_OPTION = click.option(
    "--history",
    "path",
    type=PathType(),
    default=HISTORY_FILE,
    show_default=True,
    help="History file.",
)


@click.command("compare")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--baseline",
    multiple=True,
    metavar="RUN|last-met[:N]|FILE",
    help="Runs of the baseline: runs, files of --export, or the newest N MET runs; can be given several "
    "times. Default: last-met.",
)
@click.option("--figure", "patterns", multiple=True, metavar="NAME", help="Figure to compare, e.g. 'sli/*'.")
@click.option(
    "--tolerance",
    type=FiniteRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help="Relative change to tolerate (0.05: 5 %).",
)
@click.option(
    "--least-time",
    type=DurationType(),
    default="1ms",
    show_default=True,
    help="Difference of times to tolerate.",
)
@click.option(
    "--least-ratio",
    type=FiniteRange(0, 1, min_open=True),
    default=MIN_EFFECT_RATIO,
    show_default=True,
    help="Difference of shares to tolerate.",
)
@click.option(
    "--confidence",
    type=FiniteRange(0.5, 1, max_open=True),
    default=0.95,
    show_default=True,
    help="Confidence level of the intervals.",
)
@click.option(
    "--minimum-runs",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Runs needed on a side to estimate how much its runs vary.",
)
@click.option("--export", type=PathType(), help="Write RUN... to this file, to use it as a baseline.")
@click.option("--markdown", type=PathType(), help="Write Markdown to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@_HISTORY_OPTION
def compare_command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    runs: tuple[str, ...],
    baseline: tuple[str, ...],
    patterns: tuple[str, ...],
    tolerance: float,
    least_time: float,
    least_ratio: float,
    confidence: float,
    minimum_runs: int,
    export: Path | None,
    markdown: Path | None,
    as_json: bool,
    path: Path,
) -> None:
    """Compare runs with a baseline: improvement, regression, no difference shown, or can't tell.

    RUN is an id (or its first characters), a run directory, a file of --export, or `latest`. Exit codes: 0
    no regression, 1 regression, 2 bad usage or input, 3 can't tell, or no baseline.
    """
    entries = _read_or_exit(partial(read_entries, path))
    candidate = _read_or_exit(partial(select_runs, runs, entries, path))
    if export:
        write_or_exit({export: json.dumps(entries_to_json(candidate), indent=2) + "\n"})
        if not baseline:
            echo(f"{len(candidate)} runs written to {export}")
            return
    names = baseline or (LAST_MET,)
    baseline_runs = _read_or_exit(partial(select_baseline_runs, names, candidate, entries, path))
    compared = [*candidate, *baseline_runs]
    figures = read_option(
        partial(select_figures, patterns or DEFAULT_FIGURES, compared, least_time, least_ratio)
    )
    criteria = Criteria(figures, tolerance, confidence, minimum_runs)
    comparison = compare_run_entries(candidate, baseline_runs, entries, criteria)
    _report_and_exit(comparison, markdown, as_json=as_json)


def _report_and_exit(comparison: Comparison, markdown: Path | None, *, as_json: bool) -> None:
    """Write and print a comparison, and exit with its code."""
    if markdown:
        write_or_exit({markdown: comparison_to_markdown(comparison)})
    if as_json:
        echo_json(comparison_to_json(comparison))
    else:
        print_comparison(comparison)
    sys.exit(CONCLUSION_EXIT_CODES[comparison.conclusion])


@click.command("history")
@click.option("--profile", help="Only runs of this profile.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest N runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--plot", type=PathType(), help="Draw a chart of the runs into a .svg or .html file.")
@click.option("--rebuild", is_flag=True, help="Rebuild the history from the run directories.")
@click.option(
    "--accept",
    multiple=True,
    metavar="RUN",
    help="Accept a run as the new start of baselines, even if it is a regression.",
)
@_HISTORY_OPTION
def history_command(
    profile: str | None,
    limit: int | None,
    as_json: bool,
    plot: Path | None,
    rebuild: bool,
    accept: tuple[str, ...],
    path: Path,
) -> None:
    """List the runs, newest first; plot them."""
    if plot and plot.suffix not in {".svg", ".html"}:
        raise click.UsageError(f"--plot {plot}: the file name must end in .svg or .html")
    if rebuild:
        _rebuild_history(path)
    if accept:
        _accept_runs(accept, path)
    entries = [
        entry for entry in _read_or_exit(partial(read_entries, path)) if profile in {None, entry.profile}
    ][:limit]
    if plot:
        _plot_runs(entries, plot, profile)
    if as_json:
        echo_json(entries_to_json(entries))
    elif entries:
        print_history(entries)
    else:
        echo(f"no runs in {path}", err=True)


def _rebuild_history(history_file: Path) -> None:
    number, problems = _read_or_exit(partial(rebuild_history, history_file))
    for problem in problems:
        print_status(f"left out: {problem}")
    print_status(f"{number} runs from {history_file.parent}")


def _accept_runs(names: Iterable[str], history_file: Path) -> None:
    entries = _read_or_exit(partial(read_entries, history_file))
    runs = _read_or_exit(partial(select_runs, names, entries, history_file))
    _read_or_exit(partial(accept_runs, runs, history_file))
    print_status(f"accepted: {', '.join(entry.id for entry in runs)}")


def _plot_runs(entries: Iterable[RunEntry], path: Path, profile: str | None) -> None:
    """Draw the runs; runs of several profiles look alike in the chart, so print a hint."""
    from reports import charts  # noqa: PLC0415 - loads matplotlib

    ordered = sorted(entries, key=lambda entry: entry.time)
    if not ordered:
        exit_with_error("there are no runs to draw", USAGE_EXIT_CODE)
    profiles = {entry.profile for entry in ordered}
    if len(profiles) > 1:
        print_status(f"the chart shows runs of {len(profiles)} profiles: --profile NAME selects one")
    points = [
        charts.TrendPoint(
            f"{datetime.fromtimestamp(entry.time, UTC):%m-%d %H:%M:%S}", entry.verdict, entry.figures
        )
        for entry in ordered
    ]
    title = f"{len(ordered)} runs of {profile or ', '.join(sorted(profiles))}"
    render = charts.render_trend_svg if path.suffix == ".svg" else charts.render_trend_html
    write_or_exit({path: render(points, title)})
    print_status(f"wrote {path}")


def _read_or_exit(read: Callable[[], T]) -> T:
    try:
        return read()
    except HistoryError as error:
        exit_with_error(str(error), USAGE_EXIT_CODE)
