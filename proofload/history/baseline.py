"""A run held against the baseline that a policy names."""

from __future__ import annotations

from pathlib import Path

from proofload.history import history
from proofload.history.chosen_runs import baseline_runs
from proofload.history.history import HISTORY
from proofload.history.run_comparison import compare_runs, figures_for
from proofload.history.run_entry import FIGURES_FILE
from slo.model import Baseline
from slo.model.comparison import Comparison, Criteria


def against(baseline: Baseline, folder: Path, path: Path = HISTORY) -> Comparison:
    """Compare the run in a folder with its baseline.

    Raises:
        HistoryError: the run, or what is named as its baseline, can't be found or read.
        ValueError: a figure is named that the runs don't have.
    """
    known = history.entries(path)
    candidate = history.read_figures(folder / FIGURES_FILE)
    before = baseline_runs(baseline.runs, candidate, known, path)
    figures = figures_for(
        baseline.figures, [*candidate, *before], baseline.least_seconds, baseline.least_ratio
    )
    criteria = Criteria(figures, baseline.tolerance, baseline.confidence, baseline.minimum_runs)
    return compare_runs(candidate, before, known, criteria)
