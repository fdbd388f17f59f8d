"""What people and other systems see of a run: terminal, GitHub Actions, Grafana annotations.

The report files are written by :mod:`reports`.
"""

from proofload.output.grafana_annotations import annotate_run
from proofload.output.progress import ProgressReporter, show_progress
from proofload.output.terminal import echo, echo_json, print_load_summary, print_status, print_summary
from proofload.output.terminal_comparison import print_comparison, print_history

__all__ = [
    "ProgressReporter",
    "annotate_run",
    "echo",
    "echo_json",
    "print_comparison",
    "print_history",
    "print_load_summary",
    "print_status",
    "print_summary",
    "show_progress",
]
