"""From OpenSLO files to the words of :mod:`slo.model`, with everything that is wrong said at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slo import model
from slo.documents.yaml_source import (
    Document,
    DocumentError,
    Location,
    Problem,
    ProblemsError,
    load_documents,
    shown,
)
from slo.openslo import alert_policies, data_sources, kinds
from slo.openslo.alpha_versions import as_v1
from slo.openslo.document_index import Catalogue, at, part, sound_part, source
from slo.openslo.objective_translation import faults, label, translated
from slo.promql.ratio_events import counted

DEFAULT_WINDOW_SECONDS = 28 * 86_400.0
"""Window of an SLO that names none, as OpenSLO allows: four weeks, as in the SRE workbook (appendix A)."""


def load_spec(paths: Iterable[Path]) -> model.Spec:
    """All SLOs of OpenSLO files; a folder stands for every ``*.yaml`` and ``*.yml`` below it.

    Raises:
        ProblemsError: with every problem of every file.
    """
    given = list(paths)
    catalogue = Catalogue()
    problems = catalogue.problems
    for path in _files(given, problems):
        try:
            # OpenSLO's Go library reads and writes lists of objects too.
            for document in (item for found in load_documents(path) for item in found.items()):
                catalogue.add(as_v1(document))
        except DocumentError as error:
            problems += error.problems
    spec = _translate(catalogue)
    if not problems and not spec.slos:
        problems.append(Problem(", ".join(map(str, given)) or "spec", None, "", "holds no SLO"))
    if problems:
        raise ProblemsError(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line or 0)))
    return spec


def _files(paths: list[Path], problems: list[Problem]) -> list[Path]:
    """Every file once, however often it is named."""
    found: dict[Path, Path] = {}
    for path in paths:
        files = [path]
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in {".yaml", ".yml"} and p.is_file())
        if not files:
            problems.append(Problem(str(path), None, "", "the folder holds no *.yaml or *.yml file"))
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _translate(catalogue: Catalogue) -> model.Spec:
    declared = [_service(catalogue, document) for document in catalogue.documents("Service")]
    for document in catalogue.documents("SLI"):
        catalogue.validated(kinds.SLI, document)
        data_sources.referred(catalogue, document, ("spec",), part(kinds.SLISpec, at(document.data, "spec")))
    alert_policies.validate(catalogue)
    slos = [slo for document in catalogue.documents("SLO") for slo in _slos(catalogue, document)]
    # OpenSLO leaves it open whether a service has to be declared.
    implied = {slo.service: model.Service(slo.service, source=slo.source) for slo in slos}
    services = implied | {service.name: service for service in declared if service}
    return model.Spec(tuple(slos), tuple(services.values()), data_sources.declared(catalogue))


def _service(catalogue: Catalogue, document: Document) -> model.Service | None:
    written = catalogue.validated(kinds.Service, document)
    if written is None:
        return None
    requests = written.metadata.annotations.get(kinds.REQUESTS)
    if requests is not None and not requests.strip():
        catalogue.fault(document, ("metadata", "annotations", kinds.REQUESTS), "is empty; write a selector")
    context = map(str.strip, written.metadata.annotations.get(kinds.CONTEXT, "").splitlines())
    return model.Service(
        name=written.metadata.name,
        display_name=written.metadata.display_name,
        description=written.spec.description if written.spec else "",
        requests=requests and requests.strip(),
        context=tuple(dict.fromkeys(line for line in context if line and not line.startswith("#"))),
        source=source(document),
    )


def _slos(catalogue: Catalogue, document: Document) -> list[model.SLO]:
    """Check the parts of an SLO that are without faults against each other, also when another has some.

    A composite SLO becomes as many as it has objectives, each with its own indicator.
    """
    spec = at(document.data, "spec")
    written = catalogue.validated(kinds.SLO, document)
    indicators = _indicators(catalogue, document)
    _check_service(catalogue, document, at(spec, "service"))
    windows = at(spec, "timeWindow")
    window = part(kinds.TimeWindow, windows[0]) if isinstance(windows, list) and windows else None
    window_seconds = window.duration if window else DEFAULT_WINDOW_SECONDS
    _check_objectives(catalogue, document, [sli for sli, _ in indicators], window_seconds)
    if written is None:
        return []
    policies = tuple(alert_policies.policies(catalogue, document, written.spec.alert_policies))
    if catalogue.problems:
        return []
    method, composite = written.spec.budgeting_method, written.spec.composite
    asked = written.spec.objectives
    groups = [[objective] for objective in asked] if composite else [asked]
    return [
        model.SLO(
            name=written.metadata.name,
            service=written.spec.service,
            sli=counted(_translated_sli(sli)),
            budgeting=model.Budgeting(method),
            window_seconds=window_seconds,
            objectives=tuple(translated(objective, method, sli) for objective in group),
            display_name=written.metadata.display_name,
            description=written.spec.description,
            data_source=data_source,
            source=source(document),
            alert_policies=policies,
            rolling=not (window and window.calendar),
            weight=_weight(group[0]) if composite else None,
        )
        for (sli, data_source), group in zip(indicators, groups, strict=False)
        if sli is not None
    ]


def _weight(objective: kinds.Objective) -> float:
    return 1.0 if objective.composite_weight is None else objective.composite_weight


def _check_service(catalogue: Catalogue, document: Document, name: object) -> None:
    """Services need no declaration; where some are declared, a name that is not among them is a slip."""
    if isinstance(name, str) and catalogue.documents("Service"):
        catalogue.named("Service", name, document, ("spec", "service"))


_Indicator = tuple[kinds.SLISpec | None, str | None]
"""An SLI, where it is without faults, and the name of its data source."""


def _indicators(catalogue: Catalogue, document: Document) -> list[_Indicator]:
    """The indicator that an SLO's objectives share, or those that each of a composite SLO's brings."""
    spec = at(document.data, "spec")
    items = at(spec, "objectives")
    items = items if isinstance(items, list) else []
    shared = at(spec, "indicator") is not None or at(spec, "indicatorRef") is not None
    if shared or not any(_brings(item) for item in items):
        return [_indicator(catalogue, document, ("spec",), spec)] * max(len(items), 1)
    return [
        _indicator(catalogue, document, ("spec", "objectives", index), item)
        for index, item in enumerate(items)
    ]


def _brings(item: object) -> bool:
    return at(item, "indicator") is not None or at(item, "indicatorRef") is not None


def _indicator(catalogue: Catalogue, document: Document, where: Location, holder: object) -> _Indicator:
    """The SLI of an SLO or an objective, inline or referred to, and the name of its data source."""
    home, inline = document, at(holder, "indicator", "spec")
    place: Location = (*where, "indicator", "spec")
    ref = at(holder, "indicatorRef")
    if isinstance(ref, str):
        found = catalogue.named("SLI", ref, document, (*where, "indicatorRef"))
        if found is None:
            return None, None
        home, place, inline = found, ("spec",), at(found.data, "spec")
    sli = part(kinds.SLISpec, inline)
    return sli, data_sources.referred(catalogue, home, place, sli)


def _check_objectives(
    catalogue: Catalogue, document: Document, slis: list[kinds.SLISpec | None], window_seconds: float
) -> None:
    items = at(document.data, "spec", "objectives")
    items = items if isinstance(items, list) else []
    method = at(document.data, "spec", "budgetingMethod")
    budgeting = method if method in list(model.Budgeting) else None
    seen: set[str] = set()
    for index, item in enumerate(items):
        place: Location = ("spec", "objectives", index)
        sli = slis[index]
        objective, faulty = sound_part(kinds.Objective, item)
        if objective is None:
            continue
        for field, message in faults(objective, budgeting, sli, window_seconds):
            if field not in faulty and not (field == "target" and "targetPercent" in faulty):
                catalogue.fault(document, (*place, field), message)
        name = label(objective)
        if name in seen:
            message = f"is a second {shown(name)}; give each objective its own displayName"
            catalogue.fault(document, place, message)
        seen |= {name} - {""}
    shared = (
        slis[0]
        if at(document.data, "spec", "indicator") or at(document.data, "spec", "indicatorRef")
        else None
    )
    if len(items) > 1 and shared is not None and shared.threshold_metric is not None:
        message = "OpenSLO allows one objective with a thresholdMetric; write an SLO for each"
        catalogue.fault(document, ("spec", "objectives", 1), message)


def _translated_sli(sli: kinds.SLISpec) -> model.SLI:
    metrics = {loc[-1]: _translated_metric(metric) for loc, metric in sli.metrics().items()}
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


def _translated_metric(metric: kinds.Metric) -> model.PromQL | model.HistogramQuantile:
    asked = metric.metric_source.spec
    if asked.histogram is not None and asked.quantile is not None:
        return model.HistogramQuantile(asked.histogram.strip(), asked.quantile)
    return model.PromQL((asked.text or "").strip())
