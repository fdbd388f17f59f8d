"""Chunks of a long range cover it, and their series merge to those of the whole range."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import Series
from slo.prometheus.query_chunks import CHUNK_SECONDS, ChunkMerger, split_into_chunks

STEP = 900.0
INCLUDES_START = {
    "Prometheus 2 includes the sample at a chunk's start": True,
    "Prometheus 3 does not": False,
}


@given(st.integers(0, 2 * 10**9), st.integers(1, 5 * int(CHUNK_SECONDS)))
def test_chunks_cover_the_range_without_gap_or_overlap(start: int, seconds: int) -> None:
    chunks = list(split_into_chunks(start, start + seconds))
    assert (chunks[0][0], chunks[-1][1]) == (start, start + seconds)
    assert all(before[1] == after[0] for before, after in pairwise(chunks))
    assert all(0 < chunk_end - chunk_start <= CHUNK_SECONDS for chunk_start, chunk_end in chunks[1:])


@pytest.mark.parametrize("includes_start", INCLUDES_START.values(), ids=INCLUDES_START.keys())
def test_series_of_chunks_are_merged(includes_start: bool) -> None:
    whole = {
        "without a gap": Series({"s": "a"}, *_make_samples(0, 100)),
        "missing for a chunk": Series({"s": "b"}, *_make_samples(0, 100, missing=range(20, 60))),
        "starting late": Series({"s": "c"}, *_make_samples(70, 100)),
    }
    merger = ChunkMerger()
    for start, end in split_into_chunks(0, 99 * STEP):
        parts = [_cut(series, start, end, includes_start) for series in whole.values()]
        merger.add([part for part in parts if part.times])
    merged = [
        (dict(series.labels), list(series.times), list(series.values)) for series in merger.build_series()
    ]
    first = 0 if includes_start else 1  # the server leaves out the sample at the start of the whole range
    expected = []
    for series in whole.values():
        times = [time for time in series.times if time >= first]
        expected.append((dict(series.labels), times, list(series.values)[-len(times) :]))
    assert merged == expected


def _make_samples(
    first: int, end: int, missing: range = range(0)
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    numbers = [number for number in range(first, end) if number not in missing]
    return tuple(number * STEP for number in numbers), tuple(float(number) for number in numbers)


def _cut(series: Series, start: float, end: float, includes_start: bool) -> Series:
    samples = [
        (time, value)
        for time, value in zip(series.times, series.values, strict=True)
        if (start <= time if includes_start else start < time) and time <= end
    ]
    return Series(series.labels, tuple(time for time, _ in samples), tuple(value for _, value in samples))
