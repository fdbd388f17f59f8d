"""A panel as plain data, and its rendering with Grafana's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from grafana_foundation_sdk.builders import bargauge, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD_COLOUR, WARNING_COLOUR, BAD_COLOUR, NEUTRAL_COLOUR = "green", "yellow", "red", "blue"

ThresholdSteps = tuple[tuple[float | None, str], ...]
"""Colours, each from a value upwards; the first starts at minus infinity (``None``)."""
NEUTRAL_STEPS: ThresholdSteps = ((None, NEUTRAL_COLOUR),)


class PanelKind(StrEnum):
    """How a panel shows its series."""

    LINES = "timeseries"
    NUMBER = "stat"
    BARS = "bargauge"
    HEAT = "heatmap"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; ``queries`` maps a legend to PromQL.

    ``unit`` is one of Grafana's unit ids. ``empty_text`` explains why there is no data. ``value_texts``
    replace values by a text and a colour. ``hidden_columns`` are columns of a table. ``axis_minimum`` is the
    lower end of the y axis of lines. Width and height are in cells of Grafana's grid, which is 24 cells wide.
    """

    title: str
    description: str
    unit: str
    queries: Mapping[str, str]
    empty_text: str
    kind: PanelKind = PanelKind.LINES
    steps: ThresholdSteps = NEUTRAL_STEPS
    value_texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    hidden_columns: tuple[str, ...] = ()
    axis_minimum: float | None = 0
    width: int = 8
    height: int = 8


def colour_above(limit: float | None) -> ThresholdSteps:
    """Return steps that are red above a limit; neutral without a limit."""
    return NEUTRAL_STEPS if limit is None else ((None, GOOD_COLOUR), (limit, BAD_COLOUR))


def colour_below(limit: float | None) -> ThresholdSteps:
    """Return steps that are red below a limit; neutral without a limit."""
    return NEUTRAL_STEPS if limit is None else ((None, BAD_COLOUR), (limit, GOOD_COLOUR))


def render_panel(panel: Panel) -> Any:
    """Return the SDK's builder of a panel: one class per kind, without a common base class."""
    builder = _RENDERERS[panel.kind](panel)
    builder = builder.title(panel.title).description(panel.description).unit(panel.unit)
    builder = (
        builder.datasource(DATA_SOURCE).span(panel.width).height(panel.height).no_value(panel.empty_text)
    )
    if panel.kind is not PanelKind.HEAT:
        builder = builder.thresholds(_build_thresholds(panel.steps)).color_scheme(_choose_colour_mode(panel))
    if panel.value_texts:
        builder = builder.mappings([_map_values(panel.value_texts)])
    for number, (legend, query) in enumerate(panel.queries.items()):
        builder = builder.with_target(_build_query(panel.kind, chr(ord("A") + number), legend, query))
    return builder


def _render_lines(panel: Panel) -> Any:
    builder = timeseries.Panel().line_width(1).fill_opacity(8).show_points(common.VisibilityMode.AUTO)
    if panel.axis_minimum is not None:
        builder = builder.min(panel.axis_minimum)
    builder = builder.legend(
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
    ).tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    if len(panel.steps) > 1:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        builder = builder.thresholds_style(style)
    return builder


def _render_number(panel: Panel) -> Any:
    shown = (
        common.BigValueTextMode.VALUE if len(panel.queries) == 1 else common.BigValueTextMode.VALUE_AND_NAME
    )
    builder = stat.Panel().graph_mode(common.BigValueGraphMode.NONE).text_mode(shown)
    return builder.color_mode(common.BigValueColorMode.VALUE).reduce_options(_reduce_to_last())


def _render_bars(_: Panel) -> Any:
    builder = (
        bargauge.Panel().display_mode(common.BarGaugeDisplayMode.BASIC).reduce_options(_reduce_to_last())
    )
    return builder.orientation(common.VizOrientation.HORIZONTAL)


def _render_heatmap(_: Panel) -> Any:
    return heatmap.Panel().calculate(False)  # Prometheus's own buckets


def _render_table(panel: Panel) -> Any:
    excluded = dict.fromkeys(panel.hidden_columns, True)
    organize = dashboard.DataTransformerConfig(id_val="organize", options={"excludeByName": excluded})
    return table.Panel().transformations([organize])


_RENDERERS = {
    PanelKind.LINES: _render_lines,
    PanelKind.NUMBER: _render_number,
    PanelKind.BARS: _render_bars,
    PanelKind.HEAT: _render_heatmap,
    PanelKind.TABLE: _render_table,
}


def _build_query(kind: PanelKind, name: str, legend: str, query: str) -> prometheus.Dataquery:
    builder = prometheus.Dataquery().ref_id(name).expr(query).legend_format(legend).datasource(DATA_SOURCE)
    builder = builder.range() if kind in {PanelKind.LINES, PanelKind.HEAT} else builder.instant()
    formats = {PanelKind.HEAT: PromQueryFormat.HEATMAP, PanelKind.TABLE: PromQueryFormat.TABLE}
    return builder.format(formats.get(kind, PromQueryFormat.TIME_SERIES))


def _reduce_to_last() -> common_builders.ReduceDataOptions:
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _build_thresholds(steps: ThresholdSteps) -> builders.ThresholdsConfig:
    thresholds = [dashboard.Threshold(value=value, color=colour) for value, colour in steps]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(thresholds)


def _choose_colour_mode(panel: Panel) -> builders.FieldColor:
    lines = panel.kind is PanelKind.LINES
    mode = dashboard.FieldColorModeId.PALETTE_CLASSIC if lines else dashboard.FieldColorModeId.THRESHOLDS
    return builders.FieldColor().mode(mode)


def _map_values(words: Mapping[str, tuple[str, str]]) -> dashboard.ValueMap:
    results = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return dashboard.ValueMap(options=results)
