"""The kinds of chart a report draws: frames in, figures out. Call them inside :func:`reports.svg.styled`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil, isinf

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from reports.charts.svg import ASKED, BAD, DASHES, HEIGHT, INK, MUTED, SERIES, figure
from reports.text import formatting

Numbers = npt.NDArray[np.float64]

FEW_POINTS = 3
"""Up to so many points a line is hard to see: they get markers."""
LOG_FROM = 8.0
"""Largest over typical value from which a logarithmic axis shows more."""
MANY_DECADES = 1e3
LEAST_SPAN = 0.1
"""Share of its highest value that an axis spans at least: noise is not blown up to look like news."""
LABELLED_BARS, MOST_BOUNDS = 12, 9
LABEL_ROW = 12
ROW_HEIGHT, ROWS_MARGIN, ROW_NAME = 16.0, 46.0, 34


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold to draw into a chart: its value in the chart's unit, and what to write beside it."""

    value: float
    label: str


def rates(seconds: pd.DataFrame) -> Figure:
    """Draw requests per second: offered as an area, sent and completed as lines, failures below."""
    drawn = figure(height=HEIGHT * 1.2)
    upper, lower = drawn.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    times = seconds.index.to_numpy()
    upper.fill_between(times, seconds["offered"], step="post", color=SERIES[6], alpha=0.3, linewidth=0)
    for name, colour, dash, width in (
        ("sent", SERIES[0], DASHES[0], 2.4),
        ("completed", SERIES[1], DASHES[2], 1.6),
    ):
        upper.step(
            times, seconds[name], where="post", color=colour, linewidth=width, dashes=dash or (None, None)
        )
    lower.bar(times, seconds["failed"], width=1.0, align="edge", color=BAD)
    for axes, ticks in ((upper, 4), (lower, 1)):
        _from_zero(axes, "", ticks)
    if not seconds["failed"].any():
        lower.set_ylim(0, 1)
    lower.set_ylabel("failed", rotation=0, ha="right", va="center")
    _time_axis(lower, times)
    return drawn


def lines(frame: pd.DataFrame, unit: str, marks: Sequence[Mark] = (), *, from_zero: bool = True) -> Figure:
    """Draw each column over seconds since the window began; thresholds as dashed lines across."""
    drawn = figure()
    axes = drawn.subplots()
    marker = "o" if len(frame) <= FEW_POINTS else ""
    for name, colour, dash in zip(frame.columns, cycle(SERIES), cycle(DASHES), strict=False):
        column = frame[name].dropna()
        axes.plot(
            column.index.to_numpy(),
            column.to_numpy(),
            color=colour,
            dashes=dash or (None, None),
            marker=marker,
            markersize=4,
        )
    _value_axis(axes, frame, unit, marks, from_zero=from_zero)
    for mark in marks:
        _draw_across(axes, mark)
    _time_axis(axes, frame.index.to_numpy())
    return drawn


def bars(distribution: pd.DataFrame, unit: str, marks: Sequence[Mark] = ()) -> Figure:
    """Draw the share of each bucket; buckets are drawn equally wide, thresholds where they fall."""
    shown = _trimmed(distribution, marks)
    drawn = figure()
    axes = drawn.subplots()
    places = np.arange(len(shown))
    axes.bar(places, shown["share"], width=0.92, align="edge", color=SERIES[0], linewidth=0)
    few = len(shown) <= LABELLED_BARS
    for place, share in zip(places, shown["share"], strict=True):
        if few and share > 0:
            _note(axes, place + 0.46, share, formatting.percent(share, places=1 if share < 0.1 else 0))  # noqa: PLR2004
    _from_zero(axes, "ratio", 4)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 1])
    axes.set_ylim(0, float(shown["share"].max()) * (1.2 + 0.1 * len(marks)))
    edges = [float(shown["lower"].iloc[0]), *map(float, shown.index)]
    _bound_axis(axes, edges, unit)
    for row, mark in enumerate(sorted(marks, key=lambda one: one.value)):
        _draw_down(axes, mark, edges, row)
    return drawn


def ranges(table: pd.DataFrame, unit: str, marks: Sequence[Mark] = ()) -> Figure:
    """Draw a row a series: its lowest to highest value as a line, its last as a dot.

    ``table`` has the columns ``low``, ``high`` and ``last``; its index names the rows, the first on top.
    """
    drawn = figure(height=ROWS_MARGIN + ROW_HEIGHT * len(table))
    axes = drawn.subplots()
    rows = np.arange(len(table))[::-1]
    axes.hlines(rows, table["low"], table["high"], color=SERIES[0], linewidth=5, alpha=0.35)
    axes.plot(table["last"], rows, "o", color=SERIES[0], markersize=5)
    axes.set_yticks(
        rows, [formatting.shortened(formatting.clean(str(name)), ROW_NAME) for name in table.index]
    )
    axes.tick_params(axis="y", labelsize=10, labelcolor=INK)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_ylim(-0.7, len(table) - 0.3)
    low, high = _reach(table.to_numpy(dtype=float), marks)
    axes.set_xlim(min(0.0, low), high * 1.05 if high > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(_formatter(unit))
    for mark in marks:
        axes.axvline(mark.value, color=ASKED, linewidth=1.3, dashes=(4, 3))
        _note(axes, mark.value, len(table) - 0.3, mark.label, ASKED)
    return drawn


# --- Axes ---------------------------------------------------------------------------------------


def _formatter(unit: str) -> FuncFormatter:
    return FuncFormatter(lambda value, _: formatting.quantity(float(f"{value:.6g}"), unit))


def _from_zero(axes: Axes, unit: str, ticks: int) -> None:
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(ticks))
    axes.yaxis.set_major_formatter(_formatter(unit))


def _time_axis(axes: Axes, times: Numbers) -> None:
    if len(times) > 1:
        axes.set_xlim(float(times.min()), float(times.max()))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{formatting.number(float(f'{value:.6g}'))} s")
    )


def _reach(values: Numbers, marks: Sequence[Mark]) -> tuple[float, float]:
    known = [*values[np.isfinite(values)].ravel().tolist(), *(mark.value for mark in marks)]
    return (min(known), max(known)) if known else (0.0, 1.0)


def _value_axis(
    axes: Axes, frame: pd.DataFrame, unit: str, marks: Sequence[Mark], *, from_zero: bool
) -> None:
    """Go logarithmic where a threshold far above would flatten the lines; else leave room around them."""
    values = frame.to_numpy(dtype=float)
    low, high = _reach(values, marks)
    known = values[np.isfinite(values)]
    typical = float(np.median(known)) if known.size else 0.0
    if unit == "seconds" and low > 0 and typical > 0 and high > LOG_FROM * typical:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.8)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high < MANY_DECADES * low else (1.0,)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        room = 0.15 * max(high - low, LEAST_SPAN * abs(high)) or 1.0
        axes.set_ylim(min(0.0, low) if from_zero or 0 <= low < room else low - room, high + room)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(_formatter(unit))


def _bound_axis(axes: Axes, edges: Sequence[float], unit: str) -> None:
    every = max(1, ceil(len(edges) / MOST_BOUNDS))
    places = [n for n in range(len(edges)) if n % every == 0 or isinf(edges[n])]
    places = [n for n in places if not 0 < len(edges) - 1 - n < every or not isinf(edges[-1])]
    axes.set_xticks(places, [_bound(edges[n], unit) for n in places])
    axes.set_xlim(-0.1, len(edges) - 1 + 0.1)


def _bound(value: float, unit: str) -> str:
    return "∞" if isinf(value) else formatting.quantity(value, unit)


def _draw_across(axes: Axes, mark: Mark) -> None:
    axes.axhline(mark.value, color=ASKED, linewidth=1.3, dashes=(4, 3))
    axes.annotate(
        mark.label,
        (1, mark.value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=ASKED,
        fontsize=10,
    )


def _draw_down(axes: Axes, mark: Mark, edges: Sequence[float], row: int) -> None:
    """Draw a threshold down through the buckets; labels of neighbours stand in rows of their own."""
    finite = [edge for edge in edges if not isinf(edge)]
    place = float(np.interp(mark.value, finite, np.arange(len(finite))))
    axes.axvline(place, color=ASKED, linewidth=1.3, dashes=(4, 3))
    right = place > len(edges) * 0.6
    axes.annotate(
        mark.label,
        (place, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if right else 4, -10 - LABEL_ROW * row),
        textcoords="offset points",
        ha="right" if right else "left",
        color=ASKED,
        fontsize=10,
    )


def _note(axes: Axes, x: float, y: float, text: str, colour: str = MUTED) -> None:
    axes.annotate(
        text, (x, y), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=9, color=colour
    )


def _trimmed(distribution: pd.DataFrame, marks: Iterable[Mark]) -> pd.DataFrame:
    """Leave out empty buckets at both ends, but none that a threshold stands at."""
    held = np.flatnonzero(distribution["count"].to_numpy() > 0)
    bounds = distribution.index.to_numpy(dtype=float)
    places = [*held.tolist(), *(int(np.searchsorted(bounds, mark.value)) for mark in marks)]
    first, last = max(min(places) - 1, 0), min(max(places) + 1, len(bounds) - 1)
    return distribution.iloc[first : last + 1]
