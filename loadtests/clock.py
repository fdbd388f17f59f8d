"""Unix time that never steps: read once, then carried on by the monotonic clock."""

from __future__ import annotations

from time import perf_counter, time

_ORIGIN = time() - perf_counter()


def now() -> float:
    """Give the Unix time in seconds, to the microsecond."""
    return _ORIGIN + perf_counter()
