"""Splitting of long ranges into chunks, within the server's limit of samples per query."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from slo.model import Series

CHUNK_SECONDS = 21_600.0
"""Six hours: 21,600 samples per series at a 1 s scrape interval; 2,000 series stay below Prometheus's limit
of 50 million samples per query (``--query.max-samples``)."""


def split_into_chunks(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Split ``(start, end]`` into ranges of at most :data:`CHUNK_SECONDS`, oldest first."""
    while end - start > CHUNK_SECONDS:
        yield start, start + CHUNK_SECONDS
        start += CHUNK_SECONDS
    yield start, end


class ChunkMerger:
    """Merges the series of consecutive chunks; a sample at the edge of two chunks is taken once."""

    def __init__(self) -> None:
        self._series: dict[frozenset[tuple[str, str]], tuple[array[float], array[float]]] = {}

    def add(self, chunk: Sequence[Series]) -> None:
        """Append the next chunk; Prometheus 2 includes the sample at its start, Prometheus 3 does not."""
        for series in chunk:
            key = frozenset(series.labels.items())
            times, values = self._series.setdefault(key, (array("d"), array("d")))
            new = bisect_right(series.times, times[-1]) if times else 0
            times.extend(series.times[new:])
            values.extend(series.values[new:])

    def build_series(self) -> tuple[Series, ...]:
        """Return the merged series, in the order of their first appearance."""
        return tuple(Series(dict(key), times, values) for key, (times, values) in self._series.items())
