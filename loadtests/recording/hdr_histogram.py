"""HDR histograms of durations: three significant digits from 1 µs to 1 h, in constant memory.

The buckets are those of HdrHistogram (G. Tene, http://hdrhistogram.org), so that the counts can be written in
its log format. Values are added as arrays; HdrHistogram's own library records them one by one, which is too
slow here.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from slo.model import Quantiles

LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS = 1, 3_600_000_000, 3
_HALF_SUB_BUCKET_BITS = 10
_HALF_SUB_BUCKETS = 1 << _HALF_SUB_BUCKET_BITS
"""Half of the sub-buckets: 2 × 10³ values, rounded up to a power of two."""
_MICROSECONDS_PER_SECOND = 1e6

SecondsArray = npt.NDArray[np.float64]
CountsArray = npt.NDArray[np.int64]
_NO_COUNTS: CountsArray = np.zeros(0, dtype=np.int64)


class DurationHistogram:
    """Counts of durations, each to three significant digits; the highest value and the sum are exact.

    Memory is used only for the buckets between the lowest and the highest value.
    """

    __slots__ = ("_counts", "_first_bucket", "highest", "sum", "total")

    def __init__(self) -> None:
        self._first_bucket, self._counts = 0, _NO_COUNTS
        self.total = 0
        self.highest = 0.0
        self.sum = 0.0

    def add(self, seconds: SecondsArray) -> None:
        """Count durations in seconds; more than an hour counts as an hour, less than zero as zero."""
        if not len(seconds):
            return
        micro = np.clip(np.rint(seconds * _MICROSECONDS_PER_SECOND), 0, HIGHEST_MICROSECONDS).astype(np.int64)
        buckets = _find_buckets(micro)
        first_bucket = int(buckets.min())
        self._add_counts(first_bucket, np.bincount(buckets - first_bucket))
        self.total += len(micro)
        self.highest = max(self.highest, float(seconds.max()))
        self.sum += float(np.maximum(seconds, 0).sum())

    def merge(self, other: DurationHistogram) -> None:
        """Add the counts of another histogram, without loss."""
        if not other.total:
            return
        self._add_counts(other._first_bucket, other._counts)
        self.total += other.total
        self.highest = max(self.highest, other.highest)
        self.sum += other.sum

    def _add_counts(self, first_bucket: int, counts: CountsArray) -> None:
        """Add counts of consecutive buckets from ``first_bucket`` on."""
        if not len(self._counts):
            self._first_bucket, self._counts = first_bucket, counts.astype(np.int64)
            return
        start = min(first_bucket, self._first_bucket)
        end = max(first_bucket + len(counts), self._first_bucket + len(self._counts))
        if end - start > len(self._counts):
            wider = np.zeros(end - start, dtype=np.int64)
            offset = self._first_bucket - start
            wider[offset : offset + len(self._counts)] = self._counts
            self._first_bucket, self._counts = start, wider
        offset = first_bucket - self._first_bucket
        self._counts[offset : offset + len(counts)] += counts

    def list_buckets(self) -> tuple[CountsArray, CountsArray]:
        """Return the buckets that are not empty, ascending, and their counts."""
        indexes = np.flatnonzero(self._counts)
        return indexes + self._first_bucket, self._counts[indexes]

    def serialize(self) -> list[Any]:
        """Return plain data that msgpack can encode."""
        buckets, counts = self.list_buckets()
        return [
            buckets.astype("<i4").tobytes(),
            counts.astype("<i8").tobytes(),
            self.total,
            self.highest,
            self.sum,
        ]

    @classmethod
    def deserialize(cls, data: Sequence[Any]) -> DurationHistogram:
        """Return the histogram that :meth:`serialize` was called on."""
        histogram = cls()
        buckets, counts = np.frombuffer(data[0], "<i4"), np.frombuffer(data[1], "<i8")
        if len(buckets):
            first_bucket = int(buckets[0])
            dense_counts = np.bincount(buckets - first_bucket, weights=counts).astype(np.int64)
            histogram._add_counts(first_bucket, dense_counts)
        histogram.total, histogram.highest, histogram.sum = data[2:]
        return histogram

    def list_values(self) -> list[tuple[float, int]]:
        """Return each value in seconds, to three digits, with its count."""
        buckets, counts = self.list_buckets()
        return [
            (min(_compute_bucket_middle(bucket) / _MICROSECONDS_PER_SECOND, self.highest), count)
            for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True)
        ]

    def count_at_most(self, bounds: Sequence[float]) -> list[int]:
        """Count for each bound (seconds, whole microseconds) the values that are surely at or below it.

        Only the buckets that end at the bound or below it count. A value less than 0.1 % below the bound may
        therefore be missing, and a value above the bound is never counted.
        """
        beyond = np.rint(np.array(bounds) * _MICROSECONDS_PER_SECOND).astype(np.int64) + 1
        buckets, counts = self.list_buckets()
        cumulative = np.concatenate([[0], np.cumsum(counts)])
        return [int(count) for count in cumulative[np.searchsorted(buckets, _find_buckets(beyond))]]

    def compute_quantile(self, ratio: float) -> float | None:
        """Return the value of rank ⌈ratio × total⌉ in seconds, to three digits; ``None`` without values."""
        if not self.total:
            return None
        rank = max(ceil(ratio * self.total - 1e-9), 1)
        bucket = self._first_bucket + int(np.searchsorted(np.cumsum(self._counts), rank))
        return min(_compute_bucket_middle(bucket) / _MICROSECONDS_PER_SECOND, self.highest)

    def compute_quantiles(self) -> Quantiles:
        """Return the percentiles, maximum and mean that reports show, in seconds."""
        if not self.total:
            return Quantiles()
        p50, p90, p95, p99, p99_9 = (self.compute_quantile(ratio) for ratio in (0.5, 0.9, 0.95, 0.99, 0.999))
        return Quantiles(p50, p90, p95, p99, p99_9, self.highest, self.sum / self.total)


def _find_buckets(micro: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the bucket of each value (microseconds): its power of two, and its leading bits within."""
    exponent = np.frexp(micro.astype(np.float64))[1].astype(np.int64)
    shift = np.maximum(exponent - (_HALF_SUB_BUCKET_BITS + 1), 0)
    buckets: npt.NDArray[np.int64] = shift * _HALF_SUB_BUCKETS + (micro >> shift)
    return buckets


def _compute_bucket_middle(bucket: int) -> float:
    """Return the middle of a bucket in microseconds."""
    shift = max(bucket // _HALF_SUB_BUCKETS - 1, 0)
    lowest, value_count = (bucket - shift * _HALF_SUB_BUCKETS) << shift, 1 << shift
    return lowest + (value_count - 1) / 2
