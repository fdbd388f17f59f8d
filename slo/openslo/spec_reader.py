"""Reading of OpenSLO files into a :class:`slo.model.Spec`; all problems are reported at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from slo import model
from slo.documents import (
    Document,
    DocumentError,
    Location,
    Problem,
    ProblemsError,
    format_value,
    load_documents,
)
from slo.openslo import alert_policies, data_sources, kinds
from slo.openslo.alpha_versions import convert_to_v1
from slo.openslo.document_index import (
    DocumentIndex,
    format_source,
    get_nested,
    parse_part,
    parse_valid_fields,
)
from slo.openslo.objective_translation import (
    find_objective_problems,
    format_objective_name,
    translate_objective,
)
from slo.promql import convert_to_events

DEFAULT_WINDOW_SECONDS = 28 * 86_400.0
"""Window of an SLO without ``timeWindow``: four weeks, as in the SRE workbook (appendix A)."""


def load_spec(paths: Iterable[Path]) -> model.Spec:
    """Return the SLOs, services and data sources of OpenSLO files.

    A folder means all ``*.yaml`` and ``*.yml`` files below it.

    Raises:
        ProblemsError: the files have problems; it contains all of them.
    """
    all_paths = list(paths)
    document_index = DocumentIndex()
    problems = document_index.problems
    for path in _list_files(all_paths, problems):
        try:
            # OpenSLO's Go library also reads and writes lists of objects.
            for document in load_documents(path):
                for item in document.split_items():
                    document_index.add(convert_to_v1(item))
        except DocumentError as error:
            problems += error.problems
    spec = _translate_spec(document_index)
    if not problems and not spec.slos:
        problems.append(Problem(", ".join(map(str, all_paths)) or "spec", None, "", "contains no SLO"))
    if problems:
        raise ProblemsError(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line or 0)))
    return spec


def _list_files(paths: list[Path], problems: list[Problem]) -> list[Path]:
    """Return every file once, even if it is given several times."""
    file_by_real_path: dict[Path, Path] = {}
    for path in paths:
        files = [path]
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
            # Links that lead nowhere are listed as well: they are errors, not SLOs to leave out.
            files = sorted(p for p in path.rglob("*") if p.suffix in {".yaml", ".yml"} and not p.is_dir())
        if not files:
            problems.append(Problem(str(path), None, "", "the folder contains no *.yaml or *.yml file"))
        for file in files:
            file_by_real_path.setdefault(Path(os.path.realpath(file)), file)
    return list(file_by_real_path.values())


def _translate_spec(document_index: DocumentIndex) -> model.Spec:
    declared = [
        _translate_service(document_index, document) for document in document_index.list_documents("Service")
    ]
    for document in document_index.list_documents("SLI"):
        document_index.validate(kinds.SLI, document)
        data_sources.resolve_data_source(
            document_index, document, ("spec",), parse_part(kinds.SLISpec, get_nested(document.data, "spec"))
        )
    alert_policies.validate_alert_documents(document_index)
    slos = [
        slo
        for document in document_index.list_documents("SLO")
        for slo in _translate_slos(document_index, document)
    ]
    # OpenSLO does not say whether services must be declared.
    implied = {slo.service: model.Service(slo.service, source=slo.source) for slo in slos}
    services = implied | {service.name: service for service in declared if service}
    return model.Spec(
        tuple(slos), tuple(services.values()), data_sources.translate_data_sources(document_index)
    )


def _translate_service(document_index: DocumentIndex, document: Document) -> model.Service | None:
    service = document_index.validate(kinds.Service, document)
    if service is None:
        return None
    requests = service.metadata.annotations.get(kinds.REQUESTS_ANNOTATION)
    if requests is not None and not requests.strip():
        document_index.add_problem(
            document, ("metadata", "annotations", kinds.REQUESTS_ANNOTATION), "is empty; write a selector"
        )
    context = map(str.strip, service.metadata.annotations.get(kinds.CONTEXT_ANNOTATION, "").splitlines())
    return model.Service(
        name=service.metadata.name,
        display_name=service.metadata.display_name,
        description=service.spec.description if service.spec else "",
        request_counter=requests and requests.strip(),
        context_selectors=tuple(dict.fromkeys(line for line in context if line and not line.startswith("#"))),
        source=format_source(document),
    )


def _translate_slos(document_index: DocumentIndex, document: Document) -> list[model.SLO]:
    """Return an SLO, or none after adding problems; valid parts are checked even if others are invalid.

    A composite SLO becomes one SLO per objective, each with its own indicator.
    """
    spec = get_nested(document.data, "spec")
    slo = document_index.validate(kinds.SLO, document)
    indicators = _resolve_indicators(document_index, document)
    _check_service(document_index, document, get_nested(spec, "service"))
    window = _parse_window(spec)
    window_seconds = window.duration if window else DEFAULT_WINDOW_SECONDS
    _check_objectives(document_index, document, [sli for sli, _ in indicators], window_seconds)
    if slo is None:
        return []
    policies = tuple(
        alert_policies.translate_alert_policies(document_index, document, slo.spec.alert_policies)
    )
    if document_index.problems:
        return []
    method, is_composite = slo.spec.budgeting_method, slo.spec.is_composite
    objectives = slo.spec.objectives
    groups = [[objective] for objective in objectives] if is_composite else [objectives]
    return [
        model.SLO(
            name=slo.metadata.name,
            service=slo.spec.service,
            sli=convert_to_events(_translate_sli(sli)),
            budgeting=model.BudgetingMethod(method),
            window_seconds=window_seconds,
            objectives=tuple(translate_objective(objective, method, sli) for objective in group),
            display_name=slo.metadata.display_name,
            description=slo.spec.description,
            data_source=data_source,
            source=format_source(document),
            alert_policies=policies,
            rolling=not (window and window.calendar),
            weight=_get_weight(group[0]) if is_composite else None,
        )
        for (sli, data_source), group in zip(indicators, groups, strict=False)
        if sli is not None
    ]


def _parse_window(spec: object) -> kinds.TimeWindow | None:
    """Return the valid ``timeWindow`` of an SLO's ``spec``, if any."""
    windows = get_nested(spec, "timeWindow")
    return parse_part(kinds.TimeWindow, windows[0]) if isinstance(windows, list) and windows else None


def _get_weight(objective: kinds.Objective) -> float:
    return 1.0 if objective.composite_weight is None else objective.composite_weight


def _check_service(document_index: DocumentIndex, document: Document, name: object) -> None:
    """Check the reference to a service only if the spec declares services: OpenSLO does not require it."""
    if isinstance(name, str) and document_index.list_documents("Service"):
        document_index.resolve_reference("Service", name, document, ("spec", "service"))


_Indicator = tuple[kinds.SLISpec | None, str | None]
"""An SLI (``None``: invalid) and the name of its data source."""


def _resolve_indicators(document_index: DocumentIndex, document: Document) -> list[_Indicator]:
    """Return one indicator per objective: the SLO's for all, or each objective's own in a composite SLO."""
    spec = get_nested(document.data, "spec")
    items = get_nested(spec, "objectives")
    items = items if isinstance(items, list) else []
    if _has_indicator(spec) or not any(_has_indicator(item) for item in items):
        return [_resolve_indicator(document_index, document, ("spec",), spec)] * max(len(items), 1)
    return [
        _resolve_indicator(document_index, document, ("spec", "objectives", index), item)
        for index, item in enumerate(items)
    ]


def _has_indicator(item: object) -> bool:
    return get_nested(item, "indicator") is not None or get_nested(item, "indicatorRef") is not None


def _resolve_indicator(
    document_index: DocumentIndex, document: Document, where: Location, holder: object
) -> _Indicator:
    """Return the indicator of an SLO's ``spec`` or of an objective, inline or by reference."""
    sli_document, sli_data = document, get_nested(holder, "indicator", "spec")
    place: Location = (*where, "indicator", "spec")
    reference = get_nested(holder, "indicatorRef")
    if isinstance(reference, str):
        found = document_index.resolve_reference("SLI", reference, document, (*where, "indicatorRef"))
        if found is None:
            return None, None
        sli_document, place, sli_data = found, ("spec",), get_nested(found.data, "spec")
    sli = parse_part(kinds.SLISpec, sli_data)
    return sli, data_sources.resolve_data_source(document_index, sli_document, place, sli)


def _check_objectives(
    document_index: DocumentIndex, document: Document, slis: list[kinds.SLISpec | None], window_seconds: float
) -> None:
    items = get_nested(document.data, "spec", "objectives")
    items = items if isinstance(items, list) else []
    method = get_nested(document.data, "spec", "budgetingMethod")
    budgeting = method if method in list(model.BudgetingMethod) else None
    names: set[str] = set()
    for index, item in enumerate(items):
        place: Location = ("spec", "objectives", index)
        sli = slis[index]
        objective, invalid_fields = parse_valid_fields(kinds.Objective, item)
        if objective is None:
            continue
        for field, message in find_objective_problems(objective, budgeting, sli, window_seconds):
            if field not in invalid_fields and not (field == "target" and "targetPercent" in invalid_fields):
                document_index.add_problem(document, (*place, field), message)
        name = format_objective_name(objective)
        if name in names:
            message = (
                f"is another objective named {format_value(name)}; give each objective its own displayName"
            )
            document_index.add_problem(document, place, message)
        names |= {name} - {""}
    has_shared_indicator = get_nested(document.data, "spec", "indicator") or get_nested(
        document.data, "spec", "indicatorRef"
    )
    shared = slis[0] if has_shared_indicator else None
    if len(items) > 1 and shared is not None and shared.threshold_metric is not None:
        message = "OpenSLO allows one objective per thresholdMetric; write an SLO for each"
        document_index.add_problem(document, ("spec", "objectives", 1), message)


def _translate_sli(sli: kinds.SLISpec) -> model.SLI:
    metrics = {loc[-1]: _translate_metric(metric) for loc, metric in sli.list_metrics().items()}
    if sli.threshold_metric is not None:
        return model.ThresholdSLI(metrics["thresholdMetric"])
    queries = {name: metric for name, metric in metrics.items() if isinstance(metric, model.PromQL)}
    ratio = sli.ratio_metric
    if ratio is None or ratio.raw is not None:
        return model.RawRatioSLI(queries["raw"], success=ratio is not None and ratio.raw_type == "success")
    return model.EventsSLI(
        total=queries["total"],
        good=queries.get("good"),
        bad=queries.get("bad"),
        counter=ratio.counter is not False,
    )


def _translate_metric(metric: kinds.Metric) -> model.PromQL | model.HistogramQuantile:
    spec = metric.metric_source.spec
    if spec.histogram is not None and spec.quantile is not None:
        return model.HistogramQuantile(spec.histogram.strip(), spec.quantile)
    return model.PromQL((spec.query_text or "").strip())
