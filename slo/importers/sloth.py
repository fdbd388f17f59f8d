"""Sloth's SLOs: ``prometheus/v1`` and the Kubernetes form ``sloth.slok.dev/v1``.

Source: https://github.com/slok/sloth (pkg/prometheus/api/v1, pkg/kubernetes/api/sloth/v1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, JsonValue, model_validator

from slo.documents import Document, Location, StrictModel, format_value
from slo.importers.drafts import SLODraft, build_events_indicator, build_raw_indicator
from slo.importers.import_context import ImportContext, convert_to_ratio

_DEFAULT_WINDOW = "30d"
_PLUGIN_PROBLEM = "is not supported: the code of a Sloth plugin is outside the file"
_WINDOW_NOTE = (
    f"a Sloth file has no time window; the SLO gets {_DEFAULT_WINDOW}, Sloth's default (--default-slo-period)"
)


def _convert_values_to_text(value: Any) -> Any:
    """Convert label values such as ``generated: true``, which Sloth's YAML reader reads as text."""
    if not isinstance(value, dict):
        return value
    return {
        key: format_value(item) if isinstance(item, bool | int | float) else item
        for key, item in value.items()
    }


_TextMapping = Annotated[dict[str, str], BeforeValidator(_convert_values_to_text)]


def _accept_either_name(snake: str, camel: str) -> Any:
    """Return a field whose name is in camelCase in the Kubernetes form."""
    return Field(default=None, validation_alias=AliasChoices(snake, camel))


class _RawSLI(StrictModel):
    error_ratio_query: Annotated[
        str, Field(validation_alias=AliasChoices("error_ratio_query", "errorRatioQuery"))
    ]


class _EventsSLI(StrictModel):
    error_query: Annotated[str, Field(validation_alias=AliasChoices("error_query", "errorQuery"))]
    total_query: Annotated[str, Field(validation_alias=AliasChoices("total_query", "totalQuery"))]


class _SLI(StrictModel):
    raw: _RawSLI | None = None
    events: _EventsSLI | None = None
    plugin: JsonValue = None

    @model_validator(mode="after")
    def _require_one_kind(self) -> _SLI:
        if sum(part is not None for part in (self.raw, self.events, self.plugin)) != 1:
            raise ValueError("takes exactly one of events, raw and plugin")
        return self


class _Alert(StrictModel):
    disable: bool = False
    labels: _TextMapping = Field(default_factory=dict)
    annotations: _TextMapping = Field(default_factory=dict)


class _Alerting(StrictModel):
    name: str = ""
    labels: _TextMapping = Field(default_factory=dict)
    annotations: _TextMapping = Field(default_factory=dict)
    page_alert: _Alert | None = _accept_either_name("page_alert", "pageAlert")
    ticket_alert: _Alert | None = _accept_either_name("ticket_alert", "ticketAlert")


class _SLO(StrictModel):
    name: str
    objective: float
    sli: _SLI
    description: str = ""
    labels: _TextMapping = Field(default_factory=dict)
    plugins: JsonValue = None
    alerting: _Alerting | None = None


class _Group(StrictModel):
    service: str
    labels: _TextMapping = Field(default_factory=dict)
    slos: Annotated[list[_SLO], Field(min_length=1)]
    slo_plugins: JsonValue = _accept_either_name("slo_plugins", "sloPlugins")


class _File(_Group):
    version: Literal["prometheus/v1"]


class _Object(StrictModel):
    api_version: Annotated[Literal["sloth.slok.dev/v1"], Field(validation_alias="apiVersion")]
    kind: Literal["PrometheusServiceLevel"]
    metadata: dict[str, JsonValue]
    spec: _Group
    status: JsonValue = None


def read_sloth(document: Document) -> list[SLODraft]:
    """Return the SLOs of a Sloth document.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    context = ImportContext(document)
    data = document.data
    if isinstance(data, dict) and "apiVersion" in data:
        group: _Group = context.read_model(_Object).spec
        location: tuple[str | int, ...] = ("spec",)
        context.note_omitted_metadata()
    else:
        group, location = context.read_model(_File), ()
    file_notes = tuple(context.notes)
    drafts = [_build_draft(context, group, (*location, "slos", n), slo) for n, slo in enumerate(group.slos)]
    if group.slo_plugins is not None:
        context.add_problem(
            (*location, _find_written_name(data, location, "slo_plugins", "sloPlugins")), _PLUGIN_PROBLEM
        )
    context.raise_problems()
    first, *others = drafts
    return [replace(first, notes=(*file_notes, *first.notes)), *others]


def _find_written_name(data: Any, location: Location, *names: str) -> str:
    for part in location:
        data = data[part]
    return next(name for name in names if name in data)


def _build_draft(context: ImportContext, group: _Group, location: Location, slo: _SLO) -> SLODraft:
    context.notes = []
    target = context.try_parse((*location, "objective"), lambda: convert_to_ratio(slo.objective, 100))
    indicator = _build_indicator(context, (*location, "sli"), slo.sli)
    if slo.plugins is not None:
        context.add_problem((*location, "plugins"), _PLUGIN_PROBLEM)
    context.add_note(location, _WINDOW_NOTE)
    return SLODraft(
        name=f"{group.service}-{slo.name}",
        service=group.service,
        indicator=indicator,
        objective={"displayName": slo.name, "target": target},
        window=_DEFAULT_WINDOW,
        description=context.limit_description((*location, "description"), slo.description),
        display_name=slo.name,
        labels=group.labels | slo.labels,
        annotations=_build_alert_annotations(context, (*location, "alerting"), slo.alerting),
        notes=tuple(context.notes),
    )


def _build_indicator(context: ImportContext, location: Location, sli: _SLI) -> dict[str, Any]:
    source = context.document.data
    for part in location:
        source = source[part]
    if sli.plugin is not None:
        name = source["plugin"].get("id") if isinstance(source["plugin"], dict) else None
        context.add_problem(
            (*location, "plugin"),
            f"{format_value(name)} {_PLUGIN_PROBLEM}; write the queries as events or raw",
        )
        return {}
    if sli.raw is not None:
        where = (*location, "raw", next(iter(source["raw"])))
        return build_raw_indicator(context.check_query(where, sli.raw.error_ratio_query), "failure")
    assert sli.events is not None  # noqa: S101 - the model takes exactly one
    keys = {key.replace("_q", "Q"): key for key in source["events"]}
    bad = context.check_query((*location, "events", keys["errorQuery"]), sli.events.error_query)
    total = context.check_query((*location, "events", keys["totalQuery"]), sli.events.total_query)
    return build_events_indicator("bad", bad, total)


def _build_alert_annotations(
    context: ImportContext, location: Location, alerting: _Alerting | None
) -> dict[str, str]:
    """Return the alerts' name as an annotation, and add a note on the other settings."""
    if alerting is None:
        return {}
    omitted = [
        name for name in ("labels", "annotations", "page_alert", "ticket_alert") if getattr(alerting, name)
    ]
    if omitted:
        message = f"omitted {', '.join(omitted)}: `proofload rules` writes its own burn-rate alerts"
        context.add_note(location, message)
    return {"sloth.slok.dev/alert": alerting.name} if alerting.name else {}
