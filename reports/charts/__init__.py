"""The charts of the HTML report and of the history, as inline SVG.

Importing this package loads pandas and matplotlib, so import it only where charts are drawn.
"""

from reports.charts.chart_sections import build_chart_sections
from reports.charts.trend import TrendPoint, render_trend_html, render_trend_svg

__all__ = [
    "TrendPoint",
    "build_chart_sections",
    "render_trend_html",
    "render_trend_svg",
]
