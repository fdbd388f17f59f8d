"""The evidence as tables: for each query what was asked, and the raw numbers that came back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from reports.charts.frames import counts, gauges
from reports.text import formatting
from slo.model import Evidence, QueryResult, Series

MOST_ROWS, MOST_TABLES = 20, 200
_COUNTER = ("_total", "_count", "_bucket", "_sum")
"""Endings that Prometheus's naming rules give to what only counts up."""


@dataclass(frozen=True, slots=True)
class QueryTable:
    """One query: its text, how it was answered, and a row a series under ``columns``."""

    query: str
    how: str
    warnings: tuple[str, ...]
    error: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


def query_tables(evidence: Evidence) -> list[QueryTable]:
    """Make a table for each answer, in the order of asking; at most ``MOST_TABLES``."""
    return [_table(result, evidence) for result in list(evidence.results.values())[:MOST_TABLES]]


def _table(result: QueryResult, evidence: Evidence) -> QueryTable:
    shown = result.series[:MOST_ROWS]
    if not result.exact:
        columns: tuple[str, ...] = ("series", "value")
        rows: Iterator[tuple[str, ...]] = (
            (_labels(one), formatting.number(one.values[-1] if one.values else None)) for one in shown
        )
    elif shown and all(one.labels.get("__name__", "").endswith(_COUNTER) for one in shown):
        columns = ("series", "before", "after", "counted")
        rows = _counter_rows(shown, evidence)
    else:
        columns = ("series", "samples", "lowest", "highest", "last")
        rows = _gauge_rows(shown, evidence)
    return QueryTable(
        query=result.query,
        how=_how(result),
        warnings=result.warnings,
        error=result.error or "",
        columns=columns,
        rows=tuple(rows),
        left_out=len(result.series) - len(shown),
    )


def _how(result: QueryResult) -> str:
    samples = sum(len(one.times) for one in result.series)
    many = f"{formatting.count(len(result.series))} series, {formatting.count(samples)} samples"
    return f"{'exact, from raw samples' if result.exact else 'approximate, evaluated by Prometheus'}: {many}"


def _counter_rows(series: tuple[Series, ...], evidence: Evidence) -> Iterator[tuple[str, ...]]:
    counted = counts(series, evidence)
    window = evidence.window
    for number, one in enumerate(series):
        before = bisect_right(one.times, window.start) - 1
        after = bisect_left(one.times, window.end)
        yield (
            _labels(one),
            formatting.number(one.values[before]) if before >= 0 else "absent",
            formatting.number(one.values[min(after, len(one.values) - 1)]) if one.values else "absent",
            formatting.number(float(counted[number].iloc[-1]) if len(counted) else 0.0),
        )


def _gauge_rows(series: tuple[Series, ...], evidence: Evidence) -> Iterator[tuple[str, ...]]:
    frame = gauges(series, evidence)
    for number, one in enumerate(series):
        column = frame[number].dropna()
        figures = (column.min(), column.max(), column.iloc[-1]) if len(column) else (None, None, None)
        unit = formatting.unit_of(one.labels.get("__name__", ""))
        raw = unit == "seconds" and "start_time" in one.labels.get("__name__", "")
        yield (
            _labels(one),
            formatting.count(len(column)),
            *(formatting.quantity(figure, "" if raw else unit) for figure in figures),
        )


def _labels(series: Series) -> str:
    inside = ", ".join(f'{key}="{value}"' for key, value in series.labels.items() if key != "__name__")
    return f"{series.labels.get('__name__', '')}{{{inside}}}"
