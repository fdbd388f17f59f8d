"""Metrics of several workers: prometheus_client's multiprocess mode, with values in files of a shared folder.

This mode exposes no ``_created`` samples and no process metrics. ``process_start_time_seconds`` is the start
of the first worker, as the counters of replaced workers are preserved: a later start time would indicate a
counter reset.
"""

import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, multiprocess

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def is_shared() -> bool:
    """Whether this process shares its metrics with other workers."""
    return DIRECTORY_VARIABLE in os.environ


def register_worker(registry: CollectorRegistry) -> None:
    """Register this process as a worker, and remove the gauges of workers that were killed."""
    for pid in _find_worker_pids():
        if not _is_alive(pid):
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
    Gauge(
        "process_start_time_seconds",
        "Start of the first worker, Unix seconds.",
        registry=registry,
        multiprocess_mode="min",
    ).set(time.time())


def unregister_worker() -> None:
    """Remove this worker's gauges from the totals; its counters stay."""
    multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _find_worker_pids() -> set[int]:
    """Return the ids of processes with gauges, whose files are named ``gauge_<mode>_<pid>.db``."""
    return {
        int(path.stem.rpartition("_")[2])
        for path in Path(os.environ[DIRECTORY_VARIABLE]).glob("gauge_live*.db")
    }


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
