"""Charts of the load: requests offered, sent, completed and failed, and response times."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.charts import plots
from reports.charts.charts_html import Chart, ChartBuilder, ChartSection, LegendEntry, build_line_legend
from reports.charts.frames import build_load_frame
from reports.charts.svg import DASHES
from reports.text import formatting
from slo.model import Proof

_RATE_LEGEND = (
    LegendEntry("offered", "s7", "area"),
    LegendEntry("sent", "s1"),
    LegendEntry("completed", "s2", " ".join(map(str, DASHES[2]))),
    LegendEntry("failed", "bad", "area"),
)


def draw_load_section(proof: Proof, builder: ChartBuilder) -> ChartSection:
    """Draw requests and response times over time, as the load generator recorded them."""
    heading = "Load measured by the client"
    if proof.run is None:
        note = "No load was generated: existing traffic was evaluated."
        return ChartSection(heading, (), note)
    seconds = build_load_frame(proof.run)
    if seconds.empty:
        return ChartSection(heading, (), "The load generator recorded no requests.")
    requests = builder.build_chart(
        plots.plot_rates(seconds), "Requests per second", _describe_load(seconds), _RATE_LEGEND
    )
    return ChartSection(heading, (requests, *_draw_percentiles(seconds[["p50", "p95", "p99"]], builder)))


def _draw_percentiles(seconds: pd.DataFrame, builder: ChartBuilder) -> Iterator[Chart]:
    if not seconds.notna().any(axis=None):
        return
    caption = (
        "For each second, measured by the load generator from the intended start of each request"
        f"{describe_highest(seconds, 'p99')}."
    )
    legend = tuple(build_line_legend(list(seconds.columns)))
    figure = plots.plot_lines(seconds, "seconds")
    yield builder.build_chart(figure, "Response time, percentiles", caption, legend)


def describe_highest(frame: pd.DataFrame, name: str) -> str:
    """Describe the highest duration of a column and its time, to continue a sentence; empty if none."""
    column = frame[name].dropna()
    if column.empty:
        return ""
    value, time = float(column.max()), float(column.index[int(column.argmax())])
    return f"; highest {name} {formatting.format_seconds(value)}, at {formatting.format_number(time)} s"


def _describe_load(seconds: pd.DataFrame) -> str:
    means = {
        name: formatting.format_number(float(seconds[name].mean()))
        for name in ("offered", "sent", "completed")
    }
    failed = seconds["failed"]
    total = float(failed.sum())
    failures = "none failed"
    if total:
        first = formatting.format_number(float(failed.index[int((failed > 0).to_numpy().argmax())]))
        failures = f"{formatting.format_count(total)} failed, the first at {first} s"
    rates = ", ".join(f"{mean}/s {name}" for name, mean in means.items())
    return f"On average {rates}; {failures}."
