"""Pyrra's ServiceLevelObjective, ``pyrra.dev/v1alpha1``.

Source: https://github.com/pyrra-dev/pyrra (kubernetes/api/v1alpha1/servicelevelobjective_types.go); the
queries of native histograms and of boolean gauges are those of its slo/rules.go.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from slo.documents.yaml_source import Document, Location, StrictModel, shown
from slo.importers.import_context import Border, Draft, events, percent_text, raw_ratio, window_of

_MILLI = {"ms": "0.001", "s": "1", "m": "60"}


class _Query(StrictModel):
    metric: str


class _Ratio(StrictModel):
    errors: _Query
    total: _Query
    grouping: list[str] = Field(default_factory=list)


class _Latency(StrictModel):
    success: _Query
    total: _Query
    grouping: list[str] = Field(default_factory=list)


class _Native(StrictModel):
    total: _Query
    latency: str
    grouping: list[str] = Field(default_factory=list)


class _Gauge(StrictModel):
    metric: str
    grouping: list[str] = Field(default_factory=list)


class _Indicator(StrictModel):
    ratio: _Ratio | None = None
    latency: _Latency | None = None
    native: Annotated[_Native | None, Field(alias="latencyNative")] = None
    gauge: Annotated[_Gauge | None, Field(alias="bool_gauge")] = None

    @model_validator(mode="after")
    def _one(self) -> _Indicator:
        if sum(part is not None for part in (self.ratio, self.latency, self.native, self.gauge)) != 1:
            raise ValueError("takes exactly one of ratio, latency, latencyNative and bool_gauge")
        return self


class _Spec(StrictModel):
    target: str
    window: str
    indicator: _Indicator
    description: str = ""
    alerting: JsonValue = None
    partial_response_strategy: JsonValue = None
    performance: Annotated[JsonValue, Field(alias="performanceOverAccuracy")] = None
    rule_output: Annotated[JsonValue, Field(alias="ruleOutput")] = None


class _Metadata(StrictModel):
    model_config = ConfigDict(extra="ignore")  # whatever else Kubernetes keeps there

    name: str
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class _Object(StrictModel):
    api_version: Annotated[Literal["pyrra.dev/v1alpha1"], Field(alias="apiVersion")]
    kind: Literal["ServiceLevelObjective"]
    metadata: _Metadata
    spec: _Spec
    status: JsonValue = None


def read(document: Document, service: str | None = None) -> list[Draft]:
    """The SLO of a document of Pyrra's, which names no service: ``service`` does, else the SLO's name.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    border = Border(document)
    written = border.read(_Object)
    spec, name = written.spec, written.metadata.name
    target = border.sound(("spec", "target"), lambda: percent_text(spec.target))
    window = border.sound(("spec", "window"), lambda: window_of(spec.window))
    indicator = _indicator(border, spec.indicator)
    description = border.description(("spec", "description"), spec.description)
    border.note_metadata("name", "labels")
    _say_left_out(border, spec)
    if service is None:
        border.note(("metadata", "name"), "Pyrra names no service; the SLO's name stands for it (--service)")
    border.done()
    return [
        Draft(
            name=name,
            service=service or name,
            indicator=indicator,
            objective={"target": target},
            window=window or "",
            description=description,
            labels=written.metadata.labels,
            notes=tuple(border.notes),
        )
    ]


def _say_left_out(border: Border, spec: _Spec) -> None:
    told = {
        "alerting": spec.alerting,
        "partial_response_strategy": spec.partial_response_strategy,
        "performanceOverAccuracy": spec.performance,
        "ruleOutput": spec.rule_output,
    }
    for field, value in told.items():
        if value not in (None, {}, False, ""):
            border.note(("spec", field), "is left out: it is about Pyrra's own rules and alerts")


def _indicator(border: Border, indicator: _Indicator) -> dict[str, Any]:
    kinds = {
        "ratio": indicator.ratio,
        "latency": indicator.latency,
        "latencyNative": indicator.native,
        "bool_gauge": indicator.gauge,
    }
    kind, given = next((kind, part) for kind, part in kinds.items() if part is not None)
    place: Location = ("spec", "indicator", kind)
    if given.grouping:
        said = ", ".join(given.grouping)
        border.note((*place, "grouping"), f"{said} left out: OpenSLO has one verdict an SLO, not one a group")
    match given:
        case _Ratio(errors=errors, total=total):
            return _events(border, place, ("errors", "bad"), errors.metric, total.metric)
        case _Latency(success=success, total=total):
            return _events(border, place, ("success", "good"), success.metric, total.metric)
        case _Native():
            return _native(border, place, given)
        case _:
            return _gauge(border, place, given.metric)


def _events(border: Border, place: Location, part: tuple[str, str], query: str, total: str) -> dict[str, Any]:
    field, ours = part
    counted = border.selector((*place, field, "metric"), query)
    return events(ours, counted, border.selector((*place, "total", "metric"), total))


def _native(border: Border, place: Location, native: _Native) -> dict[str, Any]:
    bound = border.sound((*place, "latency"), lambda: _seconds(native.latency))
    total = border.selector((*place, "total", "metric"), native.total.metric)
    border.note(
        place, "is asked as histogram_fraction, which Prometheus interpolates: the verdict is approximate"
    )
    return raw_ratio(f"histogram_fraction(0, {bound}, sum(rate({total}[$window])))", "success")


def _gauge(border: Border, place: Location, text: str) -> dict[str, Any]:
    metric = border.selector((*place, "metric"), text)
    query = f"sum(sum_over_time({metric}[$window])) / sum(count_over_time({metric}[$window]))"
    border.note(place, "is the share of samples that are 1, as in Pyrra; Prometheus computes it")
    return raw_ratio(query, "success")


def _seconds(text: str) -> str:
    """Seconds of a latency such as ``250ms`` or ``1s``.

    Raises:
        ValueError: it is none.
    """
    for unit, length in _MILLI.items():
        number = text.strip().removesuffix(unit)
        if number != text.strip() and number.replace(".", "", 1).isdecimal() and number.isascii():
            return f"{Decimal(number) * Decimal(length):f}"
    raise ValueError(f"{shown(text)} is not a latency such as 250ms or 1s")
