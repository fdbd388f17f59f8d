"""The garbage collector, kept from pausing a load."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARE = 1_000_000


@contextmanager
def rare_collection() -> Iterator[None]:
    """Collect now, and seldom until the end: a load makes little that needs it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_RARE, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
