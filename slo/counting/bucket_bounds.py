"""Buckets whose bounds change: spelt anew by an upgrade, set anew by a deployment, or unlike others'.

A histogram shows all of its buckets at each scrape; clients and Prometheus 3 write a bound in several ways.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from math import inf

from slo.model import Series, Window
from slo.model.bucket_bounds import MalformedHistogramError, parse_bound
from slo.model.evidence import Labels, labels_of
from slo.promql.syntax import Selector

Child = Mapping[float, Sequence[Series]]
"""The series of one histogram's buckets by their bounds."""
_BUCKET, _COUNT = "_bucket", "_count"


def joined(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """Put together what goes on under another spelling of its bound; what overlaps stays as it is."""
    texts = {one.labels["le"] for one in series if "le" in one.labels}
    try:
        bounds = {text: parse_bound(text) for text in texts}
    except MalformedHistogramError:
        return series  # who counts these says so
    if len(set(bounds.values())) == len(texts):
        return series
    found: dict[tuple[Labels, object, object], list[Series]] = {}
    for one in series:
        key = labels_of(one), one.labels.get("__name__"), bounds.get(one.labels.get("le", ""))
        found.setdefault(key, []).append(one)
    return tuple(one for parts in found.values() for one in _in_a_row(parts))


def _in_a_row(parts: list[Series]) -> list[Series]:
    parts = sorted((one for one in parts if one.times), key=lambda one: one.times[0]) or parts
    if len(parts) == 1 or any(one.times[-1] >= after.times[0] for one, after in pairwise(parts)):
        return parts
    times, values = ([x for one in parts for x in getattr(one, name)] for name in ("times", "values"))
    return [Series(parts[-1].labels, tuple(times), tuple(values))]


def bound_of(selector: Selector) -> float | None:
    """Give the bound of the one bucket that a selector names."""
    told = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if len(told) != 1 or told[0].op != "=" or not selector.metric.endswith(_BUCKET):
        return None
    with suppress(MalformedHistogramError):
        return parse_bound(told[0].value)
    return None


def of_one_histogram(bucket: Selector, total: Selector) -> bool:
    """Tell whether a selector names one bucket of the histograms whose observations another one counts."""
    family = bucket.metric.removesuffix(_BUCKET)
    counts = total.metric == f"{family}{_COUNT}" or (total.metric == bucket.metric and bound_of(total) == inf)
    return bound_of(bucket) is not None and counts and _rest(bucket) == _rest(total)


def _rest(selector: Selector) -> set[object]:
    return {matcher for matcher in selector.matchers if matcher.label != "le"}


def without_bound(bucket: Collection[Series], total: Collection[Series], window: Window) -> frozenset[Labels]:
    """Name the histograms that lack the bucket at one of the samples that count, or at all of them.

    Every histogram shows all of its buckets at each scrape. So one without this bucket has other bounds, and
    how many of its observations lie within is not known.
    """
    held = {labels_of(one): one.times for one in bucket}
    return frozenset(
        labels
        for one in total
        if (labels := labels_of(one)) not in held or not _covers(held[labels], one.times, window)
    )


def _covers(bucket: Sequence[float], total: Sequence[float], window: Window) -> bool:
    return bucket == total or set(_counting(total, window)) <= set(bucket)


def _counting(times: Sequence[float], window: Window) -> Sequence[float]:
    """Give the samples from the one before the window to the one that closes it."""
    return times[max(bisect_right(times, window.start) - 1, 0) : bisect_left(times, window.end) + 1]


def epochs(child: Child, window: Window) -> Iterator[tuple[Child, Window]]:
    """Cut a histogram where its bounds change; give each part with the window that it counts in.

    From one sample to the next, what both of them show is known. So a part holds the bounds that each of its
    samples shows, and the step across a change those of both sides.
    """
    each = [one.times for parts in child.values() for one in parts]
    times = sorted({time for one in child.get(inf, ()) for time in _counting(one.times, window)})
    if not times or all(one == each[0] for one in each):
        yield child, window
        return
    shown = {bound: {time for one in parts for time in one.times} for bound, parts in child.items()}
    known = [frozenset(bound for bound in shown if time in shown[bound]) for time in times]
    steps = [*known[:1], *(before & after for before, after in pairwise(known))]
    changes = [place for place in range(1, len(steps)) if steps[place] != steps[place - 1]]
    for first, beyond in pairwise([0, *changes, len(steps)]):
        start = times[first - 1] if first else window.start
        end = window.end if beyond == len(steps) else times[beyond - 1]
        part = {
            bound: _within(child[bound], start if first else -inf, times[beyond - 1])
            for bound in steps[first]
        }
        yield part, Window(max(start, window.start), end)


def _within(parts: Sequence[Series], start: float, end: float) -> list[Series]:
    found = []
    for one in parts:
        first, last = bisect_left(one.times, start), bisect_right(one.times, end)
        if first < last:
            found.append(Series(one.labels, one.times[first:last], one.values[first:last]))
    return found
