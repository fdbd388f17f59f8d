"""Pictures of latency as the service counted it: percentiles over time, and the distribution."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np
import pandas as pd

from reports.charts import plots
from reports.charts.frames import buckets, distribution, is_histogram, quantiles
from reports.charts.load_charts import highest
from reports.charts.pictures import Album, Picture, Section, line_keys
from reports.charts.plots import Mark
from reports.charts.thresholds import Threshold, metric_of, thresholds
from reports.text import formatting
from slo.model import Proof, QueryResult

PERCENTILES = (0.5, 0.95, 0.99)
MOST_HISTOGRAMS = 6


def latency(proof: Proof, album: Album) -> Section:
    """Draw each histogram of durations that the service exposes, the judged ones first."""
    pictures: list[Picture] = []
    histograms = _histograms(proof)
    asked = thresholds(proof)
    for selector, result in histograms[:MOST_HISTOGRAMS]:
        pictures.extend(_service(proof, selector, result, asked, album))
    left = len(histograms) - MOST_HISTOGRAMS
    note = f"{left} more histograms are not drawn." if left > 0 else ""
    empty = "The service counted no durations in a histogram."
    return Section("How long the service took", tuple(pictures), note if pictures else empty)


def _service(
    proof: Proof, selector: str, result: QueryResult, asked: list[Threshold], album: Album
) -> Iterator[Picture]:
    bucketed = buckets(result.series, proof.evidence)
    spread = distribution(bucketed)
    total = spread["count"].sum()
    if not total > 0:
        return
    query = formatting.shortened(formatting.clean(selector), 120)
    name = formatting.shortened(formatting.clean(metric_of(selector).removesuffix("_bucket")), 60)
    marks = [Mark(one.value, one.label) for one in asked if _judges(one, selector)]
    over_time = quantiles(bucketed, proof.evidence, PERCENTILES)
    over_time.columns = pd.Index([formatting.percentile(one) for one in PERCENTILES])
    if len(over_time) > 1 and over_time.notna().any(axis=None):
        caption = (
            f"From {query}, interpolated inside its buckets, scrape by scrape"
            f"{highest(over_time, 'p99')}.{_gaps(over_time)}"
        )
        keys = line_keys(list(over_time.columns))
        figure = plots.lines(over_time, "seconds", marks)
        yield album.picture(figure, f"{name}, percentiles", caption, [*keys])
    caption = f"{formatting.count(total)} observations of {query} by bucket, buckets drawn equally wide: {_held(spread)}."
    yield album.picture(plots.bars(spread, "seconds", marks), f"{name}, distribution", caption)


def _gaps(over_time: pd.DataFrame) -> str:
    gaps = over_time.isna().any(axis=None)
    return " Gaps: nothing observed, or beyond the last bucket." if gaps else ""


def _histograms(proof: Proof) -> list[tuple[str, QueryResult]]:
    """List selectors whose answers are whole histograms of durations, the judged first, each once."""
    judged = {query for one in proof.verdict.objectives for query in one.queries}
    found = {
        frozenset(frozenset(series.labels.items()) for series in result.series): (selector, result)
        for selector, result in proof.evidence.results.items()
        if result.exact and _in_seconds(result) and is_histogram(result.series)
    }
    return sorted(found.values(), key=lambda answer: answer[0] not in judged)


def _in_seconds(result: QueryResult) -> bool:
    names = {series.labels.get("__name__", "") for series in result.series}
    return bool(names) and all(name.endswith("_seconds_bucket") for name in names)


def _judges(threshold: Threshold, query: str) -> bool:
    """Tell whether a threshold is asked of this histogram: of the query itself, or of one bucket of it."""
    if threshold.query == query:
        return True
    return "le=" in threshold.query and threshold.metric == metric_of(query)


def _held(spread: pd.DataFrame) -> str:
    """Say where most observations are: the first bounds that hold half and 99 % of them."""
    bounds = spread.index.to_numpy(dtype=float)
    within = spread["count"].cumsum().to_numpy() / spread["count"].sum()
    parts = []
    for least in (0.5, 0.99):
        place = min(int(np.searchsorted(within, least)), len(bounds) - 1)
        share = formatting.percent(min(float(within[place]), 1.0))
        known = isfinite(bounds[place])
        parts.append(
            f"{share} within {formatting.seconds(bounds[place])}"
            if known
            else "the rest beyond the last bucket"
        )
    return ", ".join(dict.fromkeys(parts))
