"""``python -m proofload`` is ``proofload``."""

from __future__ import annotations

import sys

from proofload.process import exit_at_once_when_interrupted


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback also while it is imported."""
    exit_at_once_when_interrupted()
    from proofload.cli.main import main as run_command_line  # noqa: PLC0415 - after the signal handlers

    run_command_line()


def _forget_working_directory() -> None:
    """Remove the working directory from the import path, unless Proofload itself lies in it.

    ``python -m`` puts it first, where a user's ``requests.py`` or ``slo/`` would be imported instead of ours.
    """
    from pathlib import Path  # noqa: PLC0415 - after the signal handlers

    here = Path.cwd()
    if not sys.flags.safe_path and Path(__file__).resolve().parents[1] != here:
        sys.path[:] = [entry for entry in sys.path if entry and Path(entry) != here]


if __name__ == "__main__":
    exit_at_once_when_interrupted()
    _forget_working_directory()
    main()
