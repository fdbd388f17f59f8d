"""HDR histograms of durations: three significant digits from 1 µs to 1 h, in constant memory.

The layout is that of HdrHistogram (G. Tene, http://hdrhistogram.org), so that counts can be written to its
log format; adding is vectorized, which is why it is not left to a library that records value by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from slo.model import Quantiles

LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS = 1, 3_600_000_000, 3
_HALF_BITS = 10
_HALF = 1 << _HALF_BITS  # half of the sub-buckets: 2 × 10³ values, to the next power of two
_MICRO = 1e6

Seconds = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_NOTHING: Counts = np.zeros(0, dtype=np.int64)


class Histogram:
    """Counts of durations; of each value three digits are kept, of the highest and the sum all.

    Only places between the lowest and the highest that was counted take memory.
    """

    __slots__ = ("_counts", "_low", "highest", "sum", "total")

    def __init__(self) -> None:
        self._low, self._counts = 0, _NOTHING
        self.total = 0
        self.highest = 0.0
        self.sum = 0.0

    def add(self, seconds: Seconds) -> None:
        """Count durations in seconds; beyond an hour they count as an hour, below nothing as nothing."""
        if not len(seconds):
            return
        micro = np.clip(np.rint(seconds * _MICRO), 0, HIGHEST_MICROSECONDS).astype(np.int64)
        places = _places(micro)
        low = int(places.min())
        self._add(low, np.bincount(places - low))
        self.total += len(micro)
        self.highest = max(self.highest, float(seconds.max()))
        self.sum += float(np.maximum(seconds, 0).sum())

    def merge(self, other: Histogram) -> None:
        """Count what another one counted; nothing is lost by it."""
        if not other.total:
            return
        self._add(other._low, other._counts)
        self.total += other.total
        self.highest = max(self.highest, other.highest)
        self.sum += other.sum

    def _add(self, low: int, counts: Counts) -> None:
        """Add counts of the places from ``low`` on."""
        if not len(self._counts):
            self._low, self._counts = low, counts.astype(np.int64)
            return
        first = min(low, self._low)
        end = max(low + len(counts), self._low + len(self._counts))
        if end - first > len(self._counts):
            wider = np.zeros(end - first, dtype=np.int64)
            wider[self._low - first : self._low - first + len(self._counts)] = self._counts
            self._low, self._counts = first, wider
        self._counts[low - self._low : low - self._low + len(counts)] += counts

    def places(self) -> tuple[Counts, Counts]:
        """Give the places that hold something, ascending, and how much each holds."""
        held = np.flatnonzero(self._counts)
        return held + self._low, self._counts[held]

    def to_wire(self) -> list[Any]:
        """Give plain data that msgpack can send."""
        places, counts = self.places()
        return [
            places.astype("<i4").tobytes(),
            counts.astype("<i8").tobytes(),
            self.total,
            self.highest,
            self.sum,
        ]

    @classmethod
    def from_wire(cls, data: Sequence[Any]) -> Histogram:
        """Read what :meth:`to_wire` gave."""
        histogram = cls()
        places, counts = np.frombuffer(data[0], "<i4"), np.frombuffer(data[1], "<i8")
        if len(places):
            low = int(places[0])
            histogram._add(low, np.bincount(places - low, weights=counts).astype(np.int64))
        histogram.total, histogram.highest, histogram.sum = data[2:]
        return histogram

    def values(self) -> list[tuple[float, int]]:
        """List each value that was counted, in seconds to three digits, and how often."""
        places, counts = self.places()
        return [
            (min(_middle(place) / _MICRO, self.highest), count)
            for place, count in zip(places.tolist(), counts.tolist(), strict=True)
        ]

    def at_most(self, bounds: Sequence[float]) -> list[int]:
        """Count for each bound (seconds, whole microseconds) the values that are surely at or below it.

        They are those of the places that end there or below. Of a place that reaches beyond the bound nothing
        counts, so a value less than 0.1 % below its bound may be missing, and none above is ever counted.
        """
        beyond = np.rint(np.array(bounds) * _MICRO).astype(np.int64) + 1
        places, counts = self.places()
        held = np.concatenate([[0], np.cumsum(counts)])
        return [int(number) for number in held[np.searchsorted(places, _places(beyond))]]

    def quantile(self, ratio: float) -> float | None:
        """Give the value of rank ⌈ratio × total⌉ in seconds, to three digits; ``None`` of nothing."""
        if not self.total:
            return None
        rank = max(ceil(ratio * self.total - 1e-9), 1)
        place = self._low + int(np.searchsorted(np.cumsum(self._counts), rank))
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
