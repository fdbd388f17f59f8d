"""Time series of evidence and run record as pandas frames, for charts and tables. Pure functions.

A count frame contains cumulative events since the scrape that opens the window, as the verdict counts them;
its index is Unix seconds. Nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

import numpy as np
import pandas as pd

from slo.model import Evidence, HistogramCounts, QueryResult, RunRecord, Series, SeriesCounts

MAX_STEPS = 100
"""Maximum number of steps of a rate over time: more would be finer than the pixels of a chart."""
EMPTY_LABEL = "(none)"


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


def build_count_frame(counts: Sequence[SeriesCounts]) -> pd.DataFrame:
    """Return the cumulative events of counters: one column for each series (by position).

    Series of other scrape targets have other scrape times; between them, a series is interpolated linearly.
    """
    columns = {
        position: pd.Series(series.events, index=series.times, dtype=float)
        for position, series in enumerate(counts)
        if series.times
    }
    if not columns:
        return pd.DataFrame(0.0, index=pd.Index([], dtype=float, name="time"), columns=range(len(counts)))
    frame = pd.DataFrame(columns).reindex(columns=range(len(counts))).sort_index()
    frame.index.name = "time"
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


def compute_distribution(histogram: HistogramCounts) -> pd.DataFrame:
    """Return the observations of the whole window by bucket.

    The index is the upper bound; columns: ``lower`` (bound), ``count`` and ``share`` (ratio of all).
    """
    bounds = histogram.bounds
    count = np.diff(histogram.counts, prepend=0.0)
    total = histogram.counts[-1]
    share = count / total if total else count * np.nan
    lower = [min(0.0, bounds[0]), *bounds[:-1]]
    return pd.DataFrame({"lower": lower, "count": count, "share": share}, index=pd.Index(bounds))


def build_quantile_frame(
    histogram: HistogramCounts, evidence: Evidence, names: Sequence[str]
) -> pd.DataFrame:
    """Return quantiles over time, one column for each of ``names``; NaN where there is no value.

    The index is the end of each step in seconds since the start of the window.
    """
    seconds = [end - evidence.window.start for end in histogram.step_ends]
    rows = [[np.nan if value is None else value for value in step] for step in histogram.quantiles]
    return pd.DataFrame(rows, index=pd.Index(seconds, name="seconds"), columns=list(names), dtype=float)


def build_gauge_frame(gauges: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Return samples of gauges: one column for each series (by position), infinite values as NaN.

    The index is seconds since the start of the window.
    """
    columns = {
        position: pd.Series(tuple(gauge.values), index=tuple(gauge.times), dtype=float)
        for position, gauge in enumerate(gauges)
    }
    frame = pd.DataFrame(columns, dtype=float).sort_index()
    frame.index = pd.Index(frame.index.astype(float) - evidence.window.start, name="seconds")
    return frame.replace([inf, -inf], np.nan)


def format_series_labels(label_sets: Sequence[Mapping[str, str]]) -> list[str]:
    """Name each series by the labels in which the series differ, e.g. ``/predict, 500``."""
    names = {name for labels in label_sets for name in labels}
    distinctive = sorted(name for name in names if len({labels.get(name, "") for labels in label_sets}) > 1)
    return [", ".join(labels.get(name) or EMPTY_LABEL for name in distinctive) for labels in label_sets]


def _find_raw_series(results: Iterable[QueryResult]) -> Iterable[Series]:
    return (series for result in results if result.exact for series in result.series)
