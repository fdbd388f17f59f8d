"""HDR histograms of durations: three significant digits from 1 µs to 1 h, in constant memory.

The layout is that of HdrHistogram (G. Tene, http://hdrhistogram.org), so that counts can be written to its
log format; adding is vectorized, which is why it is not left to a library that records value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import numpy.typing as npt

from slo.model import Quantiles

LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS = 1, 3_600_000_000, 3
_HALF_BITS = 10
_HALF = 1 << _HALF_BITS  # half of the sub-buckets: 2 × 10³ values, to the next power of two
_BUCKETS = HIGHEST_MICROSECONDS.bit_length() - _HALF_BITS
_PLACES = (_BUCKETS + 1) * _HALF
_MICRO = 1e6

Seconds = npt.NDArray[np.float64]


class Histogram:
    """Counts of durations; of each value three digits are kept, of the highest and the sum all."""

    def __init__(self) -> None:
        self.counts = np.zeros(_PLACES, dtype=np.int64)
        self.total = 0
        self.highest = 0.0
        self.sum = 0.0

    def add(self, seconds: Seconds) -> None:
        """Count durations in seconds; beyond an hour they count as an hour, below nothing as nothing."""
        if not len(seconds):
            return
        micro = np.clip(np.rint(seconds * _MICRO), 0, HIGHEST_MICROSECONDS).astype(np.int64)
        self.counts += np.bincount(_places(micro), minlength=_PLACES)
        self.total += len(micro)
        self.highest = max(self.highest, float(seconds.max()))
        self.sum += float(np.maximum(seconds, 0).sum())

    def merge(self, other: Histogram) -> None:
        """Count what another one counted; nothing is lost by it."""
        self.counts += other.counts
        self.total += other.total
        self.highest = max(self.highest, other.highest)
        self.sum += other.sum

    def at_most(self, bounds: Sequence[float]) -> list[int]:
        """Count for each bound (seconds, whole microseconds) the values that are surely at or below it.

        They are those of the places that end there or below. Of a place that reaches beyond the bound nothing
        counts, so a value less than 0.1 % below its bound may be missing, and none above is ever counted.
        """
        beyond = np.rint(np.array(bounds) * _MICRO).astype(np.int64) + 1
        below = np.cumsum(self.counts)[_places(beyond) - 1]
        return [int(number) for number in below]

    def quantile(self, ratio: float) -> float | None:
        """Give the value of rank ⌈ratio × total⌉ in seconds, to three digits; ``None`` of nothing."""
        if not self.total:
            return None
        rank = max(ceil(ratio * self.total - 1e-9), 1)
        place = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min(_middle(place) / _MICRO, self.highest)

    def quantiles(self) -> Quantiles:
        """Give the percentiles that reports show."""
        if not self.total:
            return Quantiles()
        p50, p90, p95, p99, p99_9 = (self.quantile(ratio) for ratio in (0.5, 0.9, 0.95, 0.99, 0.999))
        return Quantiles(p50, p90, p95, p99, p99_9, self.highest, self.sum / self.total)


def _places(micro: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give each value's place: its power of two, and its leading bits within."""
    exponent = np.frexp(micro.astype(np.float64))[1].astype(np.int64)
    shift = np.maximum(exponent - (_HALF_BITS + 1), 0)
    places: npt.NDArray[np.int64] = shift * _HALF + (micro >> shift)
    return places


def lowest_of(place: int) -> tuple[int, int]:
    """Give the lowest value of a place, in microseconds, and how many values share it."""
    shift = max(place // _HALF - 1, 0)
    return (place - shift * _HALF) << shift, 1 << shift


def _middle(place: int) -> float:
    lowest, width = lowest_of(place)
    return lowest + (width - 1) / 2
