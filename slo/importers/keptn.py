"""Keptn's quality gates: an SLO file and the SLI file with its Prometheus queries.

Source: https://github.com/keptn/spec (service_level_objective.md, service_level_indicator.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, JsonValue

from slo.documents.yaml_source import Document, Location, Problem, ProblemsError, StrictModel, shown
from slo.importers.import_context import Border, Draft, metric
from slo.importers.keptn_criteria import Criterion, criterion, stricter
from slo.promql.syntax import Shape, parse

_WINDOW = "28d"
_TARGET = 0.99
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))", re.ASCII)
_DURATION = "DURATION_SECONDS"


class _Item(StrictModel):
    criteria: Annotated[list[str], Field(min_length=1)]


class _Objective(StrictModel):
    sli: str
    display_name: Annotated[str, Field(alias="displayName")] = ""
    passes: Annotated[list[_Item] | None, Field(alias="pass")] = None
    warning: list[_Item] | None = None
    weight: int | None = None
    key_sli: bool | None = None


class _Gate(StrictModel):
    spec_version: str
    objectives: Annotated[list[_Objective], Field(min_length=1)]
    filter: dict[str, str] | None = None
    comparison: JsonValue = None
    total_score: JsonValue = None


class _Indicators(StrictModel):
    spec_version: str
    indicators: dict[str, str]


def read(
    documents: Sequence[Document], service: str | None, variables: Mapping[str, str]
) -> tuple[list[Draft], list[Problem]]:
    """The SLOs of a gate and its indicators, and what is left out of the gate as a whole.

    ``variables`` stand for ``$NAME`` in queries, beside those of the gate's ``filter``; ``$SERVICE`` is
    ``service``.

    Raises:
        ProblemsError: everything that is wrong or can't be translated.
    """
    gate, queries = _pair(documents)
    border, asked = Border(gate), Border(queries)
    written, indicators = border.read(_Gate), asked.read(_Indicators).indicators
    known = {**(written.filter or {}), **variables} | ({"SERVICE": service} if service else {})
    drafts: list[Draft] = []
    _say_gate(border, written)
    general, border.notes = border.notes, []
    for number, objective in enumerate(written.objectives):
        place: Location = ("objectives", number)
        query = _query(border, asked, place, objective, indicators, known)
        drafts += _drafts(border, place, objective, query, known.get("SERVICE", known.get("service")))
    if not drafts and not (border.problems or asked.problems):
        border.fault(("objectives",), "none of them has a pass criterion that OpenSLO can hold")
    if border.problems or asked.problems:
        raise ProblemsError([*border.problems, *asked.problems])
    return drafts, [*general, *border.notes]


def _pair(documents: Sequence[Document]) -> tuple[Document, Document]:
    """The document with objectives and the one with indicators."""
    found: dict[str, list[Document]] = {"objectives": [], "indicators": []}
    for document in documents:
        data = document.data if isinstance(document.data, dict) else {}
        if "kind" in data:
            said = f"{shown(data['kind'])} is not supported; what is read are quality gates"
            raise ProblemsError([document.problem(("kind",), said)])
        key = next((key for key in found if key in data), None)
        if key is None:
            raise ProblemsError([document.problem((), "has neither objectives nor indicators")])
        found[key].append(document)
    if any(len(some) != 1 for some in found.values()):
        said = ", ".join(f"{len(some)} with {key}" for key, some in found.items())
        message = f"Keptn needs one SLO file (objectives) and one SLI file (indicators); {said} given"
        raise ProblemsError([Problem(documents[0].path, None, "", message)])
    return found["objectives"][0], found["indicators"][0]


def _say_gate(border: Border, gate: _Gate) -> None:
    if gate.comparison is not None:
        border.note(
            ("comparison",),
            "is left out: `proofload compare` compares with earlier results, OpenSLO does not",
        )
    if gate.total_score is not None:
        border.note(("total_score",), "is left out: here every objective has to be met")


def _query(
    border: Border,
    asked: Border,
    place: Location,
    objective: _Objective,
    indicators: Mapping[str, str],
    known: Mapping[str, str],
) -> str:
    text = indicators.get(objective.sli)
    if text is None:
        names = ", ".join(indicators) or "none"
        border.fault((*place, "sli"), f"no indicator is called {shown(objective.sli)}; known: {names}")
        return ""
    where = ("indicators", objective.sli)

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name == _DURATION:
            return "$window"
        if name not in known:
            asked.fault(where, f"holds {match[0]}, which nothing says; give --set {name}=VALUE")
        return known.get(name, "x")

    # The unit that some queries write behind $DURATION_SECONDS belongs to it.
    filled = _VARIABLE.sub(value, text).replace("[$windows]", "[$window]")
    before = len(asked.problems)
    query = asked.query(where, filled)
    return "" if len(asked.problems) > before else query


def _drafts(
    border: Border, place: Location, objective: _Objective, query: str, service: str | None
) -> list[Draft]:
    passes = _criteria(border, (*place, "pass"), objective.passes)
    warnings = _criteria(border, (*place, "warning"), objective.warning)
    _say_warning(border, (*place, "warning"), passes, warnings)
    if objective.passes is None or not passes:
        border.note(place, "is left out: without a pass criterion it informs only")
        return []
    if len(passes) > 1:
        border.note((*place, "pass"), "is left out: OpenSLO has no alternatives, of which one has to hold")
        return []
    absolute = []
    for one in passes[0]:
        if one.relative or one.op is None:
            why = "an earlier result is for `proofload compare`" if one.relative else "OpenSLO has no ="
            border.note((*place, "pass"), f"{one.text} is left out: {why}")
        else:
            absolute.append(one)
    return [_draft(border, place, objective, (query, one), service) for one in absolute]


def _criteria(border: Border, place: Location, items: list[_Item] | None) -> list[list[Criterion]]:
    found = []
    for number, item in enumerate(items or ()):
        read = [
            border.sound((*place, number, "criteria", n), lambda text=text: criterion(text))  # type: ignore[misc]
            for n, text in enumerate(item.criteria)
        ]
        found.append([one for one in read if one])
    return found


def _say_warning(
    border: Border, place: Location, passes: list[list[Criterion]], warnings: list[list[Criterion]]
) -> None:
    if not warnings:
        return
    border.note(place, "is kept as an annotation alone: OpenSLO has no state between met and missed")
    pairs = [(one, other) for some in warnings for one in some for more in passes for other in more]
    for one, other in pairs:
        if stricter(one, other):
            border.note(
                place, f"{one.text} is stricter than {other.text} of pass, so it can never be reached"
            )


def _draft(
    border: Border,
    place: Location,
    objective: _Objective,
    asked: tuple[str, Criterion],
    service: str | None,
) -> Draft:
    query, limit = asked
    source, goal = _metric(query, limit)
    return Draft(
        name=f"{objective.sli}-{limit.op}-{limit.value:g}",
        service=service or "service",
        indicator={"thresholdMetric": source},
        objective={"op": limit.op, "value": limit.value, **goal},
        window=_WINDOW,
        display_name=f"{objective.display_name or objective.sli} {limit.text}",
        annotations=_annotations(objective),
        notes=(
            border.document.problem(
                place, f"made of pass {limit.text}; Keptn names no window, the SLO gets {_WINDOW}"
            ),
            *_goal_note(border, place, goal),
        ),
    )


def _metric(query: str, limit: Criterion) -> tuple[dict[str, Any], dict[str, Any]]:
    """The metric of an objective, and its target where the metric brings none."""
    expression = parse(query) if query else None
    if expression and expression.shape is Shape.QUANTILE and expression.selector and limit.upper:
        histogram = str(expression.selector.named(expression.selector.metric.removesuffix("_bucket")))
        spec = {"histogram": histogram, "quantile": expression.quantile}
        return {"metricSource": {"type": "Prometheus", "spec": spec}}, {}
    return metric(query), {"target": _TARGET}


def _goal_note(border: Border, place: Location, goal: Mapping[str, Any]) -> tuple[Problem, ...]:
    if not goal:
        return ()
    message = f"gets target {_TARGET:g}, the share of samples that hold: OpenSLO needs one, Keptn has none"
    return (border.document.problem(place, message),)


def _annotations(objective: _Objective) -> dict[str, str]:
    warning = " or ".join(" and ".join(item.criteria) for item in objective.warning or ())
    given = {
        "keptn.sh/sli": objective.sli,
        "keptn.sh/warning": warning,
        "keptn.sh/weight": "" if objective.weight is None else str(objective.weight),
        "keptn.sh/key-sli": "true" if objective.key_sli else "",
    }
    return {key: value for key, value in given.items() if value}
