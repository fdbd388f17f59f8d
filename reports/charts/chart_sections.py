"""The chart sections of a report, in the order of the page."""

from __future__ import annotations

from reports.charts.charts_html import ChartBuilder, ChartSection
from reports.charts.latency_charts import draw_latency_section
from reports.charts.load_charts import draw_load_section
from reports.charts.metric_charts import draw_metrics_section
from reports.charts.svg import use_report_style
from slo.model import Proof


def build_chart_sections(proof: Proof) -> list[ChartSection]:
    """Draw all charts; the same proof yields the same bytes."""
    builder = ChartBuilder()
    with use_report_style():
        return [
            draw_load_section(proof, builder),
            draw_latency_section(proof, builder),
            draw_metrics_section(proof, builder),
        ]
