"""``proofload compare`` and ``proofload history``: runs against a baseline, and all runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from proofload.cli.cli_validation import USAGE, fail, usable
from proofload.cli.options import Duration
from proofload.history import history as kept
from proofload.history.chosen_runs import LAST_MET, baseline_runs, chosen_runs
from proofload.history.history import HISTORY, HistoryError
from proofload.history.run_comparison import DEFAULT_FIGURES, LEAST_RATIO, compare_runs, figures_for
from proofload.history.run_entry import Entry, to_json
from proofload.output.terminal import say
from proofload.runs.run_directory import write_text
from slo.model.comparison import Comparison, Conclusion, Criteria

EXIT_CODES = {
    Conclusion.IMPROVEMENT: 0,
    Conclusion.NO_DIFFERENCE: 0,
    Conclusion.REGRESSION: 1,
    Conclusion.CANT_TELL: 3,
}
_RUNS = click.option(
    "--history",
    "path",
    type=click.Path(path_type=Path),
    default=HISTORY,
    show_default=True,
    help="File of the history.",
)


@click.command("compare")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--baseline",
    multiple=True,
    metavar="RUN|last-met[:N]|FILE",
    help="What to compare with: runs, files of --export, or the newest MET runs; may be given several "
    "times. last-met by default.",
)
@click.option("--figure", "patterns", multiple=True, metavar="NAME", help="Figure to compare, e.g. 'sli/*'.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help="Relative change that does not matter yet (0.05: 5 %).",
)
@click.option(
    "--least-time", type=Duration(), default="1ms", show_default=True, help="Nor do times that differ less."
)
@click.option(
    "--least-ratio",
    type=click.FloatRange(0, 1, min_open=True),
    default=LEAST_RATIO,
    show_default=True,
    help="Nor do shares that differ less.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 1, max_open=True),
    default=0.95,
    show_default=True,
    help="Of the intervals.",
)
@click.option(
    "--minimum-runs",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Fewer runs on a side don't tell how much they vary.",
)
@click.option("--export", type=click.Path(path_type=Path), help="File to write RUN... to, as a baseline.")
@click.option("--markdown", type=click.Path(path_type=Path), help="File for Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@_RUNS
def compare_command(  # noqa: PLR0913, PLR0917 - one parameter an option
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

    RUN is an id (or its beginning), a run's folder, a file of --export, or `latest`. Exit codes: 0 no
    regression, 1 regression, 2 bad usage or input, 3 can't tell, or no baseline.
    """
    known = _or_usage(partial(kept.entries, path))
    candidate = _or_usage(partial(chosen_runs, runs, known, path))
    if export:
        _write(export, json.dumps(to_json(candidate), indent=2) + "\n")
        if not baseline:
            click.echo(f"{len(candidate)} runs written to {export}")
            return
    before = _or_usage(partial(baseline_runs, baseline or (LAST_MET,), candidate, known, path))
    figures = usable(
        partial(figures_for, patterns or DEFAULT_FIGURES, [*candidate, *before], least_time, least_ratio)
    )
    found = compare_runs(candidate, before, known, Criteria(figures, tolerance, confidence, minimum_runs))
    _conclude(found, markdown, as_json=as_json)


def _conclude(found: Comparison, markdown: Path | None, *, as_json: bool) -> None:
    """Write and print a comparison, and end with its exit code."""
    from proofload.output.terminal_comparison import show_comparison  # noqa: PLC0415 - likewise
    from reports.writers import comparison as report  # noqa: PLC0415 - only where something is shown

    if markdown:
        _write(markdown, report.markdown(found))
    if as_json:
        click.echo(json.dumps(report.comparison_to_json(found), indent=2))
    else:
        show_comparison(found)
    sys.exit(EXIT_CODES[found.conclusion])


@click.command("history")
@click.option("--profile", help="Only runs of this profile.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw them into a file .svg or .html, oldest first."
)
@click.option("--rebuild", is_flag=True, help="Make the history anew from the folders of the runs.")
@click.option(
    "--accept", multiple=True, metavar="RUN", help="Begin baselines anew with a run, a regression or not."
)
@_RUNS
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
        raise click.UsageError(f"--plot {plot}: name a file that ends in .svg or .html")
    if rebuild:
        _rebuild(path)
    if accept:
        _accept(accept, path)
    found = [one for one in _or_usage(partial(kept.entries, path)) if profile in {None, one.profile}][:limit]
    if plot:
        _plot(found, plot, profile)
    if as_json:
        click.echo(json.dumps(to_json(found), indent=2))
    elif found:
        from proofload.output.terminal_comparison import show_history  # noqa: PLC0415 - only where it is shown

        show_history(found)
    else:
        click.echo(f"no runs in {path}", err=True)


def _rebuild(path: Path) -> None:
    number, problems = _or_usage(partial(kept.rebuild, path))
    for problem in problems:
        say(f"left out: {problem}")
    say(f"{number} runs from {path.parent}")


def _accept(names: Iterable[str], path: Path) -> None:
    runs = _or_usage(partial(chosen_runs, names, _or_usage(partial(kept.entries, path)), path))
    _or_usage(partial(kept.accept, runs, path))
    say(f"accepted: {', '.join(one.id for one in runs)}")


def _plot(runs: Iterable[Entry], path: Path, profile: str | None) -> None:
    """Draw runs; those of several profiles in one picture are told apart by nobody, so name the profile."""
    from reports.charts.trend import Point, trend_html, trend_svg  # noqa: PLC0415 - matplotlib takes its time

    shown = sorted(runs, key=lambda one: one.time)
    if not shown:
        fail("there are no runs to draw", USAGE)
    profiles = {one.profile for one in shown}
    if len(profiles) > 1:
        say(f"runs of {len(profiles)} profiles in one picture: --profile NAME chooses one")
    points = [
        Point(f"{datetime.fromtimestamp(one.time, UTC):%m-%d %H:%M:%S}", one.verdict, one.figures)
        for one in shown
    ]
    title = f"{len(shown)} runs of {profile or ', '.join(sorted(profiles))}"
    draw: Callable[[Any, str], str] = trend_svg if path.suffix == ".svg" else trend_html
    _write(path, draw(points, title))
    say(f"drawn: {path}")


def _or_usage(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except HistoryError as error:
        fail(str(error), USAGE)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        fail(f"can't write {path}: {error.strerror}", USAGE)
