"""The history of runs, and comparisons of runs with it.

The history is an SQLite file that can be rebuilt from the run directories.
"""

from proofload.history.history import (
    HISTORY_FILE,
    HistoryError,
    accept_runs,
    add_run,
    read_entries,
    rebuild_history,
)
from proofload.history.run_comparison import (
    compare_run_entries,
    compare_with_baseline,
    select_figures,
)
from proofload.history.run_entry import REFERENCE_TARGET, RunEntry, create_entry, entries_to_json
from proofload.history.run_selection import select_baseline_runs, select_runs

__all__ = [
    "HISTORY_FILE",
    "REFERENCE_TARGET",
    "HistoryError",
    "RunEntry",
    "accept_runs",
    "add_run",
    "compare_run_entries",
    "compare_with_baseline",
    "create_entry",
    "entries_to_json",
    "read_entries",
    "rebuild_history",
    "select_baseline_runs",
    "select_figures",
    "select_runs",
]
