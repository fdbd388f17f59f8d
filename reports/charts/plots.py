"""The kinds of chart, from data frame to figure; call inside :func:`reports.charts.svg.use_report_style`."""

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

from reports.charts.svg import BAD, DASHES, HEIGHT, INK, MUTED, SERIES_COLOURS, THRESHOLD, create_figure
from reports.text import formatting

FloatArray = npt.NDArray[np.float64]

MAX_POINTS_WITH_MARKERS = 3
"""Up to this many points, points get markers: a line alone would be hard to see."""
LOG_SCALE_RATIO = 8.0
"""Ratio of the largest to the median value above which the axis is logarithmic."""
MANY_DECADES_RATIO = 1e3
MIN_AXIS_SPAN = 0.1
"""Minimum span of an axis as a share of its highest value, so that small noise does not fill the chart."""
MAX_LABELLED_BARS, MAX_BOUND_LABELS = 12, 9
SMALL_SHARE = 0.1
"""Shares below this are labelled with one decimal."""
LABEL_ROW_HEIGHT = 12
ROW_HEIGHT, ROWS_MARGIN, MAX_ROW_NAME_LENGTH = 16.0, 46.0, 34


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A threshold to draw into a chart: its value in the chart's unit, and its label."""

    value: float
    label: str


def plot_rates(seconds: pd.DataFrame) -> Figure:
    """Plot requests per second: offered as an area, sent and completed as lines, failed as bars below."""
    figure = create_figure(height=HEIGHT * 1.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    times = seconds.index.to_numpy()
    upper.fill_between(
        times, seconds["offered"], step="post", color=SERIES_COLOURS[6], alpha=0.3, linewidth=0
    )
    for name, colour, dash, width in (
        ("sent", SERIES_COLOURS[0], DASHES[0], 2.4),
        ("completed", SERIES_COLOURS[1], DASHES[2], 1.6),
    ):
        upper.step(
            times, seconds[name], where="post", color=colour, linewidth=width, dashes=dash or (None, None)
        )
    lower.bar(times, seconds["failed"], width=1.0, align="edge", color=BAD)
    for axes, ticks in ((upper, 4), (lower, 1)):
        _start_at_zero(axes, "", ticks)
    if not seconds["failed"].any():
        lower.set_ylim(0, 1)
    lower.set_ylabel("failed", rotation=0, ha="right", va="center")
    _format_time_axis(lower, times)
    return figure


def plot_lines(
    frame: pd.DataFrame, unit: str, threshold_lines: Sequence[ThresholdLine] = (), *, from_zero: bool = True
) -> Figure:
    """Plot each column over seconds since the start of the window; thresholds are dashed horizontal lines."""
    figure = create_figure()
    axes = figure.subplots()
    marker = "o" if len(frame) <= MAX_POINTS_WITH_MARKERS else ""
    for name, colour, dash in zip(frame.columns, cycle(SERIES_COLOURS), cycle(DASHES), strict=False):
        column = frame[name].dropna()
        axes.plot(
            column.index.to_numpy(),
            column.to_numpy(),
            color=colour,
            dashes=dash or (None, None),
            marker=marker,
            markersize=4,
        )
    _format_value_axis(axes, frame, unit, threshold_lines, from_zero=from_zero)
    for threshold in threshold_lines:
        _draw_horizontal_threshold(axes, threshold)
    _format_time_axis(axes, frame.index.to_numpy())
    return figure


def plot_buckets(buckets: pd.DataFrame, unit: str, threshold_lines: Sequence[ThresholdLine] = ()) -> Figure:
    """Plot the share of each bucket as bars of the same width; thresholds lie between the bounds."""
    shown = _trim_empty_buckets(buckets, threshold_lines)
    figure = create_figure()
    axes = figure.subplots()
    positions = np.arange(len(shown))
    axes.bar(positions, shown["share"], width=0.92, align="edge", color=SERIES_COLOURS[0], linewidth=0)
    has_labels = len(shown) <= MAX_LABELLED_BARS
    for position, share in zip(positions, shown["share"], strict=True):
        if has_labels and share > 0:
            decimals = 1 if share < SMALL_SHARE else 0
            _annotate(axes, position + 0.46, share, formatting.format_percent(share, decimals=decimals))
    _start_at_zero(axes, "ratio", 4)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 1])
    axes.set_ylim(0, float(shown["share"].max()) * (1.2 + 0.1 * len(threshold_lines)))
    edges = [float(shown["lower"].iloc[0]), *map(float, shown.index)]
    _format_bound_axis(axes, edges, unit)
    for row, threshold in enumerate(sorted(threshold_lines, key=lambda line: line.value)):
        _draw_vertical_threshold(axes, threshold, edges, row)
    return figure


def plot_ranges(table: pd.DataFrame, unit: str, threshold_lines: Sequence[ThresholdLine] = ()) -> Figure:
    """Plot one row for each series: a line from its lowest to its highest value, a dot at its last value.

    ``table`` has the columns ``low``, ``high`` and ``last``; its index names the rows, top row first.
    """
    figure = create_figure(height=ROWS_MARGIN + ROW_HEIGHT * len(table))
    axes = figure.subplots()
    rows = np.arange(len(table))[::-1]
    axes.hlines(rows, table["low"], table["high"], color=SERIES_COLOURS[0], linewidth=5, alpha=0.35)
    axes.plot(table["last"], rows, "o", color=SERIES_COLOURS[0], markersize=5)
    names = [formatting.replace_unsafe(str(name)) for name in table.index]
    axes.set_yticks(rows, [formatting.truncate(name, MAX_ROW_NAME_LENGTH) for name in names])
    axes.tick_params(axis="y", labelsize=10, labelcolor=INK)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_ylim(-0.7, len(table) - 0.3)
    low, high = _find_value_range(table.to_numpy(dtype=float), threshold_lines)
    axes.set_xlim(min(0.0, low), high * 1.05 if high > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(_create_formatter(unit))
    for threshold in threshold_lines:
        axes.axvline(threshold.value, color=THRESHOLD, linewidth=1.3, dashes=(4, 3))
        _annotate(axes, threshold.value, len(table) - 0.3, threshold.label, THRESHOLD)
    return figure


# --- Axes ---------------------------------------------------------------------------------------


def _create_formatter(unit: str) -> FuncFormatter:
    return FuncFormatter(lambda value, _: formatting.format_quantity(float(f"{value:.6g}"), unit))


def _start_at_zero(axes: Axes, unit: str, ticks: int) -> None:
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(ticks))
    axes.yaxis.set_major_formatter(_create_formatter(unit))


def _format_time_axis(axes: Axes, times: FloatArray) -> None:
    if len(times) > 1:
        axes.set_xlim(float(times.min()), float(times.max()))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{formatting.format_number(float(f'{value:.6g}'))} s")
    )


def _find_value_range(values: FloatArray, threshold_lines: Sequence[ThresholdLine]) -> tuple[float, float]:
    finite = [*values[np.isfinite(values)].ravel().tolist(), *(line.value for line in threshold_lines)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def _format_value_axis(
    axes: Axes, frame: pd.DataFrame, unit: str, threshold_lines: Sequence[ThresholdLine], *, from_zero: bool
) -> None:
    """Use a logarithmic axis if a distant threshold would flatten the lines, else add a margin."""
    values = frame.to_numpy(dtype=float)
    low, high = _find_value_range(values, threshold_lines)
    finite = values[np.isfinite(values)]
    median = float(np.median(finite)) if finite.size else 0.0
    if unit == "seconds" and low > 0 and median > 0 and high > LOG_SCALE_RATIO * median:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.8)
        axes.yaxis.set_major_locator(
            LogLocator(subs=(1.0, 3.0) if high < MANY_DECADES_RATIO * low else (1.0,))
        )
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        margin = 0.15 * max(high - low, MIN_AXIS_SPAN * abs(high)) or 1.0
        axes.set_ylim(min(0.0, low) if from_zero or 0 <= low < margin else low - margin, high + margin)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(_create_formatter(unit))


def _format_bound_axis(axes: Axes, edges: Sequence[float], unit: str) -> None:
    step, last = max(1, ceil(len(edges) / MAX_BOUND_LABELS)), len(edges) - 1
    positions = [n for n in range(len(edges)) if n % step == 0 or isinf(edges[n])]
    if isinf(edges[-1]):  # no label so close that it would overlap the one of +Inf
        positions = [n for n in positions if not 0 < last - n < step]
    axes.set_xticks(positions, [_format_bound(edges[n], unit) for n in positions])
    axes.set_xlim(-0.1, last + 0.1)


def _format_bound(value: float, unit: str) -> str:
    return "∞" if isinf(value) else formatting.format_quantity(value, unit)


def _draw_horizontal_threshold(axes: Axes, threshold: ThresholdLine) -> None:
    axes.axhline(threshold.value, color=THRESHOLD, linewidth=1.3, dashes=(4, 3))
    axes.annotate(
        threshold.label,
        (1, threshold.value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=THRESHOLD,
        fontsize=10,
    )


def _draw_vertical_threshold(axes: Axes, threshold: ThresholdLine, edges: Sequence[float], row: int) -> None:
    """Draw a threshold as a vertical line; ``row`` places the labels below each other."""
    finite = [edge for edge in edges if not isinf(edge)]
    position = float(np.interp(threshold.value, finite, np.arange(len(finite))))
    axes.axvline(position, color=THRESHOLD, linewidth=1.3, dashes=(4, 3))
    is_right = position > len(edges) * 0.6
    axes.annotate(
        threshold.label,
        (position, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if is_right else 4, -10 - LABEL_ROW_HEIGHT * row),
        textcoords="offset points",
        ha="right" if is_right else "left",
        color=THRESHOLD,
        fontsize=10,
    )


def _annotate(axes: Axes, x: float, y: float, text: str, colour: str = MUTED) -> None:
    axes.annotate(
        text, (x, y), xytext=(0, 2), textcoords="offset points", ha="center", fontsize=9, color=colour
    )


def _trim_empty_buckets(buckets: pd.DataFrame, threshold_lines: Iterable[ThresholdLine]) -> pd.DataFrame:
    """Remove empty buckets at both ends, except those next to a threshold."""
    nonempty = np.flatnonzero(buckets["count"].to_numpy() > 0)
    bounds = buckets.index.to_numpy(dtype=float)
    thresholds = (int(np.searchsorted(bounds, line.value)) for line in threshold_lines)
    positions = [*nonempty.tolist(), *thresholds]
    first, last = max(min(positions) - 1, 0), min(max(positions) + 1, len(bounds) - 1)
    return buckets.iloc[first : last + 1]
