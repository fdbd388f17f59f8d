"""Keptn's quality gates: an SLO file and the SLI file with its Prometheus queries.

Source: https://github.com/keptn/spec (service_level_objective.md, service_level_indicator.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, product
from typing import Annotated, Any

from pydantic import Field, JsonValue

from slo.documents import Document, Location, Problem, ProblemsError, StrictModel, format_value
from slo.importers.drafts import SLODraft, build_metric
from slo.importers.import_context import ImportContext
from slo.importers.keptn_criteria import Criterion, is_stricter, parse_criterion
from slo.promql import Shape, parse_expression

_DEFAULT_WINDOW = "28d"
_DEFAULT_TARGET = 0.99
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))", re.ASCII)
_DURATION_VARIABLE = "DURATION_SECONDS"


class _CriteriaGroup(StrictModel):
    criteria: Annotated[list[str], Field(min_length=1)]


class _Objective(StrictModel):
    sli: str
    display_name: Annotated[str, Field(alias="displayName")] = ""
    passes: Annotated[list[_CriteriaGroup] | None, Field(alias="pass")] = None
    warning: list[_CriteriaGroup] | None = None
    weight: int | None = None
    key_sli: bool | None = None


class _QualityGate(StrictModel):
    spec_version: str
    objectives: Annotated[list[_Objective], Field(min_length=1)]
    filter: dict[str, str] | None = None
    comparison: JsonValue = None
    total_score: JsonValue = None


class _Indicators(StrictModel):
    spec_version: str
    indicators: dict[str, str]


def read_keptn(
    documents: Sequence[Document], service: str | None, variables: Mapping[str, str]
) -> tuple[list[SLODraft], list[Problem]]:
    """Return the SLOs of a quality gate, and notes on what is omitted of the gate as a whole.

    ``variables`` are the values of ``$NAME`` in queries, besides those of the gate's ``filter``; ``$SERVICE``
    is ``service``.

    Raises:
        ProblemsError: everything that is wrong or can't be translated.
    """
    gate_document, query_document = _find_document_pair(documents)
    context, query_context = ImportContext(gate_document), ImportContext(query_document)
    gate = context.read_model(_QualityGate)
    indicators = query_context.read_model(_Indicators).indicators
    known = {**(gate.filter or {}), **variables} | ({"SERVICE": service} if service else {})
    service_name = known.get("SERVICE", known.get("service"))
    drafts: list[SLODraft] = []
    _note_gate_fields(context, gate)
    gate_notes, context.notes = context.notes, []
    for number, objective in enumerate(gate.objectives):
        location: Location = ("objectives", number)
        query = _fill_query(context, query_context, location, objective, indicators, known)
        drafts += _build_drafts(context, location, objective, query, service_name)
    if not drafts and not (context.problems or query_context.problems):
        context.add_problem(("objectives",), "none of them has a pass criterion that OpenSLO can express")
    if context.problems or query_context.problems:
        raise ProblemsError([*context.problems, *query_context.problems])
    return drafts, [*gate_notes, *context.notes]


def _find_document_pair(documents: Sequence[Document]) -> tuple[Document, Document]:
    """Return the document with objectives and the one with indicators."""
    by_key: dict[str, list[Document]] = {"objectives": [], "indicators": []}
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        if "kind" in data:
            message = f"{format_value(data['kind'])} is not supported; only quality gates are"
            raise ProblemsError([document.make_problem(("kind",), message)])
        key = next((key for key in by_key if key in data), None)
        if key is None:
            raise ProblemsError([document.make_problem((), "has neither objectives nor indicators")])
        by_key[key].append(document)
    if any(len(of_key) != 1 for of_key in by_key.values()):
        counts = ", ".join(f"{len(of_key)} with {key}" for key, of_key in by_key.items())
        message = f"Keptn needs one SLO file (objectives) and one SLI file (indicators), got {counts}"
        raise ProblemsError([Problem(documents[0].path, None, "", message)])
    return by_key["objectives"][0], by_key["indicators"][0]


def _note_gate_fields(context: ImportContext, gate: _QualityGate) -> None:
    if gate.comparison is not None:
        context.add_note(
            ("comparison",),
            "is omitted: OpenSLO has no comparison with earlier results; use `proofload compare`",
        )
    if gate.total_score is not None:
        context.add_note(("total_score",), "is omitted: in OpenSLO every objective has to be met")


def _fill_query(
    context: ImportContext,
    query_context: ImportContext,
    location: Location,
    objective: _Objective,
    indicators: Mapping[str, str],
    variables: Mapping[str, str],
) -> str:
    text = indicators.get(objective.sli)
    if text is None:
        names = ", ".join(indicators) or "none"
        context.add_problem(
            (*location, "sli"), f"no indicator is called {format_value(objective.sli)}; known: {names}"
        )
        return ""
    query_location = ("indicators", objective.sli)

    def find_value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name == _DURATION_VARIABLE:
            return "$window"
        if name not in variables:
            query_context.add_problem(
                query_location, f"has {match[0]}, which has no value; set it by --set {name}=VALUE"
            )
        return variables.get(name, "x")

    # Some queries append the unit to $DURATION_SECONDS.
    filled = _VARIABLE.sub(find_value, text).replace("[$windows]", "[$window]")
    problems_before = len(query_context.problems)
    query = query_context.check_query(query_location, filled)
    return "" if len(query_context.problems) > problems_before else query


def _build_drafts(
    context: ImportContext, location: Location, objective: _Objective, query: str, service: str | None
) -> list[SLODraft]:
    passes = _parse_criteria(context, (*location, "pass"), objective.passes)
    warnings = _parse_criteria(context, (*location, "warning"), objective.warning)
    _note_warnings(context, (*location, "warning"), passes, warnings)
    if objective.passes is None or not passes:
        context.add_note(location, "is omitted: without a pass criterion it is informative only")
        return []
    if len(passes) > 1:
        context.add_note((*location, "pass"), "is omitted: OpenSLO has no alternatives")
        return []
    absolute = []
    for criterion in passes[0]:
        if criterion.is_relative or criterion.openslo_op is None:
            why = "it needs an earlier result; use `proofload compare`"
            reason = why if criterion.is_relative else "OpenSLO has no ="
            context.add_note((*location, "pass"), f"{criterion.text} is omitted: {reason}")
        else:
            absolute.append(criterion)
    return [_build_draft(context, location, objective, (query, limit), service) for limit in absolute]


def _parse_criteria(
    context: ImportContext, location: Location, items: list[_CriteriaGroup] | None
) -> list[list[Criterion]]:
    groups = []
    for number, item in enumerate(items or ()):
        criteria = [
            context.try_parse((*location, number, "criteria", n), partial(parse_criterion, text))
            for n, text in enumerate(item.criteria)
        ]
        groups.append([criterion for criterion in criteria if criterion])
    return groups


def _note_warnings(
    context: ImportContext, location: Location, passes: list[list[Criterion]], warnings: list[list[Criterion]]
) -> None:
    if not warnings:
        return
    context.add_note(location, "becomes an annotation: OpenSLO has no state between met and missed")
    for warning, limit in product(chain(*warnings), chain(*passes)):
        if is_stricter(warning, limit):
            message = f"{warning.text} is stricter than {limit.text} of pass, so it has no effect"
            context.add_note(location, message)


def _build_draft(
    context: ImportContext,
    location: Location,
    objective: _Objective,
    query_and_limit: tuple[str, Criterion],
    service: str | None,
) -> SLODraft:
    query, limit = query_and_limit
    metric, target_fields = _build_objective_metric(query, limit)
    return SLODraft(
        name=f"{objective.sli}-{limit.openslo_op}-{limit.value:g}",
        service=service or "service",
        indicator={"thresholdMetric": metric},
        objective={"op": limit.openslo_op, "value": limit.value, **target_fields},
        window=_DEFAULT_WINDOW,
        display_name=f"{objective.display_name or objective.sli} {limit.text}",
        annotations=_build_annotations(objective),
        notes=(
            context.document.make_problem(
                location, f"made from pass {limit.text}; Keptn has no window, the SLO gets {_DEFAULT_WINDOW}"
            ),
            *_note_default_target(context, location, target_fields),
        ),
    )


def _build_objective_metric(query: str, limit: Criterion) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metric of an objective, and its target unless the metric includes it."""
    expression = parse_expression(query) if query else None
    if expression and expression.shape is Shape.QUANTILE and expression.selector and limit.is_upper_limit:
        histogram = str(expression.selector.with_metric(expression.selector.metric.removesuffix("_bucket")))
        spec = {"histogram": histogram, "quantile": expression.quantile}
        return {"metricSource": {"type": "Prometheus", "spec": spec}}, {}
    return build_metric(query), {"target": _DEFAULT_TARGET}


def _note_default_target(
    context: ImportContext, location: Location, target_fields: Mapping[str, Any]
) -> tuple[Problem, ...]:
    if not target_fields:
        return ()
    target = f"gets target {_DEFAULT_TARGET:g}, the ratio of good samples"
    message = f"{target}: OpenSLO requires a target, Keptn has none"
    return (context.document.make_problem(location, message),)


def _build_annotations(objective: _Objective) -> dict[str, str]:
    warning = " or ".join(" and ".join(item.criteria) for item in objective.warning or ())
    annotations = {
        "keptn.sh/sli": objective.sli,
        "keptn.sh/warning": warning,
        "keptn.sh/weight": "" if objective.weight is None else str(objective.weight),
        "keptn.sh/key-sli": "true" if objective.key_sli else "",
    }
    return {key: value for key, value in annotations.items() if value}
