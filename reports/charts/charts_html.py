"""The charts of a report as HTML: inline SVG with title, caption and legend, grouped in sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from reports.charts.svg import DASHES, render_svg


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of a legend: label, CSS variable of the colour, dash pattern (``area``: filled)."""

    label: str
    colour: str
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with title, caption and legend; ``svg`` is trusted markup."""

    title: str
    caption: str
    svg: Markup
    legend: tuple[LegendEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ChartSection:
    """Charts under one heading; ``note`` states why there are none, or which are left out."""

    heading: str
    charts: tuple[Chart, ...]
    note: str = ""


class ChartBuilder:
    """Builds the charts of one page; a number makes the ids inside each SVG unique on the page."""

    def __init__(self) -> None:
        self._chart_count = 0

    def build_chart(
        self, figure: Figure, title: str, caption: str, legend: Sequence[LegendEntry] = ()
    ) -> Chart:
        """Convert a figure to a chart; title and caption are also the text for screen readers."""
        self._chart_count += 1
        svg = render_svg(figure, f"chart {self._chart_count}", f"{title}. {caption}")
        return Chart(title, caption, Markup(svg), tuple(legend))  # noqa: S704 - matplotlib escapes its texts


def build_line_legend(labels: Sequence[str]) -> Iterator[LegendEntry]:
    """Yield the legend of :func:`reports.charts.plots.plot_lines`, with the same colours and dashes."""
    for position, label in enumerate(labels):
        style = position % len(DASHES)
        yield LegendEntry(label, f"s{style + 1}", " ".join(map(str, DASHES[style])))
