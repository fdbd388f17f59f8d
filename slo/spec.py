"""From OpenSLO files to the words of :mod:`slo.model`, with everything that is wrong said at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slo import model, openslo
from slo.catalogue import Catalogue, at, part, sound_part, source
from slo.document import Document, DocumentError, Location, Problem, ProblemsError, load_documents, shown
from slo.objective_rules import faults, label, translated
from slo.ratios import counted

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
            for document in load_documents(path):
                catalogue.add(document)
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
    data_sources = [_data_source(catalogue, document) for document in catalogue.documents("DataSource")]
    declared = [_service(catalogue, document) for document in catalogue.documents("Service")]
    for document in catalogue.documents("SLI"):
        catalogue.validated(openslo.SLI, document)
        _referred_source(catalogue, document, ("spec",), part(openslo.SLISpec, at(document.data, "spec")))
    slos = [slo for document in catalogue.documents("SLO") if (slo := _slo(catalogue, document))]
    # OpenSLO leaves it open whether a service has to be declared.
    implied = {slo.service: model.Service(slo.service, source=slo.source) for slo in slos}
    services = implied | {service.name: service for service in declared if service}
    return model.Spec(tuple(slos), tuple(services.values()), tuple(filter(None, data_sources)))


def _data_source(catalogue: Catalogue, document: Document) -> model.DataSource | None:
    written = catalogue.validated(openslo.DataSource, document)
    if written is None:
        return None
    return model.DataSource(written.metadata.name, "Prometheus", written.spec.connection_details.url)


def _service(catalogue: Catalogue, document: Document) -> model.Service | None:
    written = catalogue.validated(openslo.Service, document)
    if written is None:
        return None
    requests = written.metadata.annotations.get(openslo.REQUESTS)
    if requests is not None and not requests.strip():
        catalogue.fault(document, ("metadata", "annotations", openslo.REQUESTS), "is empty; write a selector")
    context = map(str.strip, written.metadata.annotations.get(openslo.CONTEXT, "").splitlines())
    return model.Service(
        name=written.metadata.name,
        display_name=written.metadata.display_name,
        description=written.spec.description if written.spec else "",
        requests=requests and requests.strip(),
        context=tuple(dict.fromkeys(line for line in context if line and not line.startswith("#"))),
        source=source(document),
    )


def _slo(catalogue: Catalogue, document: Document) -> model.SLO | None:
    """Check the parts of an SLO that are without faults against each other, also when another has some."""
    spec = at(document.data, "spec")
    written = catalogue.validated(openslo.SLO, document)
    sli, data_source = _indicator(catalogue, document)
    _check_service(catalogue, document, at(spec, "service"))
    windows = at(spec, "timeWindow")
    window = part(openslo.TimeWindow, windows[0]) if isinstance(windows, list) and windows else None
    window_seconds = window.duration if window else DEFAULT_WINDOW_SECONDS
    _check_objectives(catalogue, document, sli, window_seconds)
    if catalogue.problems or written is None or sli is None:
        return None
    method = written.spec.budgeting_method
    return model.SLO(
        name=written.metadata.name,
        service=written.spec.service,
        sli=counted(_translated_sli(sli)),
        budgeting=model.Budgeting(method),
        window_seconds=window_seconds,
        objectives=tuple(translated(objective, method, sli) for objective in written.spec.objectives),
        display_name=written.metadata.display_name,
        description=written.spec.description,
        data_source=data_source,
        source=source(document),
    )


def _check_service(catalogue: Catalogue, document: Document, name: object) -> None:
    """Services need no declaration; where some are declared, a name that is not among them is a slip."""
    if isinstance(name, str) and catalogue.documents("Service"):
        catalogue.named("Service", name, document, ("spec", "service"))


def _indicator(catalogue: Catalogue, document: Document) -> tuple[openslo.SLISpec | None, str | None]:
    """The SLI of an SLO, inline or referred to, and the name of its data source."""
    home = document
    place: tuple[str, ...] = ("spec", "indicator", "spec")
    ref = at(document.data, "spec", "indicatorRef")
    if isinstance(ref, str):
        found = catalogue.named("SLI", ref, document, ("spec", "indicatorRef"))
        if found is None:
            return None, None
        home, place = found, ("spec",)
    sli = part(openslo.SLISpec, at(home.data, *place))
    return sli, _referred_source(catalogue, home, place, sli)


def _referred_source(
    catalogue: Catalogue, document: Document, place: Location, sli: openslo.SLISpec | None
) -> str | None:
    """The one DataSource that the metrics of an SLI name, if any."""
    metrics = {} if sli is None else sli.metrics()
    refs = {loc: metric.metric_source.metric_source_ref for loc, metric in metrics.items()}
    for loc, ref in refs.items():
        if ref is not None:
            full = (*place, *loc, "metricSource", "metricSourceRef")
            catalogue.named("DataSource", ref, document, full)
    if len(set(refs.values())) > 1:
        said = ", ".join(f"{loc[-1]}: {ref or 'none'}" for loc, ref in refs.items())
        catalogue.fault(document, place, f"metrics of one SLI come from one data source; here {said}")
    return next(iter(refs.values()), None)


def _check_objectives(
    catalogue: Catalogue, document: Document, sli: openslo.SLISpec | None, window_seconds: float
) -> None:
    items = at(document.data, "spec", "objectives")
    items = items if isinstance(items, list) else []
    method = at(document.data, "spec", "budgetingMethod")
    budgeting = method if method in list(model.Budgeting) else None
    seen: set[str] = set()
    for index, item in enumerate(items):
        place: Location = ("spec", "objectives", index)
        objective, faulty = sound_part(openslo.Objective, item)
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
    if len(items) > 1 and sli is not None and sli.threshold_metric is not None:
        message = "OpenSLO allows one objective with a thresholdMetric; write an SLO for each"
        catalogue.fault(document, ("spec", "objectives", 1), message)


def _translated_sli(sli: openslo.SLISpec) -> model.SLI:
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


def _translated_metric(metric: openslo.Metric) -> model.PromQL | model.HistogramQuantile:
    asked = metric.metric_source.spec
    if asked.histogram is not None and asked.quantile is not None:
        return model.HistogramQuantile(asked.histogram.strip(), asked.quantile)
    return model.PromQL((asked.text or "").strip())
