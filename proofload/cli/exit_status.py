"""How a command ends that reached a verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

from proofload.history.baseline import against
from proofload.history.history import HistoryError, note_regression
from proofload.output import terminal
from proofload.runs.run_directory import write_text
from slo.model import Baseline, Outcome, Proof
from slo.model.comparison import Comparison, Conclusion

EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}
COMPARED = {Conclusion.REGRESSION: Outcome.MISSED, Conclusion.CANT_TELL: Outcome.UNDECIDED}
"""What a comparison makes of a run that met its objectives; the other conclusions change nothing."""


def conclude(proof: Proof, folder: Path | None) -> NoReturn:
    """Print the verdict and end with its exit code; hold a run against its baseline where its policy asks.

    A regression counts as a miss. What can't be told, for want of a baseline too, is no pass.
    """
    outcomes = {proof.verdict.outcome}
    terminal.summarize(proof, folder)
    baseline = proof.verdict.policy.baseline
    if proof.run and folder and baseline:
        outcomes.add(_compared(baseline, folder))
    sys.exit(
        next(EXIT_CODES[one] for one in (Outcome.MISSED, Outcome.UNDECIDED, Outcome.MET) if one in outcomes)
    )


def _compared(baseline: Baseline, folder: Path) -> Outcome:
    from proofload.output.terminal_comparison import show_comparison  # noqa: PLC0415 - only where asked for
    from reports.writers import comparison as report  # noqa: PLC0415 - likewise

    try:
        found: Comparison = against(baseline, folder)
    except (HistoryError, ValueError) as error:
        terminal.say(f"no comparison with the baseline: {error}")
        return Outcome.UNDECIDED
    show_comparison(found)
    write_text(folder / "comparison.json", json.dumps(report.comparison_to_json(found), indent=2) + "\n")
    write_text(folder / "comparison.md", report.markdown(found))
    if found.conclusion is Conclusion.REGRESSION:
        try:
            note_regression(folder)
        except HistoryError as error:
            terminal.say(f"not noted in the history: {error}")
    return COMPARED.get(found.conclusion, Outcome.MET)
