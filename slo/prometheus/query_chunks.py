"""Long windows asked for piece by piece: under a server's limit of samples, and in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from slo.model import Series

PIECE_SECONDS = 21_600.0
"""Six hours: 21,600 samples a series of a 1 s scrape, so that 2,000 series stay below 50 million, what
Prometheus allows a query (``--query.max-samples``)."""


def pieces(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Cut ``(start, end]`` into pieces of at most :data:`PIECE_SECONDS`, oldest first."""
    while end - start > PIECE_SECONDS:
        yield start, start + PIECE_SECONDS
        start += PIECE_SECONDS
    yield start, end


class Joined:
    """Series put together again; samples that a server gives at both ends of a piece are kept once."""

    def __init__(self) -> None:
        self._series: dict[frozenset[tuple[str, str]], tuple[array[float], array[float]]] = {}

    def add(self, found: Sequence[Series]) -> None:
        """Append the next piece. Prometheus 2 gives the sample at its very start again, 3 does not."""
        for one in found:
            key = frozenset(one.labels.items())
            times, values = self._series.setdefault(key, (array("d"), array("d")))
            new = bisect_right(one.times, times[-1]) if times else 0
            times.extend(one.times[new:])
            values.extend(one.values[new:])

    def series(self) -> tuple[Series, ...]:
        """Give the whole series, in the order in which they were first seen."""
        return tuple(Series(dict(key), times, values) for key, (times, values) in self._series.items())
