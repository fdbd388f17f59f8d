"""``python -m proofload`` is ``proofload``."""

from __future__ import annotations

import sys
from pathlib import Path


def _forget_working_directory() -> None:
    """Remove the working directory from the import path, unless Proofload itself lies in it.

    ``python -m`` puts it first, where a user's ``requests.py`` or ``slo/`` would be imported instead of ours.
    """
    here = Path.cwd()
    if not sys.flags.safe_path and Path(__file__).resolve().parents[1] != here:
        sys.path[:] = [entry for entry in sys.path if entry and Path(entry) != here]


if __name__ == "__main__":
    _forget_working_directory()
    from proofload.cli.main import main

    main()
