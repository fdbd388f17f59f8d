"""Pyrra's ServiceLevelObjective, ``pyrra.dev/v1alpha1``.

Source: https://github.com/pyrra-dev/pyrra (kubernetes/api/v1alpha1/servicelevelobjective_types.go); the
queries of native histograms and of boolean gauges are those of its slo/rules.go.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from slo.documents import Document, Location, StrictModel, format_value
from slo.importers.drafts import SLODraft, build_events_indicator, build_raw_indicator
from slo.importers.import_context import ImportContext, convert_to_ratio

_UNIT_SECONDS = {"ms": "0.001", "s": "1", "m": "60"}
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?", re.ASCII)
_UNIT_MINUTES = {"y": 525_600, "w": 10_080, "d": 1_440, "h": 60, "m": 1}


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


class _NativeLatency(StrictModel):
    total: _Query
    latency: str
    grouping: list[str] = Field(default_factory=list)


class _Gauge(StrictModel):
    metric: str
    grouping: list[str] = Field(default_factory=list)


class _Indicator(StrictModel):
    ratio: _Ratio | None = None
    latency: _Latency | None = None
    native: Annotated[_NativeLatency | None, Field(alias="latencyNative")] = None
    gauge: Annotated[_Gauge | None, Field(alias="bool_gauge")] = None

    @model_validator(mode="after")
    def _require_one_kind(self) -> _Indicator:
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
    model_config = ConfigDict(extra="ignore")  # other fields of Kubernetes

    name: str
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class _Object(StrictModel):
    api_version: Annotated[Literal["pyrra.dev/v1alpha1"], Field(alias="apiVersion")]
    kind: Literal["ServiceLevelObjective"]
    metadata: _Metadata
    spec: _Spec
    status: JsonValue = None


def read_pyrra(document: Document, service: str | None = None) -> list[SLODraft]:
    """Return the SLO of a Pyrra document, of the given ``service`` or else of a service named like the SLO.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    context = ImportContext(document)
    slo_object = context.read_model(_Object)
    spec, name = slo_object.spec, slo_object.metadata.name
    target = context.try_parse(("spec", "target"), lambda: _parse_percentage(spec.target))
    window = context.try_parse(("spec", "window"), lambda: _parse_window(spec.window))
    indicator = _build_indicator(context, spec.indicator)
    description = context.limit_description(("spec", "description"), spec.description)
    context.note_omitted_metadata("name", "labels")
    _note_omitted_fields(context, spec)
    if service is None:
        context.add_note(
            ("metadata", "name"),
            "a Pyrra file has no service; the SLO's name is used (set it with --service)",
        )
    context.raise_problems()
    return [
        SLODraft(
            name=name,
            service=service or name,
            indicator=indicator,
            objective={"target": target},
            window=window or "",
            description=description,
            labels=slo_object.metadata.labels,
            notes=tuple(context.notes),
        )
    ]


def _note_omitted_fields(context: ImportContext, spec: _Spec) -> None:
    pyrra_settings = {
        "alerting": spec.alerting,
        "partial_response_strategy": spec.partial_response_strategy,
        "performanceOverAccuracy": spec.performance,
        "ruleOutput": spec.rule_output,
    }
    for field, value in pyrra_settings.items():
        if value not in (None, {}, False, ""):
            context.add_note(("spec", field), "is omitted: a setting of Pyrra's own rules and alerts")


def _build_indicator(context: ImportContext, indicator: _Indicator) -> dict[str, Any]:
    kinds = {
        "ratio": indicator.ratio,
        "latency": indicator.latency,
        "latencyNative": indicator.native,
        "bool_gauge": indicator.gauge,
    }
    kind, definition = next((kind, part) for kind, part in kinds.items() if part is not None)
    location: Location = ("spec", "indicator", kind)
    if definition.grouping:
        labels = ", ".join(definition.grouping)
        context.add_note(
            (*location, "grouping"), f"omitted {labels}: OpenSLO has one verdict per SLO, not one per group"
        )
    match definition:
        case _Ratio(errors=errors, total=total):
            return _build_ratio_indicator(context, location, ("errors", "bad"), errors.metric, total.metric)
        case _Latency(success=success, total=total):
            return _build_ratio_indicator(
                context, location, ("success", "good"), success.metric, total.metric
            )
        case _NativeLatency():
            return _build_native_indicator(context, location, definition)
        case _:
            return _build_gauge_indicator(context, location, definition.metric)


def _build_ratio_indicator(
    context: ImportContext, location: Location, part: tuple[str, str], query: str, total: str
) -> dict[str, Any]:
    field, openslo_part = part
    part_query = context.check_selector((*location, field, "metric"), query)
    return build_events_indicator(
        openslo_part, part_query, context.check_selector((*location, "total", "metric"), total)
    )


def _build_native_indicator(
    context: ImportContext, location: Location, native: _NativeLatency
) -> dict[str, Any]:
    bound = context.try_parse((*location, "latency"), lambda: _parse_latency_seconds(native.latency))
    total = context.check_selector((*location, "total", "metric"), native.total.metric)
    context.add_note(
        location,
        "is queried by histogram_fraction, which Prometheus interpolates: the verdict is approximate",
    )
    return build_raw_indicator(f"histogram_fraction(0, {bound}, sum(rate({total}[$window])))", "success")


def _build_gauge_indicator(context: ImportContext, location: Location, text: str) -> dict[str, Any]:
    metric = context.check_selector((*location, "metric"), text)
    query = f"sum(sum_over_time({metric}[$window])) / sum(count_over_time({metric}[$window]))"
    context.add_note(location, "is the share of samples that are 1, as in Pyrra; computed by Prometheus")
    return build_raw_indicator(query, "success")


def _parse_latency_seconds(text: str) -> str:
    """Return a latency such as ``250ms`` or ``1s`` in seconds, as a decimal.

    Raises:
        ValueError: the text is not a latency.
    """
    for unit, length in _UNIT_SECONDS.items():
        number = text.strip().removesuffix(unit)
        if number != text.strip() and number.replace(".", "", 1).isdecimal() and number.isascii():
            return f"{Decimal(number) * Decimal(length):f}"
    raise ValueError(f"{format_value(text)} is not a latency such as 250ms or 1s")


def _parse_percentage(text: str) -> float:
    """Return a percentage written as text as a ratio.

    Raises:
        ValueError: the text is not a number between 0 and 100.
    """
    try:
        value = float(Decimal(text.strip().removesuffix("%").strip()))
    except (InvalidOperation, OverflowError):
        raise ValueError(f"{format_value(text)} is not a percentage, e.g. 99.9") from None
    return convert_to_ratio(value, 100)


def _parse_window(text: str) -> str:
    """Return a Prometheus duration such as ``4w`` or ``1h30m`` in OpenSLO's form, in its largest unit.

    Source: Prometheus's ``model.ParseDuration`` (a year has 365 days).

    Raises:
        ValueError: the text is not a duration, or not a whole number of minutes.
    """
    match = _DURATION.fullmatch(text.strip())
    counts = match.groups() if match else ()
    minutes = sum(
        int(count or 0) * length for count, length in zip(counts, _UNIT_MINUTES.values(), strict=False)
    )
    if not 0 < minutes < 10**7:
        raise ValueError(f"{format_value(text)} is not a window of whole minutes, e.g. 4w or 30d")
    unit = next(unit for unit, length in _UNIT_MINUTES.items() if unit != "y" and minutes % length == 0)
    return f"{minutes // _UNIT_MINUTES[unit]}{unit}"
