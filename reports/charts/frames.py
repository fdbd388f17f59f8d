"""Time series as pandas frames: from evidence and run record to what charts and tables show. Pure.

A frame of counts holds cumulative events since the window's opening scrape; its index is Unix seconds. It
is corrected for resets by the rule of ``slo.counters``: a series that a scrape did not hold counts from
zero afterwards, so births, deaths and restarts lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

import numpy as np
import numpy.typing as npt
import pandas as pd

from slo.model import Evidence, QueryResult, RunRecord, Series

MOST_STEPS = 100
"""Most steps of a rate over time: more would be finer than the pixels of a chart."""
NO_LABEL = "(none)"
_MS = 1000
"""Prometheus keeps milliseconds: as whole numbers they can be compared."""


def per_second(run: RunRecord) -> pd.DataFrame:
    """What the load generator saw each second; indexed by seconds since the window began.

    Columns: ``offered``, ``sent``, ``completed``, ``failed`` (requests) and ``p50``, ``p95``, ``p99``
    (seconds, NaN where nothing completed).
    """
    names = ["offered", "sent", "completed", "failed", "p50", "p95", "p99"]
    rows = [[getattr(second, name) for name in names] for second in run.series]
    times = [second.time - run.window.start for second in run.series]
    return pd.DataFrame(rows, index=pd.Index(times, name="seconds"), columns=names, dtype=float).sort_index()


def by_metric(evidence: Evidence) -> dict[str, tuple[Series, ...]]:
    """Group the raw series of all answers by metric name, each series once."""
    found: dict[str, dict[frozenset[tuple[str, str]], Series]] = {}
    for series in _raw(evidence.results.values()):
        identity = frozenset(series.labels.items())
        found.setdefault(series.labels.get("__name__", ""), {})[identity] = series
    return {name: tuple(series.values()) for name, series in found.items()}


def counts(counter: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Count the events of counters: a column a series (by position), cumulative from the opening scrape.

    The index reaches from the last scrape at or before the window to the first at or after it; between
    the scrapes of its own target a series is interpolated linearly.
    """
    scrapes = _scrapes(evidence)
    window = evidence.window
    columns = {n: _count(one, scrapes, (window.start, window.end)) for n, one in enumerate(counter)}
    filled = {n: column for n, column in columns.items() if len(column)}
    if not filled:
        return pd.DataFrame(0.0, index=pd.Index([], dtype=float, name="time"), columns=list(columns))
    frame = pd.DataFrame(filled).reindex(columns=list(columns)).sort_index()
    frame.index = pd.Index(frame.index / _MS, name="time")
    return frame.interpolate(method="index").fillna(0.0)


def rates(counted: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Give events per second over time, in even steps of about a scrape interval.

    The index is the end of each step in seconds since the window began; rate times step, summed, is the
    count of the window.
    """
    steps = stepped(counted, evidence)
    lengths = np.diff(steps.index.to_numpy())
    increments = steps.diff().iloc[1:]
    return increments.div(lengths, axis=0)


def stepped(counted: pd.DataFrame, evidence: Evidence, most_steps: int = MOST_STEPS) -> pd.DataFrame:
    """Give cumulative counts at even steps, indexed by seconds since the window began."""
    if len(counted) < 2:  # noqa: PLR2004 - a step lies between two samples
        return counted.iloc[:0]
    first, last = counted.index[0], counted.index[-1]
    interval = evidence.scrape_interval_seconds or (last - first) / (len(counted) - 1)
    number = int(np.clip(round((last - first) / interval), 1, most_steps))
    grid = pd.Index(np.linspace(first, last, number + 1))
    at_grid = counted.reindex(counted.index.union(grid)).interpolate(method="index").loc[grid]
    return at_grid.set_axis(pd.Index(grid - evidence.window.start, name="seconds"), axis=0)


def buckets(histogram: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Count the observations of a histogram: a column an upper bound, ascending, cumulative in both ways.

    Empty when the series are no whole histogram: no +Inf bucket, a bound that is no number, or children
    with different bounds.
    """
    bounds = [_bound(one) for one in histogram]
    if not is_histogram(histogram):
        return pd.DataFrame()
    counted = counts(histogram, evidence)
    summed = counted.T.groupby(np.array(bounds, dtype=float)).sum().T
    return summed.sort_index(axis=1)


def is_histogram(series: Sequence[Series]) -> bool:
    """Tell whether bucket series make whole histograms of the same bounds."""
    children: dict[frozenset[tuple[str, str]], set[float | None]] = {}
    for one in series:
        identity = frozenset((key, value) for key, value in one.labels.items() if key != "le")
        children.setdefault(identity, set()).add(_bound(one))
    different = {frozenset(bounds) for bounds in children.values()}
    return len(different) == 1 and all(
        inf in bounds and None not in bounds and len(bounds) > 1 for bounds in different
    )


def distribution(bucketed: pd.DataFrame) -> pd.DataFrame:
    """Give the observations of the whole window by bucket.

    Indexed by upper bound; columns ``lower``, ``count`` and ``share`` (ratio of all).
    """
    if bucketed.empty:
        return pd.DataFrame(columns=["lower", "count", "share"], dtype=float)
    cumulative = bucketed.iloc[-1]
    single = cumulative.diff().fillna(cumulative.iloc[0]).clip(lower=0)
    lower = [min(0.0, float(bucketed.columns[0])), *bucketed.columns[:-1]]
    total = cumulative.iloc[-1]
    share = single / total if total else single * np.nan
    return pd.DataFrame({"lower": lower, "count": single, "share": share})


def quantiles(bucketed: pd.DataFrame, evidence: Evidence, asked: Iterable[float]) -> pd.DataFrame:
    """Give percentiles over time, a column each, interpolated inside their buckets step by step.

    As Prometheus's ``histogram_quantile`` does, but NaN where nothing was observed or the percentile
    lies in the +Inf bucket: nothing bounds it there.
    """
    wanted = list(asked)
    steps = stepped(bucketed, evidence, MOST_STEPS // 2).diff().iloc[1:]
    bounds = bucketed.columns.to_numpy(dtype=float)
    rows = [[_quantile(row, bounds, one) for one in wanted] for row in steps.to_numpy()]
    return pd.DataFrame(rows, index=steps.index, columns=wanted, dtype=float)


def gauges(series: Sequence[Series], evidence: Evidence) -> pd.DataFrame:
    """Give the samples of gauges inside the window: a column a series, by seconds since it began."""
    window = evidence.window
    columns = {}
    for number, one in enumerate(series):
        column = _samples(one)
        columns[number] = column[(column.index >= window.start * _MS) & (column.index <= window.end * _MS)]
    frame = pd.DataFrame(columns, dtype=float).sort_index()
    frame.index = pd.Index(frame.index / _MS - window.start, name="seconds")
    return frame.replace([inf, -inf], np.nan)


def labels(series: Sequence[Series]) -> list[str]:
    """Name series by the labels that tell them apart, e.g. ``/predict, 500``."""
    keys = {key for one in series for key in one.labels}
    telling = sorted(key for key in keys if len({one.labels.get(key, "") for one in series}) > 1)
    return [", ".join(one.labels.get(key) or NO_LABEL for key in telling) for one in series]


def _raw(results: Iterable[QueryResult]) -> Iterable[Series]:
    return (series for result in results if result.exact for series in result.series)


def _samples(series: Series) -> pd.Series[float]:
    times = np.rint(np.array(series.times, dtype=float) * _MS).astype(np.int64)
    values = np.array(series.values, dtype=float)
    finite = np.isfinite(values)
    return pd.Series(values[finite], index=times[finite])


def _scrapes(evidence: Evidence) -> Mapping[tuple[str, str], npt.NDArray[np.int64]]:
    """Times of the good scrapes of each target in ms: of ``up == 1``, else of any of its samples."""
    times: dict[tuple[str, str], set[int]] = {}
    up = evidence.results.get("up")
    for one in up.series if up else ():
        column = _samples(one)
        times.setdefault(_target(one), set()).update(column.index[column == 1])
    known = set(times)
    for one in _raw(evidence.results.values()):
        if _target(one) not in known:
            times.setdefault(_target(one), set()).update(_samples(one).index)
    return {target: np.array(sorted(seen), dtype=np.int64) for target, seen in times.items()}


def _target(series: Series) -> tuple[str, str]:
    return series.labels.get("job", ""), series.labels.get("instance", "")


def _count(
    series: Series,
    scrapes: Mapping[tuple[str, str], npt.NDArray[np.int64]],
    window: tuple[float, float],
) -> pd.Series[float]:
    column = _samples(series)
    column = column[~column.index.duplicated()]
    scraped = pd.Index(scrapes.get(_target(series), np.array([], dtype=np.int64)))
    if column.index.isin(scraped).all():
        # What a scrape did not hold counts as zero; exporters with times of their own are taken as they are.
        column = column.reindex(scraped, fill_value=0.0)
    start, end = (edge * _MS for edge in window)
    first = max(int(column.index.searchsorted(start, side="right")) - 1, 0)
    last = int(column.index.searchsorted(end, side="left"))
    inside = column.iloc[first : last + 1]
    steps = inside.diff().fillna(0.0)
    return steps.where(steps >= 0, inside).cumsum()


def _bound(series: Series) -> float | None:
    try:
        return float(series.labels.get("le", ""))
    except ValueError:
        return None


def _quantile(
    cumulative: npt.NDArray[np.float64],
    bounds: npt.NDArray[np.float64],
    quantile: float,
) -> float:
    total = cumulative[-1]
    if not total > 0:
        return np.nan
    place = int(np.searchsorted(cumulative, quantile * total))
    if place >= len(bounds) or not np.isfinite(bounds[place]):
        return np.nan
    below = cumulative[place - 1] if place else 0.0
    lower = bounds[place - 1] if place else min(0.0, bounds[0])
    inside = cumulative[place] - below
    share = (quantile * total - below) / inside if inside > 0 else 1.0
    return float(lower + (bounds[place] - lower) * share)
