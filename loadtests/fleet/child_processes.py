"""The worker processes of this machine: child processes that end with their master."""

from __future__ import annotations

import os
import sys

from gevent import subprocess

STOP_SECONDS = 5.0
"""How long a worker may take to end after its standard input was closed."""


class ChildWorkers:
    """Worker processes of this machine; each ends when its standard input is closed."""

    def __init__(self, host: str, port: int, count: int) -> None:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        command = [
            sys.executable,
            "-P",
            "-m",
            "loadtests.fleet",
            "--child",
            "--parent",
            str(os.getpid()),
            address,
        ]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(count)
        ]

    def find_ended(self) -> set[int]:
        """Return the ids of the processes that have ended."""
        return {process.pid for process in self._processes if process.poll() is not None}

    def close(self) -> None:
        """End all processes; those that don't end in time are killed."""
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
