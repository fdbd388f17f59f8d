"""Pictures of everything else that was asked of the service: a chart a metric, by the metric's kind.

Counters are drawn as rates, histograms as distributions, gauges as lines or, where there are many, as
ranges. For the reference service these are requests by status, predictions by class, drift (PSI) by
feature, the model's accuracy, CPU and memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.charts import plots
from reports.charts.frames import (
    buckets,
    by_metric,
    counts,
    distribution,
    gauges,
    is_histogram,
    labels,
    rates,
)
from reports.charts.pictures import Album, Key, Picture, Section, line_keys
from reports.charts.plots import Mark
from reports.charts.svg import SERIES
from reports.charts.thresholds import thresholds
from reports.text import formatting
from slo.model import Evidence, Proof, Series

MOST_LINES = len(SERIES)
MOST_ROWS = 40
MOST_PICTURES = 18
_MACHINERY = {"up", "process_start_time_seconds", ""}
"""What checks of the evidence read; the checks say it better than a picture."""


def metrics(proof: Proof, album: Album) -> Section:
    """Draw each metric of the evidence that the latency section does not."""
    found = by_metric(proof.evidence)
    wanted = {name: series for name, series in found.items() if not _elsewhere(name, found)}
    drawn = []
    for name, series in list(wanted.items())[:MOST_PICTURES]:
        if picture := _draw(name, series, proof, album):
            drawn.append(picture)
    left = len(wanted) - MOST_PICTURES
    note = f"{left} more metrics are not drawn." if left > 0 else ""
    heading, empty = "What else the service counted", "Prometheus gave no other series."
    return Section(heading, tuple(drawn), note if drawn else empty)


def _elsewhere(name: str, found: dict[str, tuple[Series, ...]]) -> bool:
    """Tell whether a metric is drawn with the histogram it belongs to, or only part of the machinery."""
    base, _, part = name.rpartition("_")
    if part in {"count", "sum"} and f"{base}_bucket" in found:
        return True
    return name in _MACHINERY or name.endswith("_seconds_bucket")


def _draw(name: str, series: Sequence[Series], proof: Proof, album: Album) -> Picture | None:
    if name.endswith("_bucket"):
        return _histogram(name, series, proof, album)
    if name.endswith(("_total", "_count", "_sum")):
        return _counter(name, series, proof.evidence, album)
    return _gauge(name, series, proof, album)


def _histogram(name: str, series: Sequence[Series], proof: Proof, album: Album) -> Picture | None:
    spread = distribution(buckets(series, proof.evidence)) if is_histogram(series) else pd.DataFrame()
    if spread.empty or not spread["count"].sum() > 0:
        return None
    base = name.removesuffix("_bucket")
    total = formatting.count(spread["count"].sum())
    caption = f"{total} observations in the window by bucket, buckets drawn equally wide."
    figure = plots.bars(spread, formatting.unit_of(name), _marks(name, proof))
    return album.picture(figure, formatting.clean(base), caption)


def _counter(name: str, series: Sequence[Series], evidence: Evidence, album: Album) -> Picture | None:
    counted = counts(series, evidence)
    over_time = rates(counted, evidence)
    if over_time.empty:
        return None
    totals = counted.iloc[-1]
    kept = sorted(range(len(series)), key=lambda n: -totals[n])[:MOST_LINES]
    names = labels(series)
    keys = _keys([f"{names[n]}: {formatting.number(totals[n])}" for n in kept]) if len(series) > 1 else ()
    unit = formatting.unit_of(name)
    caption = (
        f"Rate per second from scrape to scrape; {formatting.quantity(totals.sum(), unit)} counted in the window"
        f"{_left_out(len(series) - len(kept))}."
    )
    return album.picture(plots.lines(over_time[kept], ""), formatting.clean(name), caption, keys)


def _gauge(name: str, series: Sequence[Series], proof: Proof, album: Album) -> Picture | None:
    frame = gauges(series, proof.evidence)
    kept = [n for n in range(len(series)) if frame[n].notna().any()]
    if not kept:
        return None
    unit, marks, names = formatting.unit_of(name), _marks(name, proof), labels(series)
    if len(kept) > MOST_LINES:
        return _ranges(name, _table(frame[kept], [names[n] for n in kept]), unit, marks, album)
    figures = frame[kept].to_numpy()
    span = formatting.span(float(np.nanmin(figures)), float(np.nanmax(figures)), unit)
    ending = f", {formatting.quantity(float(frame[kept[0]].dropna().iloc[-1]), unit)} at the end"
    caption = f"{span} in the window{ending if len(kept) == 1 else ''}{_asked(marks)}."
    keys = _keys([names[n] for n in kept]) if len(kept) > 1 else ()
    return album.picture(
        plots.lines(frame[kept], unit, marks, from_zero=False), formatting.clean(name), caption, keys
    )


def _table(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Give lowest, highest and last value of each series, the highest on top."""
    table = pd.DataFrame({"low": frame.min(), "high": frame.max(), "last": frame.ffill().iloc[-1]})
    table.index = pd.Index(names)
    return table.sort_values("high", ascending=False, kind="stable")


def _ranges(name: str, table: pd.DataFrame, unit: str, marks: Sequence[Mark], album: Album) -> Picture:
    highest = formatting.quantity(float(table["high"].iloc[0]), unit)
    caption = (
        f"Lowest to highest value of each of {formatting.count(len(table))} series in the window, the last as a "
        f"dot. Highest: {formatting.clean(str(table.index[0]))} with {highest}"
        f"{_asked(marks)}{_left_out(len(table) - MOST_ROWS)}."
    )
    return album.picture(plots.ranges(table.iloc[:MOST_ROWS], unit, marks), formatting.clean(name), caption)


def _keys(names: list[str]) -> tuple[Key, ...]:
    return tuple(line_keys([formatting.shortened(formatting.clean(name), 60) for name in names]))


def _marks(name: str, proof: Proof) -> list[Mark]:
    return [Mark(one.value, one.label) for one in thresholds(proof) if one.metric == name]


def _asked(marks: Sequence[Mark]) -> str:
    return f"; asked: {', '.join(mark.label for mark in marks)}" if marks else ""


def _left_out(number: int) -> str:
    return f"; {formatting.count(number)} smaller series are not drawn" if number > 0 else ""
