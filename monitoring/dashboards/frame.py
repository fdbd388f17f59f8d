"""What all dashboards have: data source, variables, links to one another, annotations of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common, dashboard

from monitoring.dashboards.panels import SOURCE, Panel, rendered

TAG = "proofload"
"""Of the dashboards, by which they link to each other, and of the annotations that mark runs."""
MOST_ANNOTATIONS = 100
Row = tuple[str, Sequence[Panel]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A variable whose values are those of a label; all of them by default."""

    name: str
    label: str
    values: str
    """Arguments of Grafana's ``label_values``: series and label."""
    all_is_any: bool = True
    """Whether "All" finds values not yet listed; not where panels show what other jobs have, too."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One dashboard; ``uid`` is also its file's name and stands in bookmarks: it never changes."""

    uid: str
    title: str
    description: str
    choices: Sequence[Choice]
    rows: Sequence[Row]


def built(frame: Frame) -> dashboard.Dashboard:
    """Give the SDK's model of a dashboard."""
    made = (
        builders.Dashboard(frame.title)
        .uid(frame.uid)
        .description(frame.description)
        .tags([TAG])
        .timezone("browser")
        .editable()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time("now-15m", "now")
        .refresh("10s")
        .version(1)
        .variables([_data_source(), *map(_variable, frame.choices)])
        .link(_links())
        .annotation(cast("Any", _Runs()))
    )
    for title, panels in frame.rows:
        made = made.with_row(builders.Row(title))
        for panel in panels:
            made = made.with_panel(rendered(panel))
    return _finished(made.build())


def _finished(made: dashboard.Dashboard) -> dashboard.Dashboard:
    """Number the panels, for links to one have to last; show links and the switch of annotations at the top.

    The SDK's own placement hides both in a menu, and its builders can't unset it.
    """
    shown: list[Any] = [*(made.links or []), *(made.annotations.list_val or [])]
    for one in shown:  # Any: the SDK leaves None out when it writes, and does not say so in its types
        one.placement = None
    for number, panel in enumerate(made.panels or [], start=1):
        panel.id_val = number
    return made


def _data_source() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _variable(choice: Choice) -> builders.QueryVariable:
    query = f"label_values({choice.values})"
    made = (
        builders.QueryVariable(choice.name)
        .label(choice.label)
        .datasource(SOURCE)
        .query(query)
        .definition(query)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(dashboard.VariableOption(text="All", value="$__all"))
    )
    return made.all_value(".+") if choice.all_is_any else made


def _links() -> builders.DashboardLink:
    made = builders.DashboardLink("Proofload").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    return made.keep_time(True).include_vars(True).as_dropdown(False)


class _Runs:
    """Builds the annotations of runs; the SDK's builder takes no query of Grafana's own data source."""

    def build(self) -> dashboard.AnnotationQuery:
        query = dashboard.AnnotationTarget(
            limit=MOST_ANNOTATIONS, match_any=False, tags=[TAG], type_val="tags"
        )
        return dashboard.AnnotationQuery(
            name="Runs",
            datasource=common.DataSourceRef(type_val="grafana", uid="-- Grafana --"),
            enable=True,
            icon_color="purple",
            target=cast("Any", query),
        )
