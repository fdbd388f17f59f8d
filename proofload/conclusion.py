"""How a command ends that reached a verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from proofload import terminal
from slo.model import Outcome, Proof

EXIT_CODES = {Outcome.MET: 0, Outcome.MISSED: 1, Outcome.UNDECIDED: 3}


def conclude(proof: Proof, folder: Path | None) -> NoReturn:
    """Print the verdict and end with its exit code."""
    terminal.summarize(proof, folder)
    sys.exit(EXIT_CODES[proof.verdict.outcome])
