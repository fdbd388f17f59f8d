"""``response_times.hlog``: the histograms of a load in the log format of HdrHistogram, version 1.2.

A line holds a whole load: that of everything first, then one tagged with the name of each request. Tools of
HdrHistogram (its plotter, its processors) read it. Values are in microseconds, times in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped] # it has no types

from loadtests.recording.hdr_histogram import (
    HIGHEST_MICROSECONDS,
    LOWEST_MICROSECONDS,
    SIGNIFICANT_DIGITS,
    Histogram,
)
from slo.model import Window

_MICRO = 1e6
_NOT_IN_TAGS = str.maketrans(dict.fromkeys(", \r\n", "_"))


def hdr_log(window: Window, total: Histogram, by_name: Mapping[str, Histogram]) -> str:
    """Write histograms of response times of one window as a log."""
    lines = [
        "#[Histogram log format version 1.2]",
        f"#[StartTime: {window.start:.3f} (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        *_lines(window, {"": total, **by_name}),
    ]
    return "\n".join(lines) + "\n"


def _lines(window: Window, histograms: Mapping[str, Histogram]) -> Iterator[str]:
    for name, histogram in histograms.items():
        tag = f"Tag={name.translate(_NOT_IN_TAGS)}," if name else ""
        # the column's unit is milliseconds by the format's custom, whatever the values are in
        highest = histogram.highest * 1000
        yield f"{tag}{window.start:.3f},{window.seconds:.3f},{highest:.3f},{_encoded(histogram)}"


def _encoded(histogram: Histogram) -> str:
    encoder = HdrHistogram(LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS)
    for seconds, count in histogram.values():
        encoder.record_value(round(seconds * _MICRO), count)
    return str(encoder.encode().decode("ascii"))
