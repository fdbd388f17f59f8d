"""Sloth's SLOs: ``prometheus/v1`` and the Kubernetes form ``sloth.slok.dev/v1``.

Source: https://github.com/slok/sloth (pkg/prometheus/api/v1, pkg/kubernetes/api/sloth/v1).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field, JsonValue, model_validator

from slo.documents.yaml_source import Document, Location, StrictModel, shown
from slo.importers.import_context import Border, Draft, events, ratio_of, raw_ratio

_WINDOW = "30d"
_PERIOD = f"Sloth's files name no time window; {_WINDOW} is what Sloth takes (--default-slo-period)"


def _texts(value: Any) -> Any:
    """Labels such as ``generated: true``, which Sloth's YAML reader takes as text."""
    if not isinstance(value, dict):
        return value
    return {key: shown(item) if isinstance(item, bool | int | float) else item for key, item in value.items()}


_Texts = Annotated[dict[str, str], BeforeValidator(_texts)]


def _either(snake: str, camel: str) -> Any:
    """A field that the Kubernetes form writes in camelCase."""
    return Field(default=None, validation_alias=AliasChoices(snake, camel))


class _Raw(StrictModel):
    error_ratio_query: Annotated[
        str, Field(validation_alias=AliasChoices("error_ratio_query", "errorRatioQuery"))
    ]


class _Events(StrictModel):
    error_query: Annotated[str, Field(validation_alias=AliasChoices("error_query", "errorQuery"))]
    total_query: Annotated[str, Field(validation_alias=AliasChoices("total_query", "totalQuery"))]


class _SLI(StrictModel):
    raw: _Raw | None = None
    events: _Events | None = None
    plugin: JsonValue = None

    @model_validator(mode="after")
    def _one(self) -> _SLI:
        if sum(part is not None for part in (self.raw, self.events, self.plugin)) != 1:
            raise ValueError("takes exactly one of events, raw and plugin")
        return self


class _Alert(StrictModel):
    disable: bool = False
    labels: _Texts = Field(default_factory=dict)
    annotations: _Texts = Field(default_factory=dict)


class _Alerting(StrictModel):
    name: str = ""
    labels: _Texts = Field(default_factory=dict)
    annotations: _Texts = Field(default_factory=dict)
    page_alert: _Alert | None = _either("page_alert", "pageAlert")
    ticket_alert: _Alert | None = _either("ticket_alert", "ticketAlert")


class _SLO(StrictModel):
    name: str
    objective: float
    sli: _SLI
    description: str = ""
    labels: _Texts = Field(default_factory=dict)
    plugins: JsonValue = None
    alerting: _Alerting | None = None


class _Group(StrictModel):
    service: str
    labels: _Texts = Field(default_factory=dict)
    slos: Annotated[list[_SLO], Field(min_length=1)]
    slo_plugins: JsonValue = _either("slo_plugins", "sloPlugins")


class _File(_Group):
    version: Literal["prometheus/v1"]


class _Object(StrictModel):
    api_version: Annotated[Literal["sloth.slok.dev/v1"], Field(validation_alias="apiVersion")]
    kind: Literal["PrometheusServiceLevel"]
    metadata: dict[str, JsonValue]
    spec: _Group
    status: JsonValue = None


def read(document: Document) -> list[Draft]:
    """The SLOs of a document of Sloth's.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    border = Border(document)
    data = document.data
    if isinstance(data, dict) and "apiVersion" in data:
        group: _Group = border.read(_Object).spec
        place: tuple[str | int, ...] = ("spec",)
        border.note_metadata()
    else:
        group, place = border.read(_File), ()
    general = tuple(border.notes)
    drafts = [_draft(border, group, (*place, "slos", n), slo) for n, slo in enumerate(group.slos)]
    if group.slo_plugins is not None:
        border.fault((*place, _written(data, place, "slo_plugins", "sloPlugins")), _PLUGIN)
    border.done()
    first, *others = drafts
    return [replace(first, notes=(*general, *first.notes)), *others]


_PLUGIN = "is not supported: what a plugin of Sloth's does is code outside the file"


def _written(data: Any, place: Location, *names: str) -> str:
    for part in place:
        data = data[part]
    return next(name for name in names if name in data)


def _draft(border: Border, group: _Group, place: Location, slo: _SLO) -> Draft:
    border.notes = []
    target = border.sound((*place, "objective"), lambda: ratio_of(slo.objective, 100))
    indicator = _indicator(border, (*place, "sli"), slo.sli)
    if slo.plugins is not None:
        border.fault((*place, "plugins"), _PLUGIN)
    border.note(place, _PERIOD)
    return Draft(
        name=f"{group.service}-{slo.name}",
        service=group.service,
        indicator=indicator,
        objective={"displayName": slo.name, "target": target},
        window=_WINDOW,
        description=border.description((*place, "description"), slo.description),
        display_name=slo.name,
        labels=group.labels | slo.labels,
        annotations=_alerting(border, (*place, "alerting"), slo.alerting),
        notes=tuple(border.notes),
    )


def _indicator(border: Border, place: Location, sli: _SLI) -> dict[str, Any]:
    written = border.document.data
    for part in place:
        written = written[part]
    if sli.plugin is not None:
        name = written["plugin"].get("id") if isinstance(written["plugin"], dict) else None
        border.fault((*place, "plugin"), f"{shown(name)} {_PLUGIN}; write the queries as events or raw")
        return {}
    if sli.raw is not None:
        where = (*place, "raw", next(iter(written["raw"])))
        return raw_ratio(border.query(where, sli.raw.error_ratio_query), "failure")
    assert sli.events is not None  # noqa: S101 - the model takes exactly one
    keys = {key.replace("_q", "Q"): key for key in written["events"]}
    bad = border.query((*place, "events", keys["errorQuery"]), sli.events.error_query)
    total = border.query((*place, "events", keys["totalQuery"]), sli.events.total_query)
    return events("bad", bad, total)


def _alerting(border: Border, place: Location, alerting: _Alerting | None) -> dict[str, str]:
    """The name of the alerts is kept as an annotation; that the rest is left out is noted."""
    if alerting is None:
        return {}
    left = [
        name for name in ("labels", "annotations", "page_alert", "ticket_alert") if getattr(alerting, name)
    ]
    if left:
        said = ", ".join(left)
        border.note(place, f"{said} left out: `proofload rules` writes burn-rate alerts of its own")
    return {"sloth.slok.dev/alert": alerting.name} if alerting.name else {}
