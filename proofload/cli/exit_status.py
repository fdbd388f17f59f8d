"""The exit status of a command with a verdict, after the comparison with the baseline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from proofload.output import print_comparison, print_status, print_summary
from proofload.pipeline import FinishedRun
from slo.model import Conclusion, Outcome

VERDICT_EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}
COMPARISON_OUTCOMES = {Conclusion.REGRESSION: Outcome.MISSED, Conclusion.CANT_TELL: Outcome.UNDECIDED}
"""Outcome of a MET run after a comparison; other conclusions leave it MET."""
_WORST_FIRST = (Outcome.MISSED, Outcome.UNDECIDED, Outcome.MET)


def report_and_exit(finished: FinishedRun, run_directory: Path | None) -> NoReturn:
    """Print the verdict and the comparison with the baseline, and exit with the worse outcome.

    A regression counts as MISSED; a comparison that can't tell or has no baseline counts as UNDECIDED.
    """
    outcomes = {finished.proof.verdict.outcome}
    print_summary(finished.proof, run_directory)
    if finished.comparison_problem is not None:
        print_status(f"no comparison with the baseline: {finished.comparison_problem}")
        outcomes.add(Outcome.UNDECIDED)
    if finished.comparison:
        print_comparison(finished.comparison)
        outcomes.add(COMPARISON_OUTCOMES.get(finished.comparison.conclusion, Outcome.MET))
    sys.exit(next(VERDICT_EXIT_CODES[outcome] for outcome in _WORST_FIRST if outcome in outcomes))
