"""The evidence as tables: the text of each query and the raw values of its series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from reports.text import formatting
from slo.model import (
    Observations,
    Proof,
    QueryResult,
    Series,
    SeriesCounts,
    format_label_name,
    is_metric_name,
    parse_unit,
    quote_promql,
)

MAX_ROWS, MAX_TABLES = 20, 200
_COUNTER_SUFFIXES = ("_total", "_count", "_bucket", "_sum")
"""Suffixes of counters (Prometheus naming rules)."""


@dataclass(frozen=True, slots=True)
class QueryTable:
    """One query: its text, how it was evaluated, and one row of cells for each series."""

    query: str
    description: str
    warnings: tuple[str, ...]
    error: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    omitted_series: int


def build_query_tables(proof: Proof) -> list[QueryTable]:
    """Return a table for each query result, in the order of the queries; at most ``MAX_TABLES``."""
    results = list(proof.evidence.results.values())[:MAX_TABLES]
    return [_build_table(result, proof.observations) for result in results]


def _build_table(result: QueryResult, observations: Observations) -> QueryTable:
    shown = result.series[:MAX_ROWS]
    if not result.exact:
        columns: tuple[str, ...] = ("series", "value")
        rows: Iterator[tuple[str, ...]] = (
            (
                _format_labels(series.labels),
                formatting.format_number(series.values[-1] if series.values else None),
            )
            for series in shown
        )
    elif shown and all(_metric_name_of(series).endswith(_COUNTER_SUFFIXES) for series in shown):
        columns = ("series", "before", "after", "counted")
        rows = _build_counter_rows(islice(observations.count_series(result.series), MAX_ROWS))
    else:
        columns = ("series", "samples", "lowest", "highest", "last")
        rows = _build_gauge_rows(observations.select_window_samples(shown))
    return QueryTable(
        query=result.query,
        description=_describe_result(result),
        warnings=result.warnings,
        error=result.error or "",
        columns=columns,
        rows=tuple(rows),
        omitted_series=len(result.series) - len(shown),
    )


def _describe_result(result: QueryResult) -> str:
    samples = sum(len(series.times) for series in result.series)
    size = f"{formatting.format_count(len(result.series))} series, {formatting.format_count(samples)} samples"
    return f"{'exact, from raw samples' if result.exact else 'approximate, evaluated by Prometheus'}: {size}"


def _build_counter_rows(counted_series: Iterable[SeriesCounts]) -> Iterator[tuple[str, ...]]:
    for counts in counted_series:
        yield (
            _format_labels(counts.labels),
            "absent" if counts.before is None else formatting.format_number(counts.before),
            "absent" if counts.after is None else formatting.format_number(counts.after),
            formatting.format_number(counts.total) if counts.is_valid else "not a counter",
        )


def _build_gauge_rows(gauges: Iterable[Series]) -> Iterator[tuple[str, ...]]:
    for gauge in gauges:
        values = (min(gauge.values), max(gauge.values), gauge.values[-1]) if gauge.values else (None,) * 3
        name = _metric_name_of(gauge)
        unit = parse_unit(name)
        if unit == "seconds" and "start_time" in name:  # a Unix time, not a duration
            unit = ""
        yield (
            _format_labels(gauge.labels),
            formatting.format_count(len(gauge.values)),
            *(formatting.format_quantity(value, unit) for value in values),
        )


def _metric_name_of(series: Series) -> str:
    return series.labels.get("__name__", "")


def _format_labels(labels: Mapping[str, str]) -> str:
    metric = labels.get("__name__", "")
    parts = [
        f"{format_label_name(name)}={quote_promql(value)}"
        for name, value in labels.items()
        if name != "__name__"
    ]
    if metric and not is_metric_name(metric):
        metric, parts = "", [quote_promql(metric), *parts]
    return f"{metric}{{{', '.join(parts)}}}"
