"""Time series of evidence and run record as pandas frames, for charts and tables. Pure functions.

A count frame contains cumulative events since the scrape that opens the window; its index is Unix seconds.
Counter resets are corrected, and a series that is missing from a scrape counts from zero afterwards, so
that new series, removed series and restarts lose no events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

import numpy as np
import numpy.typing as npt
import pandas as pd

from slo.model import UP_KEY, Evidence, QueryResult, RunRecord, ScrapeTarget, Series, scrape_target_of

MAX_STEPS = 100
"""Maximum number of steps of a rate over time: more would be finer than the pixels of a chart."""
EMPTY_LABEL = "(none)"
_MS_PER_SECOND = 1000
"""Prometheus stores times in milliseconds; whole numbers can be compared exactly."""


def build_load_frame(run: RunRecord) -> pd.DataFrame:
    """Return the load of each second; the index is seconds since the start of the window.

    Columns: ``offered``, ``sent``, ``completed``, ``failed`` (requests) and ``p50``, ``p95``, ``p99``
    (seconds, NaN if nothing completed).
    """
    names = ["offered", "sent", "completed", "failed", "p50", "p95", "p99"]
    rows = [[getattr(second, name) for name in names] for second in run.series]
    times = [second.time - run.window.start for second in run.series]
    return pd.DataFrame(rows, index=pd.Index(times, name="seconds"), columns=names, dtype=float).sort_index()


def group_by_metric(evidence: Evidence) -> dict[str, tuple[Series, ...]]:
    """Group the raw series of all query results by metric name, each series once."""
    by_name: dict[str, dict[frozenset[tuple[str, str]], Series]] = {}
    for series in _find_raw_series(evidence.results.values()):
        identity = frozenset(series.labels.items())
        by_name.setdefault(series.labels.get("__name__", ""), {})[identity] = series
    return {name: tuple(series.values()) for name, series in by_name.items()}


def build_count_frame(counters: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Count the events of counters: one column for each series (by position), cumulative.

    The index reaches from the last scrape at or before the start of the window to the first scrape at or
    after its end. Between the scrapes of its own target a series is interpolated linearly.
    """
    scrapes = _find_scrape_times(evidence)
    window = evidence.window
    columns = {
        position: _count_series(counter, scrapes, (window.start, window.end))
        for position, counter in enumerate(counters)
    }
    nonempty = {position: column for position, column in columns.items() if len(column)}
    if not nonempty:
        return pd.DataFrame(0.0, index=pd.Index([], dtype=float, name="time"), columns=list(columns))
    frame = pd.DataFrame(nonempty).reindex(columns=list(columns)).sort_index()
    frame.index = pd.Index(frame.index / _MS_PER_SECOND, name="time")
    return frame.interpolate(method="index").fillna(0.0)


def compute_rates(counts: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return events per second in equal steps of about one scrape interval.

    The index is the end of each step in seconds since the start of the window. The sum of rate times step
    length equals the count of the window.
    """
    steps = resample_counts(counts, evidence)
    lengths = np.diff(steps.index.to_numpy())
    increments = steps.diff().iloc[1:]
    return increments.div(lengths, axis=0)


def resample_counts(counts: pd.DataFrame, evidence: Evidence, max_steps: int = MAX_STEPS) -> pd.DataFrame:
    """Return cumulative counts at equal steps; the index is seconds since the start of the window."""
    if len(counts) < 2:  # noqa: PLR2004 - a step needs two samples
        return counts.iloc[:0]
    first, last = counts.index[0], counts.index[-1]
    interval = evidence.scrape_interval_seconds or (last - first) / (len(counts) - 1)
    number = int(np.clip(round((last - first) / interval), 1, max_steps))
    grid = pd.Index(np.linspace(first, last, number + 1))
    at_grid = counts.reindex(counts.index.union(grid)).interpolate(method="index").loc[grid]
    return at_grid.set_axis(pd.Index(grid - evidence.window.start, name="seconds"), axis=0)


def build_bucket_frame(histogram: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Count the observations of a histogram: one column for each upper bound, ascending.

    Counts are cumulative over time and over buckets. The frame is empty if the histogram is incomplete: no
    +Inf bucket, a bound that is not a number, or children with different bounds.
    """
    bounds = [_parse_bound(bucket) for bucket in histogram]
    if not is_whole_histogram(histogram):
        return pd.DataFrame()
    counts = build_count_frame(histogram, evidence)
    summed = counts.T.groupby(np.array(bounds, dtype=float)).sum().T
    return summed.sort_index(axis=1)


def is_whole_histogram(series: Sequence[Series]) -> bool:
    """Return whether bucket series form complete histograms with the same bounds."""
    children: dict[frozenset[tuple[str, str]], set[float | None]] = {}
    for bucket in series:
        identity = frozenset((name, value) for name, value in bucket.labels.items() if name != "le")
        children.setdefault(identity, set()).add(_parse_bound(bucket))
    distinct = {frozenset(bounds) for bounds in children.values()}
    return len(distinct) == 1 and all(
        inf in bounds and None not in bounds and len(bounds) > 1 for bounds in distinct
    )


def compute_distribution(buckets: pd.DataFrame) -> pd.DataFrame:
    """Return the observations of the whole window by bucket.

    The index is the upper bound; columns: ``lower`` (bound), ``count`` and ``share`` (ratio of all).
    """
    if buckets.empty:
        return pd.DataFrame(columns=["lower", "count", "share"], dtype=float)
    cumulative = buckets.iloc[-1]
    count = cumulative.diff().fillna(cumulative.iloc[0]).clip(lower=0)
    lower = [min(0.0, float(buckets.columns[0])), *buckets.columns[:-1]]
    total = cumulative.iloc[-1]
    share = count / total if total else count * np.nan
    return pd.DataFrame({"lower": lower, "count": count, "share": share})


def compute_quantiles(buckets: pd.DataFrame, evidence: Evidence, quantiles: Sequence[float]) -> pd.DataFrame:
    """Return quantiles over time, one column each, interpolated inside their buckets for each step.

    Interpolates as Prometheus's ``histogram_quantile``, but returns NaN if nothing was observed or if the
    quantile lies in the +Inf bucket, which has no upper bound.
    """
    steps = resample_counts(buckets, evidence, MAX_STEPS // 2).diff().iloc[1:]
    bounds = buckets.columns.to_numpy(dtype=float)
    rows = [
        [_interpolate_quantile(row, bounds, quantile) for quantile in quantiles] for row in steps.to_numpy()
    ]
    return pd.DataFrame(rows, index=steps.index, columns=list(quantiles), dtype=float)


def build_gauge_frame(gauges: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Return the samples of gauges inside the window: one column for each series (by position).

    The index is seconds since the start of the window.
    """
    window = evidence.window
    start, end = window.start * _MS_PER_SECOND, window.end * _MS_PER_SECOND
    columns = {}
    for position, gauge in enumerate(gauges):
        column = _read_samples(gauge)
        columns[position] = column[(column.index >= start) & (column.index <= end)]
    frame = pd.DataFrame(columns, dtype=float).sort_index()
    frame.index = pd.Index(frame.index / _MS_PER_SECOND - window.start, name="seconds")
    return frame.replace([inf, -inf], np.nan)


def format_series_labels(series: Sequence[Series]) -> list[str]:
    """Name each series by the labels in which the series differ, e.g. ``/predict, 500``."""
    label_sets = [child.labels for child in series]
    names = {name for labels in label_sets for name in labels}
    distinctive = sorted(name for name in names if len({labels.get(name, "") for labels in label_sets}) > 1)
    return [", ".join(labels.get(name) or EMPTY_LABEL for name in distinctive) for labels in label_sets]


def _find_raw_series(results: Iterable[QueryResult]) -> Iterable[Series]:
    return (series for result in results if result.exact for series in result.series)


def _read_samples(series: Series) -> pd.Series[float]:
    times = np.rint(np.array(series.times, dtype=float) * _MS_PER_SECOND).astype(np.int64)
    values = np.array(series.values, dtype=float)
    finite = np.isfinite(values)
    return pd.Series(values[finite], index=times[finite])


def _find_scrape_times(evidence: Evidence) -> Mapping[ScrapeTarget, npt.NDArray[np.int64]]:
    """Return the times of successful scrapes of each scrape target in ms.

    A scrape is successful if ``up == 1``; without ``up``, each time of a sample is a scrape.
    """
    times: dict[ScrapeTarget, set[int]] = {}
    up = evidence.results.get(UP_KEY)
    for series in up.series if up else ():
        column = _read_samples(series)
        times.setdefault(scrape_target_of(series), set()).update(column.index[column == 1])
    targets_with_up = set(times)
    for series in _find_raw_series(evidence.results.values()):
        target = scrape_target_of(series)
        if target not in targets_with_up:
            times.setdefault(target, set()).update(_read_samples(series).index)
    return {target: np.array(sorted(scrapes), dtype=np.int64) for target, scrapes in times.items()}


def _count_series(
    series: Series,
    scrapes: Mapping[ScrapeTarget, npt.NDArray[np.int64]],
    window: tuple[float, float],
) -> pd.Series[float]:
    column = _read_samples(series)
    column = column[~column.index.duplicated()]
    scraped = pd.Index(scrapes.get(scrape_target_of(series), np.array([], dtype=np.int64)))
    if column.index.isin(scraped).all():
        # A series that is missing from a scrape counts as zero; exporters with own timestamps are unchanged.
        column = column.reindex(scraped, fill_value=0.0)
    start, end = (edge * _MS_PER_SECOND for edge in window)
    first = max(int(column.index.searchsorted(start, side="right")) - 1, 0)
    last = int(column.index.searchsorted(end, side="left"))
    inside = column.iloc[first : last + 1]
    steps = inside.diff().fillna(0.0)
    return steps.where(steps >= 0, inside).cumsum()


def _parse_bound(series: Series) -> float | None:
    try:
        return float(series.labels.get("le", ""))
    except ValueError:
        return None


def _interpolate_quantile(
    cumulative: npt.NDArray[np.float64],
    bounds: npt.NDArray[np.float64],
    quantile: float,
) -> float:
    total = cumulative[-1]
    if not total > 0:
        return np.nan
    bucket = int(np.searchsorted(cumulative, quantile * total))
    if bucket >= len(bounds) or not np.isfinite(bounds[bucket]):
        return np.nan
    below = cumulative[bucket - 1] if bucket else 0.0
    lower = bounds[bucket - 1] if bucket else min(0.0, bounds[0])
    inside = cumulative[bucket] - below
    share = (quantile * total - below) / inside if inside > 0 else 1.0
    return float(lower + (bounds[bucket] - lower) * share)
