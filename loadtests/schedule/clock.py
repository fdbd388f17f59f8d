"""Unix time that never steps: read once, then carried on by the monotonic clock."""

from __future__ import annotations

from time import perf_counter, time

ORIGIN = time() - perf_counter()
"""Unix time at which :func:`time.perf_counter` was zero."""


def now() -> float:
    """Give the Unix time in seconds, to the microsecond."""
    return ORIGIN + perf_counter()
