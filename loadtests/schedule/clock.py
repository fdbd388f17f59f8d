"""Unix time that never steps: read once, then advanced by the monotonic clock."""

from __future__ import annotations

from time import perf_counter, time

CLOCK_ORIGIN = time() - perf_counter()
"""Unix time at which :func:`time.perf_counter` was zero."""


def now() -> float:
    """Return the Unix time in seconds, to the microsecond."""
    return CLOCK_ORIGIN + perf_counter()
