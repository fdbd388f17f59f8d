"""``response_times.hlog``: the histograms of a load in the log format of HdrHistogram, version 1.2.

Each line holds one histogram of the whole load: first that of all requests, then one for each request name,
with the name as its tag. The tools of HdrHistogram (plotter, log processor) read the file. Values are in
microseconds, times in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped] # the package has no types

from loadtests.recording.hdr_histogram import (
    HIGHEST_MICROSECONDS,
    LOWEST_MICROSECONDS,
    SIGNIFICANT_DIGITS,
    DurationHistogram,
)
from slo.documents import replace_control_characters
from slo.model import Window

_MICROSECONDS_PER_SECOND = 1e6
_TAG_REPLACEMENTS = str.maketrans(dict.fromkeys(", \r\n", "_"))


def format_hdr_log(window: Window, total: DurationHistogram, by_name: Mapping[str, DurationHistogram]) -> str:
    """Return the log of the response times of one window."""
    lines = [
        "#[Histogram log format version 1.2]",
        f"#[StartTime: {window.start:.3f} (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        *_format_lines(window, {"": total, **by_name}),
    ]
    return "\n".join(lines) + "\n"


def _format_lines(window: Window, histograms: Mapping[str, DurationHistogram]) -> Iterator[str]:
    for name, histogram in histograms.items():
        shown = replace_control_characters(name.translate(_TAG_REPLACEMENTS))
        tag = f"Tag={shown}," if name else ""
        # by convention this column is in milliseconds, whatever the unit of the values
        highest = histogram.highest * 1000
        yield f"{tag}{window.start:.3f},{window.seconds:.3f},{highest:.3f},{_encode_histogram(histogram)}"


def _encode_histogram(histogram: DurationHistogram) -> str:
    encoder = HdrHistogram(LOWEST_MICROSECONDS, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS)
    for seconds, count in histogram.list_values():
        encoder.record_value(round(seconds * _MICROSECONDS_PER_SECOND), count)
    return str(encoder.encode().decode("ascii"))
