"""Native histograms, and classic ones that Prometheus keeps as such, read as cumulative buckets.

A native histogram gives the observations of each bucket that holds any; whatever its scheme, they add up to
exact counts at every bound that no bucket reaches across. The format is that of the HTTP API (Prometheus
documentation, HTTP API, Native histograms): ``[boundary_rule, lower, upper, count]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from slo.model import Series

_Bucket = tuple[float, float, float]
"""Lower bound (not in it), upper bound (in it), observations."""


def classic(row: Mapping[str, Any]) -> list[Series]:
    """Give the samples of a native histogram as series of a classic one's buckets.

    ``row`` is one of a matrix's result, with ``metric`` and ``histograms``.

    Raises:
        ValueError, TypeError, LookupError: it is nothing of the kind.
    """
    times = [float(time) for time, _ in row["histograms"]]
    totals = [float(one["count"]) for _, one in row["histograms"]]
    buckets = [[_bucket(*bucket) for bucket in one.get("buckets", ())] for _, one in row["histograms"]]
    name = f"{row['metric'].get('__name__', '')}_bucket"
    found = []
    for bound in _bounds(buckets):
        counts = [sum(count for _, upper, count in sample if upper <= bound) for sample in buckets]
        labels = {**row["metric"], "__name__": name, "le": "+Inf" if bound == inf else f"{bound!r}"}
        found.append(Series(labels, tuple(times), tuple(totals if bound == inf else counts)))
    return found


def _bucket(rule: int, lower: str, upper: str, count: str) -> _Bucket:
    if rule in {1, 2}:
        raise ValueError("a bucket of negative observations, whose upper bound lies outside it")
    return float(lower), float(upper), float(count)


def _bounds(samples: Sequence[Sequence[_Bucket]]) -> list[float]:
    """List the bounds that no bucket of any sample reaches across: its scheme may change as it goes."""
    every = {bucket for sample in samples for bucket in ((lower, upper) for lower, upper, _ in sample)}
    ends = sorted({end for bucket in every for end in bucket if -inf < end < inf})
    return [*(end for end in ends if not any(lower < end < upper for lower, upper in every)), inf]
