"""The exit status of a command with a verdict, after the comparison with the baseline."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

from proofload.artifacts import write_text
from proofload.history import HistoryError, compare_with_baseline, mark_regression
from proofload.output import print_comparison, print_status, print_summary
from reports.writers import comparison_to_json, comparison_to_markdown
from slo.model import BaselinePolicy, Conclusion, Outcome, Proof

VERDICT_EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}
COMPARISON_OUTCOMES = {Conclusion.REGRESSION: Outcome.MISSED, Conclusion.CANT_TELL: Outcome.UNDECIDED}
"""Outcome of a MET run after a comparison; other conclusions leave it MET."""
_WORST_FIRST = (Outcome.MISSED, Outcome.UNDECIDED, Outcome.MET)


def report_and_exit(proof: Proof, run_directory: Path | None) -> NoReturn:
    """Print the verdict, compare the run with the baseline of its policy, and exit with the worse outcome.

    A regression counts as MISSED; a comparison that can't tell or has no baseline counts as UNDECIDED.
    """
    outcomes = {proof.verdict.outcome}
    print_summary(proof, run_directory)
    baseline = proof.verdict.policy.baseline
    if proof.run and run_directory and baseline:
        outcomes.add(_compare_with_baseline(baseline, run_directory))
    sys.exit(next(VERDICT_EXIT_CODES[outcome] for outcome in _WORST_FIRST if outcome in outcomes))


def _compare_with_baseline(baseline: BaselinePolicy, run_directory: Path) -> Outcome:
    try:
        comparison = compare_with_baseline(baseline, run_directory)
    except (HistoryError, ValueError) as error:
        print_status(f"no comparison with the baseline: {error}")
        return Outcome.UNDECIDED
    print_comparison(comparison)
    data = json.dumps(comparison_to_json(comparison), indent=2)
    write_text(run_directory / "comparison.json", f"{data}\n")
    write_text(run_directory / "comparison.md", comparison_to_markdown(comparison))
    if comparison.conclusion is Conclusion.REGRESSION:
        try:
            mark_regression(run_directory)
        except HistoryError as error:
            print_status(f"the history does not show the regression: {error}")
    return COMPARISON_OUTCOMES.get(comparison.conclusion, Outcome.MET)
