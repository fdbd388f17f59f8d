"""A panel as plain words, and what Grafana's SDK makes of it."""

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

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, WARN, BAD, PLAIN = "green", "yellow", "red", "blue"

Steps = tuple[tuple[float | None, str], ...]
"""Colours, each from a value upwards; the first starts at minus infinity (``None``)."""
PLAIN_STEPS: Steps = ((None, PLAIN),)


class Kind(StrEnum):
    """How a panel shows its series."""

    LINES = "timeseries"
    NUMBER = "stat"
    BARS = "bargauge"
    HEAT = "heatmap"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; ``queries`` maps a legend to PromQL.

    ``unit`` is one of Grafana's ids. ``empty`` says what it means that there is no data. ``words`` shows a
    text in place of a value. ``hidden`` are columns of a table that say nothing;
    ``lowest`` is where the axis of lines begins. Width and height are in cells
    of Grafana's grid, which is 24 wide.
    """

    title: str
    description: str
    unit: str
    queries: Mapping[str, str]
    empty: str
    kind: Kind = Kind.LINES
    steps: Steps = PLAIN_STEPS
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    lowest: float | None = 0
    width: int = 8
    height: int = 8


def upper_limit(limit: float | None) -> Steps:
    """Colour what is above a limit; no limit, no judging colour."""
    return PLAIN_STEPS if limit is None else ((None, GOOD), (limit, BAD))


def lower_limit(limit: float | None) -> Steps:
    """Colour what is below a limit."""
    return PLAIN_STEPS if limit is None else ((None, BAD), (limit, GOOD))


def rendered(panel: Panel) -> Any:
    """Give the SDK's builder of a panel; the SDK has one class a kind and no name for them all."""
    made = _KINDS[panel.kind](panel)
    made = made.title(panel.title).description(panel.description).unit(panel.unit)
    made = made.datasource(SOURCE).span(panel.width).height(panel.height).no_value(panel.empty)
    if panel.kind is not Kind.HEAT:
        made = made.thresholds(_thresholds(panel.steps)).color_scheme(_colours(panel))
    if panel.words:
        made = made.mappings([_words(panel.words)])
    for number, (legend, query) in enumerate(panel.queries.items()):
        made = made.with_target(_target(panel.kind, chr(ord("A") + number), legend, query))
    return made


def _lines(panel: Panel) -> Any:
    made = timeseries.Panel().line_width(1).fill_opacity(8).show_points(common.VisibilityMode.AUTO)
    if panel.lowest is not None:
        made = made.min(panel.lowest)
    made = made.legend(
        common_builders.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
    ).tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    if len(panel.steps) > 1:
        style = common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        made = made.thresholds_style(style)
    return made


def _number(panel: Panel) -> Any:
    shown = (
        common.BigValueTextMode.VALUE if len(panel.queries) == 1 else common.BigValueTextMode.VALUE_AND_NAME
    )
    made = stat.Panel().graph_mode(common.BigValueGraphMode.NONE).text_mode(shown)
    return made.color_mode(common.BigValueColorMode.VALUE).reduce_options(_last())


def _bars(_: Panel) -> Any:
    made = bargauge.Panel().display_mode(common.BarGaugeDisplayMode.BASIC).reduce_options(_last())
    return made.orientation(common.VizOrientation.HORIZONTAL)


def _heat(_: Panel) -> Any:
    return heatmap.Panel().calculate(False)  # Prometheus's own buckets


def _table(panel: Panel) -> Any:
    excluded = dict.fromkeys(panel.hidden, True)
    organize = dashboard.DataTransformerConfig(id_val="organize", options={"excludeByName": excluded})
    return table.Panel().transformations([organize])


_KINDS = {Kind.LINES: _lines, Kind.NUMBER: _number, Kind.BARS: _bars, Kind.HEAT: _heat, Kind.TABLE: _table}


def _target(kind: Kind, name: str, legend: str, query: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().ref_id(name).expr(query).legend_format(legend).datasource(SOURCE)
    made = made.range() if kind in {Kind.LINES, Kind.HEAT} else made.instant()
    formats = {Kind.HEAT: PromQueryFormat.HEATMAP, Kind.TABLE: PromQueryFormat.TABLE}
    return made.format(formats.get(kind, PromQueryFormat.TIME_SERIES))


def _last() -> common_builders.ReduceDataOptions:
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _thresholds(steps: Steps) -> builders.ThresholdsConfig:
    made = [dashboard.Threshold(value=value, color=colour) for value, colour in steps]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(made)


def _colours(panel: Panel) -> builders.FieldColor:
    lines = panel.kind is Kind.LINES
    mode = dashboard.FieldColorModeId.PALETTE_CLASSIC if lines else dashboard.FieldColorModeId.THRESHOLDS
    return builders.FieldColor().mode(mode)


def _words(words: Mapping[str, tuple[str, str]]) -> dashboard.ValueMap:
    results = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return dashboard.ValueMap(options=results)
