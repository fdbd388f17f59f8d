"""Metrics of several workers: prometheus_client's multiprocess mode, values in files of a shared folder.

In this mode Prometheus sees no ``_created`` samples and none of the process collector. The start of the
first worker is given as ``process_start_time_seconds``: since then the counters count, for those of a worker
that was replaced stay. A later start would tell that they began anew.
"""

import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, multiprocess

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def shared() -> bool:
    """Whether this process shares its metrics with other workers."""
    return VARIABLE in os.environ


def join(registry: CollectorRegistry) -> None:
    """Begin as one of the workers; forget the gauges of those that died without a word."""
    for pid in _pids():
        if not _alive(pid):
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
    Gauge(
        "process_start_time_seconds",
        "Start of the first worker, Unix seconds.",
        registry=registry,
        multiprocess_mode="min",
    ).set(time.time())


def leave() -> None:
    """Take this worker's gauges out of the totals; its counters stay."""
    multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _pids() -> set[int]:
    """Processes that have written gauges: files are named ``gauge_<mode>_<pid>.db``."""
    return {int(path.stem.rpartition("_")[2]) for path in Path(os.environ[VARIABLE]).glob("gauge_live*.db")}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
