"""Charts of all other metrics of the evidence: one chart for each metric, by its kind.

Counters are drawn as rates, histograms as distributions, gauges as lines, or as ranges if there are many
series. For the reference service these are requests by status, predictions by class, drift (PSI) by
feature, the model's accuracy, CPU and memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.charts import plots
from reports.charts.charts_html import Chart, ChartBuilder, ChartSection, LegendEntry, build_line_legend
from reports.charts.frames import (
    build_count_frame,
    build_gauge_frame,
    compute_distribution,
    compute_rates,
    format_series_labels,
    group_by_metric,
)
from reports.charts.plots import ThresholdLine
from reports.charts.svg import SERIES_COLOURS
from reports.charts.thresholds import find_thresholds
from reports.text import formatting
from slo.model import Proof, Series, parse_unit

MAX_LINES = len(SERIES_COLOURS)
MAX_ROWS = 40
MAX_CHARTS = 18
_MAX_LEGEND_LENGTH = 60
_CHECK_METRICS = {"up", "process_start_time_seconds", ""}
"""Metrics that only the checks of the evidence use; the report lists the checks in a table."""


def draw_metrics_section(proof: Proof, builder: ChartBuilder) -> ChartSection:
    """Draw each metric of the evidence that the latency section does not draw."""
    metrics = group_by_metric(proof.evidence)
    remaining = {name: series for name, series in metrics.items() if not _is_drawn_elsewhere(name, metrics)}
    charts = []
    for name, series in list(remaining.items())[:MAX_CHARTS]:
        if chart := _draw_metric(name, series, proof, builder):
            charts.append(chart)
    omitted = len(remaining) - MAX_CHARTS
    note = f"{omitted} more metrics are not drawn." if omitted > 0 else ""
    empty = "Prometheus returned no other series."
    return ChartSection("Other metrics of the service", tuple(charts), note if charts else empty)


def _is_drawn_elsewhere(name: str, series_by_name: dict[str, tuple[Series, ...]]) -> bool:
    """Return whether a metric is drawn with its histogram, or is only used by checks."""
    base, _, part = name.rpartition("_")
    if part in {"count", "sum"} and f"{base}_bucket" in series_by_name:
        return True
    return name in _CHECK_METRICS or name.endswith("_seconds_bucket")


def _draw_metric(name: str, series: Sequence[Series], proof: Proof, builder: ChartBuilder) -> Chart | None:
    if name.endswith("_bucket"):
        return _draw_histogram(name, series, proof, builder)
    if name.endswith(("_total", "_count", "_sum")):
        return _draw_counter(name, series, proof, builder)
    return _draw_gauge(name, series, proof, builder)


def _draw_histogram(name: str, series: Sequence[Series], proof: Proof, builder: ChartBuilder) -> Chart | None:
    histogram = proof.observations.count_histogram(series)
    if histogram is None or not histogram.counts[-1]:
        return None
    distribution = compute_distribution(histogram)
    total = formatting.format_count(histogram.counts[-1])
    caption = f"{total} observations in the window by bucket; all buckets have the same width."
    unit = parse_unit(name)
    figure = plots.plot_buckets(distribution, unit, _find_threshold_lines(name, proof))
    return builder.build_chart(figure, formatting.replace_unsafe(name.removesuffix("_bucket")), caption)


def _draw_counter(name: str, series: Sequence[Series], proof: Proof, builder: ChartBuilder) -> Chart | None:
    counts = tuple(proof.observations.count_series(series))
    over_time = compute_rates(build_count_frame(counts), proof.evidence)
    if over_time.empty:
        return None
    totals = [item.total for item in counts]
    largest = sorted(range(len(counts)), key=lambda column: -totals[column])[:MAX_LINES]
    labels = format_series_labels([item.labels for item in counts])
    legend: tuple[LegendEntry, ...] = ()
    if len(counts) > 1:
        legend = _build_legend(
            [f"{labels[column]}: {formatting.format_number(totals[column])}" for column in largest]
        )
    total = formatting.format_quantity(sum(totals), parse_unit(name))
    caption = (
        f"Rate per second between scrapes; {total} counted in the window"
        f"{_describe_omitted(len(counts) - len(largest))}."
    )
    figure = plots.plot_lines(over_time[largest], "")
    return builder.build_chart(figure, formatting.replace_unsafe(name), caption, legend)


def _draw_gauge(name: str, series: Sequence[Series], proof: Proof, builder: ChartBuilder) -> Chart | None:
    frame = build_gauge_frame(proof.observations.select_window_samples(series), proof.evidence)
    columns = [column for column in range(len(series)) if frame[column].notna().any()]
    if not columns:
        return None
    unit, lines = parse_unit(name), _find_threshold_lines(name, proof)
    all_labels = format_series_labels([item.labels for item in series])
    labels = [all_labels[column] for column in columns]
    if len(columns) > MAX_LINES:
        return _draw_ranges(name, _summarize_series(frame[columns], labels), unit, lines, builder)
    values = frame[columns].to_numpy()
    interval = formatting.format_interval(float(np.nanmin(values)), float(np.nanmax(values)), unit)
    last = ""
    if len(columns) == 1:
        last = f", {formatting.format_quantity(float(frame[columns[0]].dropna().iloc[-1]), unit)} at the end"
    caption = f"{interval} in the window{last}{_describe_thresholds(lines)}."
    figure = plots.plot_lines(frame[columns], unit, lines, from_zero=False)
    legend = _build_legend(labels) if len(columns) > 1 else ()
    return builder.build_chart(figure, formatting.replace_unsafe(name), caption, legend)


def _summarize_series(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the lowest, highest and last value of each series, sorted by the highest, descending."""
    table = pd.DataFrame({"low": frame.min(), "high": frame.max(), "last": frame.ffill().iloc[-1]})
    table.index = pd.Index(names)
    return table.sort_values("high", ascending=False, kind="stable")


def _draw_ranges(
    name: str, table: pd.DataFrame, unit: str, threshold_lines: Sequence[ThresholdLine], builder: ChartBuilder
) -> Chart:
    highest = formatting.format_quantity(float(table["high"].iloc[0]), unit)
    caption = (
        f"Lowest to highest value of each of {formatting.format_count(len(table))} series in the window; "
        f"the dot is the last value. Highest: {formatting.replace_unsafe(str(table.index[0]))} with {highest}"
        f"{_describe_thresholds(threshold_lines)}{_describe_omitted(len(table) - MAX_ROWS)}."
    )
    figure = plots.plot_ranges(table.iloc[:MAX_ROWS], unit, threshold_lines)
    return builder.build_chart(figure, formatting.replace_unsafe(name), caption)


def _build_legend(names: list[str]) -> tuple[LegendEntry, ...]:
    return tuple(
        build_line_legend(
            [formatting.truncate(formatting.replace_unsafe(name), _MAX_LEGEND_LENGTH) for name in names]
        )
    )


def _find_threshold_lines(name: str, proof: Proof) -> list[ThresholdLine]:
    return [
        ThresholdLine(threshold.value, threshold.label)
        for threshold in find_thresholds(proof)
        if threshold.metric == name
    ]


def _describe_thresholds(threshold_lines: Sequence[ThresholdLine]) -> str:
    labels = ", ".join(line.label for line in threshold_lines)
    return f"; threshold: {labels}" if threshold_lines else ""


def _describe_omitted(number: int) -> str:
    return f"; {formatting.format_count(number)} smaller series are not drawn" if number > 0 else ""
