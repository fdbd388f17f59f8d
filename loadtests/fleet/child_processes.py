"""The workers of this machine: child processes, ended with their master whatever happens to it."""

from __future__ import annotations

import sys

from gevent import subprocess

STOP_SECONDS = 5.0
"""How long a worker may take to end after the master said goodbye."""


class Children:
    """Worker processes of ours; each ends when its standard input does."""

    def __init__(self, host: str, port: int, number: int) -> None:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        command = [sys.executable, "-P", "-m", "loadtests.fleet", "--child", address]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(number)
        ]

    def gone(self) -> set[int]:
        """Give the process ids of those that have ended."""
        return {one.pid for one in self._processes if one.poll() is not None}

    def close(self) -> None:
        """End them all."""
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
