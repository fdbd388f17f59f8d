"""A child process with a log file: started, awaited until ready, and stopped by its own id."""

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

STOP_TIMEOUT_SECONDS = 10.0
POLL_INTERVAL_SECONDS = 0.05
_SET_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""


class ManagedProcessError(Exception):
    """A process ended, or was not ready in time; the message contains the last lines of its log."""


class ManagedProcess:
    """One process in its own session, so that Ctrl-C reaches it only through :meth:`stop`.

    On Linux the kernel terminates it when the parent process ends for any reason.
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
                # A single system call is safe between fork and exec.
                preexec_fn=terminate_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
            )

    def await_ready(self, url: str, timeout_seconds: float) -> None:
        """Wait until a GET of ``url`` is successful.

        Raises:
            ManagedProcessError: the process ended, or is not ready after ``timeout_seconds``.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                failure = f"{self.name} ended with code {self._process.returncode}"
                raise ManagedProcessError(self._describe_failure(failure))
            try:
                if requests.get(url, timeout=1).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(POLL_INTERVAL_SECONDS)
        failure = f"{self.name} was not ready after {timeout_seconds:.0f} s"
        raise ManagedProcessError(self._describe_failure(failure))

    def stop(self) -> None:
        """Stop the process and all processes of its session: SIGTERM first, then SIGKILL."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _describe_failure(self, failure: str) -> str:
        last_lines = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        return "\n  ".join([f"{failure}; its log ({self._log}) ends:", *last_lines])


def terminate_with_parent() -> None:
    """Make the kernel terminate the calling process when its parent process ends (Linux)."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
