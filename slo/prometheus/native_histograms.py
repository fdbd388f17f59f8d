"""Conversion of native histograms to the cumulative buckets of classic histograms.

A native histogram has the number of observations in each non-empty bucket. With any schema, their sums are
exact counts at every bound that lies inside no bucket. The format is that of the HTTP API (Prometheus
documentation, HTTP API, Native histograms): ``[boundary_rule, lower, upper, count]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from slo.model import Series

_Bucket = tuple[float, float, float]
"""Lower bound (excluded), upper bound (included), number of observations."""


def convert_to_classic_buckets(row: Mapping[str, Any]) -> list[Series]:
    """Return the samples of a native histogram as bucket series of a classic histogram.

    ``row`` is a row of a matrix result, with ``metric`` and ``histograms``.

    Raises:
        ValueError, TypeError, LookupError: the row is malformed, or has buckets of negative observations.
    """
    times = [float(time) for time, _ in row["histograms"]]
    histograms = [histogram for _, histogram in row["histograms"]]
    totals = [float(histogram["count"]) for histogram in histograms]
    samples = [
        [_parse_bucket(*bucket) for bucket in histogram.get("buckets", ())] for histogram in histograms
    ]
    name = f"{row['metric'].get('__name__', '')}_bucket"
    series = []
    for bound in _find_common_bounds(samples):
        counts = [sum(count for _, upper, count in sample if upper <= bound) for sample in samples]
        labels = {**row["metric"], "__name__": name, "le": "+Inf" if bound == inf else f"{bound!r}"}
        series.append(Series(labels, tuple(times), tuple(totals if bound == inf else counts)))
    return series


def _parse_bucket(rule: int, lower: str, upper: str, count: str) -> _Bucket:
    if rule in {1, 2}:
        raise ValueError("buckets of negative observations exclude their upper bound and are not supported")
    return float(lower), float(upper), float(count)


def _find_common_bounds(samples: Sequence[Sequence[_Bucket]]) -> list[float]:
    """Return the bounds that lie inside no bucket of any sample: the schema may change between samples."""
    ranges = {(lower, upper) for sample in samples for lower, upper, _ in sample}
    bounds = sorted({bound for pair in ranges for bound in pair if -inf < bound < inf})
    return [*(bound for bound in bounds if not any(lower < bound < upper for lower, upper in ranges)), inf]
