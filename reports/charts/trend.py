"""The history of runs as a chart: response times, failures and throughput of each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from markupsafe import escape
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.svg import BAD, DASHES, MUTED, SERIES_COLOURS, create_figure, render_svg, use_report_style
from reports.text import formatting
from slo.model import Outcome

CSS_FILE = Path(__file__).parents[1] / "templates" / "report.css"
PANELS = (
    (
        "response time",
        "seconds",
        {"p99": "response_time_p99", "p95": "response_time_p95", "p50": "response_time_p50"},
    ),
    ("failed", "ratio", {"failed": "error_ratio"}),
    ("completed/s", "", {"completed": "throughput"}),
)
"""Title, unit, and figure names by the label of their line, highest line first."""
WIDTH, HEIGHT = 760.0, 420.0
MAX_LABELS = 8
LABEL_HEIGHT_RATIO = 0.09
"""Height of a label as a share of the axis."""
_OUTCOME_MARKERS = {Outcome.MET: "o", Outcome.MISSED: "X", Outcome.UNDECIDED: "D"}
_MIN_AXIS_TOP = {"ratio": 0.01}
"""Minimum upper limit of an axis by unit, so that a line at 0 stays at the bottom."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A run in the chart: its label on the axis, its verdict, and its figures by name."""

    label: str
    verdict: Outcome
    figures: Mapping[str, float]


def render_trend(points: Sequence[TrendPoint], title: str) -> str:
    """Return the runs, oldest first, as an SVG element for a page that defines the report's colours."""
    with use_report_style():
        figure = create_figure(WIDTH, HEIGHT)
        all_axes = figure.subplots(len(PANELS), 1, sharex=True, height_ratios=[2, 1, 1])
        for axes, (name, unit, lines) in zip(all_axes, PANELS, strict=True):
            _draw_panel(axes, points, name, unit, lines)
        _label_runs(all_axes[-1], points)
        _draw_legend(figure, points)
        return render_svg(figure, "trend", title)


def render_trend_svg(points: Sequence[TrendPoint], title: str) -> str:
    """Return the runs as a standalone SVG file with a light and a dark colour scheme."""
    svg = render_trend(points, formatting.replace_unsafe(title))
    rule = "svg { background: var(--card); font-family: system-ui, sans-serif; }"
    tag_end = svg.index(">") + 1
    tag = svg[:tag_end].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{tag}<style>{_read_colour_css()} {rule}</style>{svg[tag_end:]}\n"


def render_trend_html(points: Sequence[TrendPoint], title: str) -> str:
    """Return the runs as an HTML page with a chart and a table of their figures."""
    title = formatting.replace_unsafe(title)
    names = [name for _, _, lines in PANELS for name in lines.values()]
    units = {name: unit for _, unit, lines in PANELS for name in lines.values()}
    header = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in ("run", "verdict", *names))
    rows = "".join(
        f"<tr><td>{escape(formatting.replace_unsafe(point.label))}</td><td>{point.verdict}</td>"
        + "".join(
            f"<td>{escape(formatting.format_quantity(point.figures.get(name), units[name]))}</td>"
            for name in names
        )
        + "</tr>"
        for point in reversed(points)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_read_colour_css()}{_PAGE_CSS}</style></head>"
        f"<body><h1>{escape(title)}</h1>{render_trend(points, title)}"
        f'<div class="rows"><table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></div>'
        "</body></html>\n"
    )


_PAGE_CSS = """
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; background: var(--card); }
.rows { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--muted); font-weight: 500; }
"""


def _read_colour_css() -> str:
    """Return the part of the report's style sheet that defines its colours."""
    text = CSS_FILE.read_text(encoding="utf-8")
    return text[: text.index("\n* {")]


def _draw_panel(
    axes: Axes, points: Sequence[TrendPoint], title: str, unit: str, lines: Mapping[str, str]
) -> None:
    """Draw lines through the runs; a marker shows the verdict, a gap a value that was not measured."""
    columns = [[point.figures.get(name) for point in points] for name in lines.values()]
    measured = [value for column in columns for value in column if value is not None]
    top = max([_MIN_AXIS_TOP.get(unit, 0.0), *measured])
    for column, colour, dash in zip(columns, SERIES_COLOURS, DASHES, strict=False):
        values = [float("nan") if value is None else value for value in column]
        axes.plot(range(len(points)), values, color=colour, dashes=dash or (None, None))
        for outcome, marker in _OUTCOME_MARKERS.items():
            positions = [n for n, point in enumerate(points) if point.verdict is outcome]
            marker_colour = BAD if outcome is Outcome.MISSED else colour
            heights = [values[n] for n in positions]
            [markers] = axes.plot(positions, heights, marker, color=marker_colour, markersize=5)
            markers.set(clip_on=False, in_layout=False)  # a marker at 0 overlaps the axis
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylim(0, top * 1.12 or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(4 if len(lines) > 1 else 2))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: formatting.format_quantity(float(f"{value:.6g}"), unit))
    )
    if len(lines) > 1:
        _label_lines(axes, list(lines), columns)


def _label_lines(axes: Axes, labels: Sequence[str], values_by_line: Sequence[Sequence[float | None]]) -> None:
    """Label each line at its last value; labels do not overlap and stay within the axis."""
    last_values = [
        [(value, run) for run, value in enumerate(values) if value is not None][-1:]
        for values in values_by_line
    ]
    ends = sorted((*last[0], line) for line, last in enumerate(last_values) if last)
    top = axes.get_ylim()[1]
    heights = _spread_positions([value / top for value, _, _ in ends], LABEL_HEIGHT_RATIO)
    for height, (_, run, line) in zip(heights, ends, strict=True):
        axes.annotate(
            labels[line],
            (run, height * top),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=SERIES_COLOURS[line],
        )


def _spread_positions(positions: Sequence[float], min_distance: float) -> list[float]:
    """Move ascending positions between 0 and 1 so that they are at least ``min_distance`` apart."""
    moved, lowest = list[float](), 0.0
    for position in positions:
        moved.append(max(position, lowest))
        lowest = moved[-1] + min_distance
    highest = 1.0
    for n in reversed(range(len(moved))):
        moved[n] = min(moved[n], highest)
        highest = moved[n] - min_distance
    return moved


def _label_runs(axes: Axes, points: Sequence[TrendPoint]) -> None:
    step = max(1, ceil(len(points) / MAX_LABELS))
    positions = range(0, len(points), step)
    axes.set_xticks(list(positions), [points[n].label for n in positions], fontsize=9)
    axes.set_xlim(-0.4, len(points) - 0.4)


def _draw_legend(figure: Figure, points: Sequence[TrendPoint]) -> None:
    """Explain the markers of the verdicts if there is more than one verdict."""
    outcomes = [outcome for outcome in Outcome if any(point.verdict is outcome for point in points)]
    if len(outcomes) == 1:
        return
    axes, handles = figure.axes[0], list[Artist]()
    for outcome in outcomes:
        colour = BAD if outcome is Outcome.MISSED else MUTED
        handles += axes.plot([], [], _OUTCOME_MARKERS[outcome], color=colour, label=str(outcome))
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=9)
