"""Google's slo-generator: ``sre.google.com/v2`` of the backend prometheus.

Source: https://github.com/google/slo-generator (samples, and slo_generator/backends/prometheus.py, which
puts the window in for ``[window``, or else behind the query, and ``increase`` and ``sum`` around it).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from slo.documents.yaml_source import Document, Location, StrictModel, shown
from slo.importers.import_context import Border, Draft, events, ratio_of, raw_ratio
from slo.promql.syntax import Matcher, PromQLError, Selector, parse_selector

_WINDOW = "28d"
_OPERATORS = ("increase", "sum")
_SLI = ("spec", "service_level_indicator")


class _Indicator(StrictModel):
    filter_good: str | None = None
    filter_bad: str | None = None
    filter_valid: str | None = None
    expression: str | None = None
    threshold_bucket: int | float | None = None
    operators: list[Annotated[str, Field(pattern=r"^[a-z_]+$")]] | None = None
    url: JsonValue = None
    headers: JsonValue = None


class _Spec(StrictModel):
    backend: str
    method: str
    goal: float
    indicator: Annotated[_Indicator, Field(alias="service_level_indicator")]
    description: str = ""
    exporters: JsonValue = None
    error_budget_policy: JsonValue = None
    frequency: JsonValue = None


class _Metadata(StrictModel):
    model_config = ConfigDict(extra="ignore")  # whatever else Kubernetes keeps there

    name: str
    labels: dict[str, str] = Field(default_factory=dict)


class _Object(StrictModel):
    api_version: Annotated[Literal["sre.google.com/v2"], Field(alias="apiVersion")]
    kind: Literal["ServiceLevelObjective"]
    metadata: _Metadata
    spec: _Spec


def read(document: Document) -> list[Draft]:
    """The SLO of a document of slo-generator's.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    border = Border(document)
    _refuse_backend(border)
    written = border.read(_Object)
    spec, labels = written.spec, written.metadata.labels
    indicator = _indicator(border, spec.method, spec.indicator)
    target = border.sound(("spec", "goal"), lambda: ratio_of(spec.goal))
    description = border.description(("spec", "description"), spec.description)
    border.note_metadata("name", "labels")
    _say_left_out(border, spec)
    border.done()
    return [
        Draft(
            name=written.metadata.name,
            service=labels.get("service_name", written.metadata.name),
            indicator=indicator,
            objective={"target": target},
            window=_WINDOW,
            description=description,
            labels=labels,
            notes=tuple(border.notes),
        )
    ]


def _refuse_backend(border: Border) -> None:
    """Refuse what another backend measures, before its fields are called unknown.

    Raises:
        ProblemsError: the backend is named, and is not Prometheus.
    """
    data = border.document.data
    spec = data.get("spec") if isinstance(data, dict) else None
    backend = spec.get("backend") if isinstance(spec, dict) else None
    if isinstance(backend, str) and backend.partition("/")[0] != "prometheus":
        border.fault(
            ("spec", "backend"), f"{shown(backend)} is not supported; Proofload asks prometheus alone"
        )
    border.done()


def _say_left_out(border: Border, spec: _Spec) -> None:
    for field in ("exporters", "error_budget_policy", "frequency"):
        if getattr(spec, field) is not None:
            border.note(("spec", field), "is left out: OpenSLO has no such thing")
    for field in ("url", "headers"):
        if getattr(spec.indicator, field) is not None:
            border.note((*_SLI, field), "is left out: --prometheus says where to ask")
    border.note(("spec",), f"names no window (an error budget policy does); the SLO gets {_WINDOW}")


def _indicator(border: Border, method: str, given: _Indicator) -> dict[str, Any]:
    match method:
        case "good_bad_ratio":
            return _good_bad(border, given)
        case "distribution_cut":
            return _distribution_cut(border, given)
        case "query_sli":
            return _query_sli(border, given)
        case _:
            known = "good_bad_ratio, distribution_cut and query_sli"
            border.fault(("spec", "method"), f"{shown(method)} is not supported; known are {known}")
            return {}


def _needed(border: Border, field: str, given: str | None) -> str:
    if given is None:
        border.fault((*_SLI, field), "is required with this method")
    return given or ""


def _good_bad(border: Border, given: _Indicator) -> dict[str, Any]:
    operators = _OPERATORS if given.operators is None else tuple(given.operators)
    good = _needed(border, "filter_good", given.filter_good)
    # slo-generator prefers filter_bad when both are there.
    field = "filter_valid" if given.filter_bad is None else "filter_bad"
    other = given.filter_valid if given.filter_bad is None else given.filter_bad
    if other is None:
        border.fault(_SLI, "takes filter_good and one of filter_bad and filter_valid")
    if not good or other is None:
        return {}
    if given.filter_bad is not None and given.filter_valid is not None:
        border.note(
            (*_SLI, "filter_valid"), "is left out: slo-generator takes filter_bad when both are there"
        )
    counted = _counted(border, (*_SLI, "filter_good"), good, operators)
    second = _counted(border, (*_SLI, field), other, operators)
    if field == "filter_valid":
        return events("good", counted, second)
    total = f"{_increase(counted)} + {_increase(second)}"
    return events("good", _increase(counted), border.query((*_SLI, field), total))


def _increase(query: str) -> str:
    """The summed increase of a bare selector; any other query as it is."""
    try:
        return f"sum(increase({parse_selector(query)}[$window]))"
    except PromQLError:
        return query


def _counted(border: Border, place: Location, text: str, operators: tuple[str, ...]) -> str:
    """The bare selector where its summed increase is meant, else what slo-generator would ask."""
    bare = text.strip().removesuffix("[window]")
    if operators == _OPERATORS and "[window" not in bare:
        return border.selector(place, bare)
    query = _windowed(text)
    for operator in operators:
        query = f"{operator}({query})"
    return border.query(place, query)


def _windowed(text: str) -> str:
    text = text.strip()
    return text.replace("[window", "[$window") if "[window" in text else f"{text}[$window]"


def _query_sli(border: Border, given: _Indicator) -> dict[str, Any]:
    place = (*_SLI, "expression")
    text = _needed(border, "expression", given.expression)
    return raw_ratio(border.query(place, _windowed(text)), "success") if text else {}


def _distribution_cut(border: Border, given: _Indicator) -> dict[str, Any]:
    place, bound = (*_SLI, "expression"), given.threshold_bucket
    text = _needed(border, "expression", given.expression).strip().removesuffix("[window]")
    if bound is None:
        border.fault((*_SLI, "threshold_bucket"), "is required with this method")
    buckets = border.sound(place, lambda: parse_selector(text)) if text else None
    if buckets is None or bound is None:
        return {}
    if not buckets.metric.endswith("_bucket"):
        border.fault(
            place, f"{buckets.metric} should be the buckets of a histogram: a name that ends in _bucket"
        )
    le = (*buckets.matchers, Matcher("le", "=", str(bound)))  # as slo-generator writes it: 1 and 1.0 differ
    total = buckets.named(buckets.metric.removesuffix("_bucket") + "_count")
    return events("good", str(Selector(buckets.metric, le)), str(total))
