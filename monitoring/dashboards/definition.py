"""A dashboard as plain data, rendered with what all have: data source, variables, links, run annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common, dashboard

from monitoring.dashboards.panels import DATA_SOURCE, Panel, render_panel

DASHBOARD_TAG = "proofload"
"""Tag of the dashboards, by which they link to each other, and of the annotations that mark runs."""
MAX_ANNOTATIONS = 100
Row = tuple[str, Sequence[Panel]]


@dataclass(frozen=True, slots=True)
class Variable:
    """A dashboard variable with the values of a label; all of them are selected by default."""

    name: str
    label: str
    label_values: str
    """Arguments of Grafana's ``label_values``: series and label."""
    is_all_wildcard: bool = True
    """Whether "All" matches unlisted values too; wrong if other jobs have the metrics of the panels."""


@dataclass(frozen=True, slots=True)
class DashboardDefinition:
    """One dashboard; ``uid`` is also its file name and part of bookmarked URLs, so it must not change."""

    uid: str
    title: str
    description: str
    variables: Sequence[Variable]
    rows: Sequence[Row]


def render_dashboard(definition: DashboardDefinition) -> dashboard.Dashboard:
    """Return the SDK's model of a dashboard."""
    builder = (
        builders.Dashboard(definition.title)
        .uid(definition.uid)
        .description(definition.description)
        .tags([DASHBOARD_TAG])
        .timezone("browser")
        .editable()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time("now-15m", "now")
        .refresh("10s")
        .version(1)
        .variables([_build_data_source_variable(), *map(_build_variable, definition.variables)])
        .link(_build_links())
        .annotation(cast("Any", _RunAnnotations()))
    )
    for title, panels in definition.rows:
        builder = builder.with_row(builders.Row(title))
        for panel in panels:
            builder = builder.with_panel(render_panel(panel))
    return _apply_sdk_fixes(builder.build())


def _apply_sdk_fixes(model: dashboard.Dashboard) -> dashboard.Dashboard:
    """Number the panels, so that links to a panel stay valid, and show links and annotations at the top.

    The SDK's default placement hides both in a menu, and its builders can't unset it.
    """
    # Any: the SDK's types don't allow None, although it omits None when it writes.
    top_controls: list[Any] = [*(model.links or []), *(model.annotations.list_val or [])]
    for control in top_controls:
        control.placement = None
    for number, panel in enumerate(model.panels or [], start=1):
        panel.id_val = number
    return model


def _build_data_source_variable() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _build_variable(variable: Variable) -> builders.QueryVariable:
    query = f"label_values({variable.label_values})"
    builder = (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATA_SOURCE)
        .query(query)
        .definition(query)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(dashboard.VariableOption(text="All", value="$__all"))
    )
    return builder.all_value(".+") if variable.is_all_wildcard else builder


def _build_links() -> builders.DashboardLink:
    link = builders.DashboardLink("Proofload").type(dashboard.DashboardLinkType.DASHBOARDS)
    return link.tags([DASHBOARD_TAG]).keep_time(True).include_vars(True).as_dropdown(False)


class _RunAnnotations:
    """Builds the annotations of runs; the SDK's builder can't query Grafana's own data source."""

    def build(self) -> dashboard.AnnotationQuery:
        query = dashboard.AnnotationTarget(
            limit=MAX_ANNOTATIONS, match_any=False, tags=[DASHBOARD_TAG], type_val="tags"
        )
        return dashboard.AnnotationQuery(
            name="Runs",
            datasource=common.DataSourceRef(type_val="grafana", uid="-- Grafana --"),
            enable=True,
            icon_color="purple",
            target=cast("Any", query),
        )
