"""Which user class runs an arrival: arithmetic without a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

_SEED_BITS = 32


def create_class_selector(weights: Sequence[float], seed: int) -> Callable[[int], int]:
    """Return a function that gives the index of the n-th arrival's user class, by weight.

    It depends on the seed and the arrival only, so every process of a load chooses the same.
    """
    if len(weights) == 1:
        return lambda _: 0
    indexes = range(len(weights))
    return lambda number: Random(f"{seed << _SEED_BITS | number}/class").choices(indexes, weights)[0]
