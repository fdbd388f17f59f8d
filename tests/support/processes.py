"""Starts the real command in a process of its own and finds whatever it leaves behind."""

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
class Marked:
    """A command whose whole family of processes can be found by a mark in their environment."""

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
            preexec_fn=_take_interrupts,  # noqa: PLW1509 - no thread holds a lock that it needs
        )

    def family(self) -> list[psutil.Process]:
        """List the living processes that bear the mark."""
        return [process for process in psutil.process_iter() if self._bears_mark(process)]

    def _bears_mark(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            return False

    def named(self, text: str) -> psutil.Process:
        """Give the one process whose command line holds a text; of workers, their parent."""
        found = [p for p in self.family() if text in " ".join(p.cmdline())]
        found = [p for p in found if p.ppid() not in {other.pid for other in found}]
        assert len(found) == 1, f"{text!r} matches {[p.cmdline() for p in found]}"
        return found[0]


def _take_interrupts() -> None:
    """Undo that a shell without job control has its background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def marked() -> Iterator[Marked]:
    """Give a :class:`Marked`, and kill what is left of its family at the end."""
    one = Marked()
    try:
        yield one
    finally:
        for process in one.family():
            process.kill()
