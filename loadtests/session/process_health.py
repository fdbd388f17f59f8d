"""Health of a generator process: its CPU use and the lag of its event loop."""

from __future__ import annotations

import os
import socket
from time import perf_counter
from types import TracebackType
from typing import Self

import gevent
import numpy as np
import psutil

from loadtests.recording import DurationHistogram
from slo.model import GeneratorProcess

CHECK_INTERVAL_SECONDS = 0.02
"""Time between two measurements of the lag."""


class ProcessHealthMonitor:
    """Measures this process while it is entered as a context manager."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._loop_lags = DurationHistogram()
        self._wall_seconds = self._used_cpu_seconds = 0.0
        self._watcher: gevent.Greenlet[[], None] | None = None

    def __enter__(self) -> Self:
        self._wall_seconds, self._used_cpu_seconds = -perf_counter(), -_read_cpu_seconds(self._process)
        self._watcher = gevent.spawn(self._watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher:
            self._watcher.kill()
        self._wall_seconds += perf_counter()
        self._used_cpu_seconds += _read_cpu_seconds(self._process)

    def read_health(self) -> GeneratorProcess:
        """Return what was measured."""
        has_measured = self._wall_seconds > 0
        cpu_ratio = round(self._used_cpu_seconds / self._wall_seconds, 4) if has_measured else None
        return GeneratorProcess(
            socket.gethostname(),
            os.getpid(),
            cpu_ratio=cpu_ratio,
            loop_lag_p99_seconds=self._loop_lags.compute_quantile(0.99),
            loop_lag_max_seconds=self._loop_lags.highest if self._loop_lags.total else None,
        )

    def _watch(self) -> None:
        while True:
            due = perf_counter() + CHECK_INTERVAL_SECONDS
            gevent.sleep(CHECK_INTERVAL_SECONDS)
            self._loop_lags.add(np.array([max(perf_counter() - due, 0.0)]))


def _read_cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
