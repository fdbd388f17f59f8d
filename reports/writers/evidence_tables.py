"""The evidence as tables: the text of each query and the raw values of its series."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from reports.charts import build_count_frame, build_gauge_frame
from reports.text import formatting
from slo.model import Evidence, QueryResult, Series, parse_unit

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


def build_query_tables(evidence: Evidence) -> list[QueryTable]:
    """Return a table for each query result, in the order of the queries; at most ``MAX_TABLES``."""
    return [_build_table(result, evidence) for result in list(evidence.results.values())[:MAX_TABLES]]


def _build_table(result: QueryResult, evidence: Evidence) -> QueryTable:
    shown = result.series[:MAX_ROWS]
    if not result.exact:
        columns: tuple[str, ...] = ("series", "value")
        rows: Iterator[tuple[str, ...]] = (
            (_format_series(series), formatting.format_number(series.values[-1] if series.values else None))
            for series in shown
        )
    elif shown and all(_metric_name_of(series).endswith(_COUNTER_SUFFIXES) for series in shown):
        columns = ("series", "before", "after", "counted")
        rows = _build_counter_rows(shown, evidence)
    else:
        columns = ("series", "samples", "lowest", "highest", "last")
        rows = _build_gauge_rows(shown, evidence)
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


def _build_counter_rows(counters: tuple[Series, ...], evidence: Evidence) -> Iterator[tuple[str, ...]]:
    counts = build_count_frame(counters, evidence)
    window = evidence.window
    for position, counter in enumerate(counters):
        values = counter.values
        before = bisect_right(counter.times, window.start) - 1
        after = min(bisect_left(counter.times, window.end), len(values) - 1)
        yield (
            _format_series(counter),
            formatting.format_number(values[before]) if before >= 0 else "absent",
            formatting.format_number(values[after]) if values else "absent",
            formatting.format_number(float(counts[position].iloc[-1]) if len(counts) else 0.0),
        )


def _build_gauge_rows(gauges: tuple[Series, ...], evidence: Evidence) -> Iterator[tuple[str, ...]]:
    frame = build_gauge_frame(gauges, evidence)
    for position, gauge in enumerate(gauges):
        column = frame[position].dropna()
        values = (column.min(), column.max(), column.iloc[-1]) if len(column) else (None, None, None)
        name = _metric_name_of(gauge)
        unit = parse_unit(name)
        if unit == "seconds" and "start_time" in name:  # a Unix time, not a duration
            unit = ""
        yield (
            _format_series(gauge),
            formatting.format_count(len(column)),
            *(formatting.format_quantity(value, unit) for value in values),
        )


def _metric_name_of(series: Series) -> str:
    return series.labels.get("__name__", "")


def _format_series(series: Series) -> str:
    labels = ", ".join(f'{name}="{value}"' for name, value in series.labels.items() if name != "__name__")
    return f"{_metric_name_of(series)}{{{labels}}}"
