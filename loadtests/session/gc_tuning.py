"""Tunes the garbage collector so that it does not pause a load."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARE_THRESHOLD = 1_000_000
"""Allocations until a collection."""


@contextmanager
def collect_garbage_rarely() -> Iterator[None]:
    """Collect garbage now, then rarely until the context ends: a load creates few reference cycles."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_RARE_THRESHOLD, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
