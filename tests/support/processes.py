"""Starts the command line in its own process and finds processes that it leaves running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MARK = "PROOFLOAD_TEST_MARK"
RUN_SECONDS = 150


@dataclass
class ProcessFamily:
    """A command and its child processes, found by a mark in their environment."""

    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self, arguments: Sequence[str], cwd: Path, **environment: str) -> subprocess.Popen[str]:
        repository = Path(__file__).resolve().parents[2]
        return subprocess.Popen(
            [sys.executable, "-m", "proofload", *arguments],
            cwd=cwd,
            env=os.environ | {MARK: self.mark, "PYTHONPATH": str(repository)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_restore_interrupts,  # noqa: PLW1509 - it takes no lock
        )

    def list_processes(self) -> list[psutil.Process]:
        """Return the running processes that have the mark."""
        return [process for process in psutil.process_iter() if self._has_mark(process)]

    def _has_mark(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            return False

    def find(self, text: str) -> psutil.Process:
        """Return the only process whose command line contains a text; for workers, their parent."""
        found = [process for process in self.list_processes() if text in " ".join(process.cmdline())]
        found = [process for process in found if process.ppid() not in {other.pid for other in found}]
        assert len(found) == 1, f"{text!r} matches {[process.cmdline() for process in found]}"
        return found[0]


def _restore_interrupts() -> None:
    """Restore the default SIGINT handler, which a shell without job control disables for background jobs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def process_family() -> Iterator[ProcessFamily]:
    """Yield a :class:`ProcessFamily`; kill its remaining processes at the end."""
    family = ProcessFamily()
    try:
        yield family
    finally:
        for process in family.list_processes():
            process.kill()
