"""How a generator's process is doing: what it takes of its core, and how late its loop comes round."""

from __future__ import annotations

import os
import socket
from time import perf_counter
from types import TracebackType
from typing import Self

import gevent
import numpy as np
import psutil

from loadtests.recording.hdr_histogram import Histogram
from slo.model import GeneratorProcess

LOOK_SECONDS = 0.02
"""How often the loop is looked at."""


class Health:
    """Watches this process between being entered and being left."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._lags = Histogram()
        self._wall = self._cpu = 0.0
        self._watching: gevent.Greenlet[[], None] | None = None

    def __enter__(self) -> Self:
        self._wall, self._cpu = -perf_counter(), -_cpu_seconds(self._process)
        self._watching = gevent.spawn(self._watch)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watching:
            self._watching.kill()
        self._wall += perf_counter()
        self._cpu += _cpu_seconds(self._process)

    def reading(self) -> GeneratorProcess:
        """Give what was seen."""
        return GeneratorProcess(
            socket.gethostname(),
            os.getpid(),
            cpu_ratio=round(self._cpu / self._wall, 4) if self._wall > 0 else None,
            loop_lag_p99_seconds=self._lags.quantile(0.99),
            loop_lag_max_seconds=self._lags.highest if self._lags.total else None,
        )

    def _watch(self) -> None:
        while True:
            due = perf_counter() + LOOK_SECONDS
            gevent.sleep(LOOK_SECONDS)
            self._lags.add(np.array([max(perf_counter() - due, 0.0)]))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
