"""The exit status of a command with a verdict, after the comparison with the baseline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from proofload.cli.cli_validation import USAGE_EXIT_CODE, exit_with_error
from proofload.output import print_comparison, print_status, print_summary
from proofload.pipeline import FinishedRun
from proofload.process import crash_reporter, format_error
from proofload.stack import LoadCrashedError, LoadError, LoadRejectedError, StackError
from slo.model import Conclusion, Outcome

VERDICT_EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}
COMPARISON_OUTCOMES = {Conclusion.REGRESSION: Outcome.MISSED, Conclusion.CANT_TELL: Outcome.UNDECIDED}
"""Outcome of a MET run after a comparison; other conclusions leave it MET."""
_WORST_FIRST = (Outcome.MISSED, Outcome.UNDECIDED, Outcome.MET)


def exit_for_failed_load(error: StackError | LoadError, prefix: str = "") -> NoReturn:
    """Exit for a stack or a load that failed: 2 for a rejected profile, 70 for a fault of ours, else 3."""
    match error:
        case LoadRejectedError():
            exit_with_error(str(error), USAGE_EXIT_CODE)
        case LoadCrashedError():
            sys.exit(crash_reporter.report(error))
        case _:
            exit_with_error(f"{prefix}{error}", VERDICT_EXIT_CODES[Outcome.UNDECIDED])


def report_and_exit(finished: FinishedRun, run_directory: Path | None) -> NoReturn:
    """Print the verdict and the comparison with the baseline, and exit with the worse outcome.

    A regression counts as MISSED; a comparison that can't tell or has no baseline counts as UNDECIDED. The
    exit code does not depend on whether the verdict could be printed. Without its report files a run has
    exit code 2, except where it is MISSED.
    """
    outcome = _find_worst_outcome(finished)
    code = VERDICT_EXIT_CODES[outcome]
    try:
        _print_results(finished, run_directory)
    except Exception as error:  # noqa: BLE001 - the verdict stands even if a fault of ours hides it
        place = crash_reporter.write_traceback(error)
        click.echo(f"proofload: {outcome}, but it can't be shown: {format_error(error)}; {place}", err=True)
    if finished.results_problem is not None:
        click.echo(f"proofload: {finished.results_problem}", err=True)
        code = code if outcome is Outcome.MISSED else USAGE_EXIT_CODE
    sys.exit(code)


def _find_worst_outcome(finished: FinishedRun) -> Outcome:
    outcomes = {finished.proof.verdict.outcome}
    if finished.comparison_problem is not None:
        outcomes.add(Outcome.UNDECIDED)
    if finished.comparison:
        outcomes.add(COMPARISON_OUTCOMES.get(finished.comparison.conclusion, Outcome.MET))
    return next(outcome for outcome in _WORST_FIRST if outcome in outcomes)


def _print_results(finished: FinishedRun, run_directory: Path | None) -> None:
    for warning in finished.warnings:
        print_status(warning)
    print_summary(finished.proof, run_directory)
    if finished.comparison_problem is not None:
        print_status(f"no comparison with the baseline: {finished.comparison_problem}")
    if finished.comparison:
        print_comparison(finished.comparison)
