"""The history of runs as a picture: response times, failures and throughput, one place a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts.svg import BAD, DASHES, MUTED, SERIES, figure, inline, styled
from reports.text import formatting
from slo.model import Outcome

CSS = Path(__file__).parents[1] / "templates" / "report.css"
PANELS = (
    (
        "response time",
        "seconds",
        {"p99": "response_time_p99", "p95": "response_time_p95", "p50": "response_time_p50"},
    ),
    ("failed", "ratio", {"failed": "error_ratio"}),
    ("completed/s", "", {"completed": "throughput"}),
)
"""Title, unit, and figures by the label of their line, the highest first."""
WIDTH, HEIGHT = 760.0, 420.0
MOST_LABELS = 8
LABEL_SHARE = 0.09
"""Of an axis' height: what a line of text takes."""
_MARKERS = {Outcome.MET: "o", Outcome.MISSED: "X", Outcome.UNDECIDED: "D"}
_LEAST_TOP = {"ratio": 0.01}
"""An axis reaches at least so far: a flat line at 0 stays at the bottom."""


@dataclass(frozen=True, slots=True)
class Point:
    """A run in the picture: what to write below it, its verdict, and its figures by name."""

    label: str
    verdict: Outcome
    figures: Mapping[str, float]


def trend(points: Sequence[Point], title: str) -> str:
    """Draw the runs, oldest first, as an SVG element for a page that defines the report's colours."""
    with styled():
        drawn = figure(WIDTH, HEIGHT)
        all_axes = drawn.subplots(len(PANELS), 1, sharex=True, height_ratios=[2, 1, 1])
        for axes, (name, unit, lines) in zip(all_axes, PANELS, strict=True):
            _panel(axes, points, name, unit, lines)
        _places(all_axes[-1], points)
        _legend(drawn, points)
        return inline(drawn, "trend", title)


def trend_svg(points: Sequence[Point], title: str) -> str:
    """Draw the runs as a file that stands alone, light and dark."""
    picture = trend(points, formatting.clean(title))
    style = (
        f"<style>{_colours()} svg {{ background: var(--card); font-family: system-ui, sans-serif; }}</style>"
    )
    opened = picture.index(">") + 1
    head = picture[:opened].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{head}{style}{picture[opened:]}\n"


def trend_html(points: Sequence[Point], title: str) -> str:
    """Draw the runs as a page, with their figures as a table."""
    title = formatting.clean(title)
    names = [name for _, _, lines in PANELS for name in lines.values()]
    units = {name: unit for _, unit, lines in PANELS for name in lines.values()}
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in ("run", "verdict", *names))
    rows = "".join(
        f"<tr><td>{escape(one.label)}</td><td>{one.verdict}</td>"
        + "".join(
            f"<td>{escape(formatting.quantity(one.figures.get(name), units[name]))}</td>" for name in names
        )
        + "</tr>"
        for one in reversed(points)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_colours()}{_PAGE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{trend(points, title)}"
        f'<div class="rows"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        "</body></html>\n"
    )


_PAGE = """
body { margin: 0 auto; padding: 1.5rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; background: var(--card); }
.rows { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--muted); font-weight: 500; }
"""


def _colours() -> str:
    """Give the part of the report's style sheet that defines its colours."""
    text = CSS.read_text(encoding="utf-8")
    return text[: text.index("\n* {")]


def _panel(axes: Axes, points: Sequence[Point], name: str, unit: str, lines: Mapping[str, str]) -> None:
    """Draw lines through the runs; a run's mark says its verdict, a gap that nothing was measured."""
    columns = [[point.figures.get(wanted) for point in points] for wanted in lines.values()]
    top = max([_LEAST_TOP.get(unit, 0.0), *(value for one in columns for value in one if value is not None)])
    for column, colour, dash in zip(columns, SERIES, DASHES, strict=False):
        values = [float("nan") if value is None else value for value in column]
        axes.plot(range(len(points)), values, color=colour, dashes=dash or (None, None))
        for outcome, marker in _MARKERS.items():
            places = [n for n, point in enumerate(points) if point.verdict is outcome]
            shown = BAD if outcome is Outcome.MISSED else colour
            marks = axes.plot(places, [values[n] for n in places], marker, color=shown, markersize=5)
            marks[0].set(clip_on=False, in_layout=False)  # a mark at 0 stands across the axis
    axes.set_title(name, loc="left", fontsize=11)
    axes.set_ylim(0, top * 1.12 or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(4 if len(lines) > 1 else 2))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: formatting.quantity(float(f"{value:.6g}"), unit))
    )
    if len(lines) > 1:
        _labels(axes, list(lines), columns)


def _labels(axes: Axes, names: Sequence[str], columns: Sequence[Sequence[float | None]]) -> None:
    """Name the lines where they end, none over another and all beside the axes."""
    ends = [[(value, place) for place, value in enumerate(one) if value is not None][-1:] for one in columns]
    known = sorted((*end[0], n) for n, end in enumerate(ends) if end)
    top = axes.get_ylim()[1]
    heights = _apart([value / top for value, _, _ in known], LABEL_SHARE)
    for height, (_, place, n) in zip(heights, known, strict=True):
        axes.annotate(
            names[n],
            (place, height * top),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=SERIES[n],
        )


def _apart(wanted: Sequence[float], least: float) -> list[float]:
    """Move places from 0 to 1, in ascending order, at least so far apart; few enough to fit."""
    moved, lowest = list[float](), 0.0
    for place in wanted:
        moved.append(max(place, lowest))
        lowest = moved[-1] + least
    highest = 1.0
    for n in reversed(range(len(moved))):
        moved[n] = min(moved[n], highest)
        highest = moved[n] - least
    return moved


def _places(axes: Axes, points: Sequence[Point]) -> None:
    every = max(1, -(-len(points) // MOST_LABELS))
    places = range(0, len(points), every)
    axes.set_xticks(list(places), [points[n].label for n in places], fontsize=9)
    axes.set_xlim(-0.4, len(points) - 0.4)


def _legend(drawn: Figure, points: Sequence[Point]) -> None:
    """Explain the marks that occur, where there is more than one kind."""
    there = [outcome for outcome in Outcome if any(point.verdict is outcome for point in points)]
    if len(there) == 1:
        return
    axes = drawn.axes[0]
    handles = [
        axes.plot([], [], _MARKERS[one], color=BAD if one is Outcome.MISSED else MUTED, label=str(one))[0]
        for one in there
    ]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=9)
