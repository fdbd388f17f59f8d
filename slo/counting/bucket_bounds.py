"""Bucket bounds that change: respelled by an upgrade, changed by a deployment, or different between targets.

A histogram exposes all of its buckets at each scrape; clients and Prometheus 3 write a bound in several ways.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from math import inf

from slo.model import CounterLabels, MalformedHistogramError, Series, Window, counter_labels_of, parse_bound
from slo.promql import Selector

SeriesByBound = Mapping[float, Sequence[Series]]
"""The bucket series of one histogram by their bounds."""
_BUCKET_SUFFIX, _COUNT_SUFFIX = "_bucket", "_count"


# --- Bounds in selectors ------------------------------------------------------------------------


def find_bucket_bound(selector: Selector) -> float | None:
    """Return the bound of the single bucket that a selector names; ``None`` if it names no single bucket."""
    le_matchers = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if len(le_matchers) != 1 or le_matchers[0].op != "=" or not selector.metric.endswith(_BUCKET_SUFFIX):
        return None
    with suppress(MalformedHistogramError):
        return parse_bound(le_matchers[0].value)
    return None


def is_bucket_of_total(bucket: Selector, total: Selector) -> bool:
    """Return whether ``bucket`` names one bucket of the histograms whose observations ``total`` counts."""
    family = bucket.metric.removesuffix(_BUCKET_SUFFIX)
    is_total = total.metric == f"{family}{_COUNT_SUFFIX}" or (
        total.metric == bucket.metric and find_bucket_bound(total) == inf
    )
    return (
        find_bucket_bound(bucket) is not None
        and is_total
        and _select_other_matchers(bucket) == _select_other_matchers(total)
    )


def _select_other_matchers(selector: Selector) -> set[object]:
    return {matcher for matcher in selector.matchers if matcher.label != "le"}


# --- Bounds that are respelled ------------------------------------------------------------------


def join_respelled_series(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """Join series that continue under another spelling of their bound.

    Raises:
        MalformedHistogramError: a histogram has two series of the same bound at the same time.
    """
    spellings = {item.labels["le"] for item in series if "le" in item.labels}
    try:
        bounds = {spelling: parse_bound(spelling) for spelling in spellings}
    except MalformedHistogramError:
        return series  # counting the buckets raises this error
    if len(set(bounds.values())) == len(spellings):
        return series
    groups: dict[tuple[CounterLabels, object, object], list[Series]] = {}
    for item in series:
        key = counter_labels_of(item), item.labels.get("__name__"), bounds.get(item.labels.get("le", ""))
        groups.setdefault(key, []).append(item)
    return tuple(_join_consecutive(group) for group in groups.values())


def _join_consecutive(same_bound_series: list[Series]) -> Series:
    if len(same_bound_series) == 1:
        return same_bound_series[0]
    samples = sorted(
        sample for series in same_bound_series for sample in zip(series.times, series.values, strict=True)
    )
    if any(before == after for (before, _), (after, _) in pairwise(samples)):
        spellings = " and ".join(sorted({f"le={item.labels.get('le')!r}" for item in same_bound_series}))
        raise MalformedHistogramError(
            f"{spellings} are one bound in one histogram: its observations would count twice"
        )
    last = max(same_bound_series, key=lambda series: series.times[-1] if series.times else -inf)
    return Series(last.labels, tuple(time for time, _ in samples), tuple(value for _, value in samples))


# --- Bounds that differ between targets ---------------------------------------------------------


def find_histograms_without_bound(
    bucket_series: Collection[Series], total_series: Collection[Series], window: Window
) -> frozenset[CounterLabels]:
    """Return the labels of the histograms that lack the bucket in one or all of the samples that count.

    Every histogram exposes all of its buckets at each scrape. So a histogram without this bucket has other
    bounds, and the number of its observations within this bound is unknown.
    """
    bucket_times = {counter_labels_of(series): series.times for series in bucket_series}
    return frozenset(
        labels
        for series in total_series
        if (labels := counter_labels_of(series)) not in bucket_times
        or not _has_all_samples(bucket_times[labels], series.times, window)
    )


def _has_all_samples(bucket_times: Sequence[float], total_times: Sequence[float], window: Window) -> bool:
    return bucket_times == total_times or set(_select_counted_times(total_times, window)) <= set(bucket_times)


def _select_counted_times(times: Sequence[float], window: Window) -> Sequence[float]:
    """Return the times from the last sample before the window to the one that closes it."""
    return times[max(bisect_right(times, window.start) - 1, 0) : bisect_left(times, window.end) + 1]


# --- Bounds that change in the window -----------------------------------------------------------


def split_at_bound_changes(
    series_by_bound: SeriesByBound, window: Window
) -> Iterator[tuple[SeriesByBound, Window]]:
    """Split a histogram where its bounds change; yield each part with the window that it counts in.

    A part contains the bounds that each of its samples has. Between two samples, only bounds that both have
    can be counted. So the step across a change has the bounds that are common to both sides.
    """
    all_times = [series.times for same_bound in series_by_bound.values() for series in same_bound]
    times = sorted(
        {
            time
            for series in series_by_bound.get(inf, ())
            for time in _select_counted_times(series.times, window)
        }
    )
    if not times or all(series_times == all_times[0] for series_times in all_times):
        yield series_by_bound, window
        return
    steps = _find_common_bounds(series_by_bound, times)
    changes = [index for index in range(1, len(steps)) if steps[index] != steps[index - 1]]
    for first, beyond in pairwise([0, *changes, len(steps)]):
        start = times[first - 1] if first else window.start
        end = window.end if beyond == len(steps) else times[beyond - 1]
        part = {
            bound: _cut_series(series_by_bound[bound], start if first else -inf, times[beyond - 1])
            for bound in steps[first]
        }
        yield part, Window(max(start, window.start), end)


def _find_common_bounds(series_by_bound: SeriesByBound, times: Sequence[float]) -> list[frozenset[float]]:
    """Return for each time the bounds that its sample and the sample before it have."""
    sample_times = {
        bound: {time for series in same_bound for time in series.times}
        for bound, same_bound in series_by_bound.items()
    }
    bounds = [frozenset(bound for bound in sample_times if time in sample_times[bound]) for time in times]
    return [*bounds[:1], *(before & after for before, after in pairwise(bounds))]


def _cut_series(same_bound_series: Sequence[Series], start: float, end: float) -> list[Series]:
    """Return the series with their samples from ``start`` to ``end``, both included; none without samples."""
    cut = []
    for series in same_bound_series:
        first, last = bisect_left(series.times, start), bisect_right(series.times, end)
        if first < last:
            cut.append(Series(series.labels, series.times[first:last], series.values[first:last]))
    return cut
