"""A process with its log: started, awaited until ready, and stopped by its own id on every way out."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import requests

STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
_SET_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


class SupervisedError(Exception):
    """A process ended, or was not ready in time; the message holds the last lines of its log."""


class Supervised:
    """One process in a session of its own, so that Ctrl-C reaches it through us, in our order.

    Where the system can (Linux), it is told to end when we die, however we die.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands, arguments as a list
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one prctl
            )

    def await_ready(self, url: str, seconds: float) -> None:
        """Wait until a GET of ``url`` is answered with 200.

        Raises:
            SupervisedError: the process ended, or is not ready after ``seconds``.
        """
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                raise SupervisedError(self._told(f"{self.name} ended with code {self._process.returncode}"))
            try:
                if requests.get(url, timeout=1).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(POLL_SECONDS)
        raise SupervisedError(self._told(f"{self.name} was not ready after {seconds:.0f} s"))

    def stop(self) -> None:
        """End the process and all of its session: politely first, then for good."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _told(self, what: str) -> str:
        last = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        return "\n  ".join([f"{what}; its log ({self._log}) ends:", *last])


def end_with_parent() -> None:
    """Ask the kernel to end the calling process when its parent dies (Linux)."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
