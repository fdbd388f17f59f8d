"""Charts of the service's latency histograms: percentiles over time, and the distribution."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np
import pandas as pd

from reports.charts import plots
from reports.charts.charts_html import Chart, ChartBuilder, ChartSection, build_line_legend
from reports.charts.frames import (
    build_quantile_frame,
    compute_distribution,
)
from reports.charts.load_charts import describe_highest
from reports.charts.plots import ThresholdLine
from reports.charts.thresholds import Threshold, find_thresholds, parse_metric_name
from reports.text import formatting
from slo.model import Proof, QueryResult

PERCENTILES = (0.5, 0.95, 0.99)
MAX_HISTOGRAMS = 6
_MAX_QUERY_LENGTH, _MAX_NAME_LENGTH = 120, 60


def draw_latency_section(proof: Proof, builder: ChartBuilder) -> ChartSection:
    """Draw each histogram of durations; histograms that an objective uses come first."""
    charts: list[Chart] = []
    histograms = _find_duration_histograms(proof)
    thresholds = find_thresholds(proof)
    for selector, result in histograms[:MAX_HISTOGRAMS]:
        charts.extend(_draw_histogram(proof, selector, result, thresholds, builder))
    omitted = len(histograms) - MAX_HISTOGRAMS
    note = f"{omitted} more histograms are not drawn." if omitted > 0 else ""
    empty = "No histogram of durations has observations in the window."
    return ChartSection("Latency measured by the service", tuple(charts), note if charts else empty)


def _draw_histogram(
    proof: Proof, selector: str, result: QueryResult, all_thresholds: list[Threshold], builder: ChartBuilder
) -> Iterator[Chart]:
    histogram = proof.observations.count_histogram(result.series, PERCENTILES)
    if histogram is None or not histogram.counts[-1]:
        return
    distribution = compute_distribution(histogram)
    query = formatting.truncate(formatting.replace_unsafe(selector), _MAX_QUERY_LENGTH)
    metric = parse_metric_name(selector).removesuffix("_bucket")
    name = formatting.truncate(formatting.replace_unsafe(metric), _MAX_NAME_LENGTH)
    lines = [
        ThresholdLine(threshold.value, threshold.label)
        for threshold in all_thresholds
        if _is_threshold_of(threshold, selector)
    ]
    names = [formatting.format_percentile(quantile) for quantile in PERCENTILES]
    over_time = build_quantile_frame(histogram, proof.evidence, names)
    if len(over_time) > 1 and over_time.notna().any(axis=None):
        caption = (
            f"From {query}, interpolated inside the buckets, for each scrape interval"
            f"{describe_highest(over_time, 'p99')}.{_describe_gaps(over_time)}"
        )
        legend = list(build_line_legend(names))
        figure = plots.plot_lines(over_time, "seconds", lines)
        yield builder.build_chart(figure, f"{name}, percentiles", caption, legend)
    caption = (
        f"{formatting.format_count(histogram.counts[-1])} observations of {query} by bucket; all buckets "
        f"have the same width: {_describe_distribution(distribution)}."
    )
    figure = plots.plot_buckets(distribution, "seconds", lines)
    yield builder.build_chart(figure, f"{name}, distribution", caption)


def _describe_gaps(over_time: pd.DataFrame) -> str:
    has_gaps = over_time.isna().any(axis=None)
    return " Gaps: no observations, or the percentile is above the last bucket bound." if has_gaps else ""


def _find_duration_histograms(proof: Proof) -> list[tuple[str, QueryResult]]:
    """Return selectors with complete histograms of durations, each once; those of objectives come first."""
    used = {query for objective in proof.verdict.objectives for query in objective.queries}
    histograms = {
        frozenset(frozenset(series.labels.items()) for series in result.series): (str(key), result)
        for key, result in proof.evidence.results.items()
        if result.exact and _is_in_seconds(result) and proof.observations.is_whole_histogram(result.series)
    }
    return sorted(histograms.values(), key=lambda histogram: histogram[0] not in used)


def _is_in_seconds(result: QueryResult) -> bool:
    names = {series.labels.get("__name__", "") for series in result.series}
    return bool(names) and all(name.endswith("_seconds_bucket") for name in names)


def _is_threshold_of(threshold: Threshold, query: str) -> bool:
    """Return whether a threshold applies to this histogram: to the query itself, or to one of its buckets."""
    if threshold.query == query:
        return True
    return "le=" in threshold.query and threshold.metric == parse_metric_name(query)


def _describe_distribution(buckets: pd.DataFrame) -> str:
    """Describe the first bucket bounds below which 50 % and 99 % of the observations lie."""
    bounds = buckets.index.to_numpy(dtype=float)
    shares = buckets["count"].cumsum().to_numpy() / buckets["count"].sum()
    parts = []
    for min_share in (0.5, 0.99):
        position = min(int(np.searchsorted(shares, min_share)), len(bounds) - 1)
        if isfinite(bounds[position]):
            share = formatting.format_percent(min(float(shares[position]), 1.0))
            parts.append(f"{share} within {formatting.format_seconds(bounds[position])}")
        else:
            parts.append("the rest above the last bucket bound")
    return ", ".join(dict.fromkeys(parts))
