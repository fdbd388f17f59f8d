"""Google's slo-generator: ``sre.google.com/v2`` of the backend prometheus.

Source: https://github.com/google/slo-generator (samples, and slo_generator/backends/prometheus.py, which
replaces ``[window`` by the window or else appends it, and wraps the query in ``increase`` and ``sum``).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from slo.documents import Document, Location, StrictModel, format_value
from slo.importers.drafts import SLODraft, build_events_indicator, build_raw_indicator
from slo.importers.import_context import ImportContext, convert_to_ratio
from slo.promql import Matcher, PromQLError, Selector, parse_selector

_DEFAULT_WINDOW = "28d"
_DEFAULT_OPERATORS = ("increase", "sum")
_INDICATOR_LOCATION = ("spec", "service_level_indicator")


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
    model_config = ConfigDict(extra="ignore")  # other fields of Kubernetes

    name: str
    labels: dict[str, str] = Field(default_factory=dict)


class _Object(StrictModel):
    api_version: Annotated[Literal["sre.google.com/v2"], Field(alias="apiVersion")]
    kind: Literal["ServiceLevelObjective"]
    metadata: _Metadata
    spec: _Spec


def read_slo_generator(document: Document) -> list[SLODraft]:
    """Return the SLO of an slo-generator document.

    Raises:
        ProblemsError: everything in it that is wrong or can't be translated.
    """
    context = ImportContext(document)
    _check_backend(context)
    slo_object = context.read_model(_Object)
    spec, name, labels = slo_object.spec, slo_object.metadata.name, slo_object.metadata.labels
    indicator = _build_indicator(context, spec.method, spec.indicator)
    target = context.try_parse(("spec", "goal"), lambda: convert_to_ratio(spec.goal))
    description = context.limit_description(("spec", "description"), spec.description)
    context.note_omitted_metadata("name", "labels")
    _note_omitted_fields(context, spec)
    context.raise_problems()
    return [
        SLODraft(
            name=name,
            service=labels.get("service_name", name),
            indicator=indicator,
            objective={"target": target},
            window=_DEFAULT_WINDOW,
            description=description,
            labels=labels,
            notes=tuple(context.notes),
        )
    ]


def _check_backend(context: ImportContext) -> None:
    """Refuse another backend by name, before its fields are reported as unknown.

    Raises:
        ProblemsError: the backend is not Prometheus.
    """
    data = context.document.data
    spec = data.get("spec") if isinstance(data, dict) else None
    backend = spec.get("backend") if isinstance(spec, dict) else None
    if isinstance(backend, str) and backend.partition("/")[0] != "prometheus":
        context.add_problem(
            ("spec", "backend"),
            f"{format_value(backend)} is not supported; the only supported backend is prometheus",
        )
    context.raise_problems()


def _note_omitted_fields(context: ImportContext, spec: _Spec) -> None:
    for field in ("exporters", "error_budget_policy", "frequency"):
        if getattr(spec, field) is not None:
            context.add_note(("spec", field), "is omitted: OpenSLO has no such field")
    for field in ("url", "headers"):
        if getattr(spec.indicator, field) is not None:
            context.add_note(
                (*_INDICATOR_LOCATION, field), "is omitted: the option --prometheus sets the address"
            )
    context.add_note(
        ("spec",), f"has no window (an error budget policy has one); the SLO gets {_DEFAULT_WINDOW}"
    )


def _build_indicator(context: ImportContext, method: str, indicator: _Indicator) -> dict[str, Any]:
    match method:
        case "good_bad_ratio":
            return _build_good_bad_indicator(context, indicator)
        case "distribution_cut":
            return _build_cut_indicator(context, indicator)
        case "query_sli":
            return _build_query_indicator(context, indicator)
        case _:
            supported = "good_bad_ratio, distribution_cut and query_sli"
            context.add_problem(
                ("spec", "method"), f"{format_value(method)} is not supported; use one of {supported}"
            )
            return {}


def _require_field(context: ImportContext, field: str, value: str | None) -> str:
    if value is None:
        context.add_problem((*_INDICATOR_LOCATION, field), "is required with this method")
    return value or ""


def _build_good_bad_indicator(context: ImportContext, indicator: _Indicator) -> dict[str, Any]:
    operators = _DEFAULT_OPERATORS if indicator.operators is None else tuple(indicator.operators)
    good = _require_field(context, "filter_good", indicator.filter_good)
    # slo-generator uses filter_bad if both are set.
    field = "filter_valid" if indicator.filter_bad is None else "filter_bad"
    other = indicator.filter_valid if indicator.filter_bad is None else indicator.filter_bad
    if other is None:
        context.add_problem(_INDICATOR_LOCATION, "takes filter_good and one of filter_bad and filter_valid")
    if not good or other is None:
        return {}
    if indicator.filter_bad is not None and indicator.filter_valid is not None:
        context.add_note(
            (*_INDICATOR_LOCATION, "filter_valid"),
            "is omitted: slo-generator uses filter_bad if both are set",
        )
    good_query = _build_counter_query(context, (*_INDICATOR_LOCATION, "filter_good"), good, operators)
    other_query = _build_counter_query(context, (*_INDICATOR_LOCATION, field), other, operators)
    if field == "filter_valid":
        return build_events_indicator("good", good_query, other_query)
    total = f"{_wrap_increase(good_query)} + {_wrap_increase(other_query)}"
    return build_events_indicator(
        "good", _wrap_increase(good_query), context.check_query((*_INDICATOR_LOCATION, field), total)
    )


def _wrap_increase(query: str) -> str:
    """Return the summed increase of a bare selector, and any other query unchanged."""
    try:
        return f"sum(increase({parse_selector(query)}[$window]))"
    except PromQLError:
        return query


def _build_counter_query(
    context: ImportContext, location: Location, text: str, operators: tuple[str, ...]
) -> str:
    """Return the bare selector if its summed increase is meant, else slo-generator's query."""
    bare = text.strip().removesuffix("[window]")
    if operators == _DEFAULT_OPERATORS and "[window" not in bare:
        return context.check_selector(location, bare)
    query = _insert_window(text)
    for operator in operators:
        query = f"{operator}({query})"
    return context.check_query(location, query)


def _insert_window(text: str) -> str:
    text = text.strip()
    return text.replace("[window", "[$window") if "[window" in text else f"{text}[$window]"


def _build_query_indicator(context: ImportContext, indicator: _Indicator) -> dict[str, Any]:
    location = (*_INDICATOR_LOCATION, "expression")
    text = _require_field(context, "expression", indicator.expression)
    return build_raw_indicator(context.check_query(location, _insert_window(text)), "success") if text else {}


def _build_cut_indicator(context: ImportContext, indicator: _Indicator) -> dict[str, Any]:
    location, bound = (*_INDICATOR_LOCATION, "expression"), indicator.threshold_bucket
    text = _require_field(context, "expression", indicator.expression).strip().removesuffix("[window]")
    if bound is None:
        context.add_problem((*_INDICATOR_LOCATION, "threshold_bucket"), "is required with this method")
    buckets = context.try_parse(location, lambda: parse_selector(text)) if text else None
    if buckets is None or bound is None:
        return {}
    if not buckets.metric.endswith("_bucket"):
        context.add_problem(
            location,
            f"{buckets.metric} should be the buckets of a histogram, with a name that ends in _bucket",
        )
    # As slo-generator writes the bound: 1 and 1.0 are different label values.
    good_matchers = (*buckets.matchers, Matcher("le", "=", str(bound)))
    total = buckets.with_metric(buckets.metric.removesuffix("_bucket") + "_count")
    return build_events_indicator("good", str(Selector(buckets.metric, good_matchers)), str(total))
