"""Data sources: their translation from OpenSLO documents, references to them, and the one that a run uses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from slo import model
from slo.documents import Document, Location
from slo.openslo import kinds
from slo.openslo.data_source_kinds import DataSource
from slo.openslo.document_index import DocumentIndex, get_nested

_GENERIC_TYPE = "Prometheus"
"""The type that names the API; the backend that implements it is detected."""


def translate_data_sources(document_index: DocumentIndex) -> tuple[model.DataSource, ...]:
    """Return every valid DataSource, and an unnamed one for each type that only SLIs name."""
    documents = [
        document_index.validate(DataSource, document)
        for document in document_index.list_documents("DataSource")
    ]
    named = [_translate_data_source(document) for document in documents if document is not None]
    return (*named, *(model.DataSource("", kind) for kind in sorted(document_index.inline_source_types)))


def _translate_data_source(document: DataSource) -> model.DataSource:
    details = document.spec.connection_details
    return model.DataSource(
        document.metadata.name,
        document.spec.type,
        details.url,
        details.tenant,
        tuple(details.headers.items()),
    )


def resolve_data_source(
    document_index: DocumentIndex, document: Document, place: Location, sli: kinds.SLISpec | None
) -> str | None:
    """Return the name of the DataSource that an SLI's metrics refer to, if any; add problems to the index.

    Types that metrics name without a DataSource are added to ``document_index.inline_source_types``.
    """
    metrics = {} if sli is None else sli.list_metrics()
    sources = {loc: metric.metric_source for loc, metric in metrics.items()}
    for loc, source in sources.items():
        field = (*place, *loc, "metricSource")
        if source.metric_source_ref is not None:
            _check_reference(document_index, document, field, source)
        elif source.type not in {None, _GENERIC_TYPE}:
            document_index.inline_source_types.add(str(source.type))
    _check_single_data_source(document_index, document, place, sources)
    return next((source.metric_source_ref for source in sources.values()), None)


def _check_reference(
    document_index: DocumentIndex, document: Document, field: Location, source: kinds.MetricSource
) -> None:
    reference = str(source.metric_source_ref)
    found = document_index.resolve_reference("DataSource", reference, document, (*field, "metricSourceRef"))
    kind = get_nested(found.data, "spec", "type") if found else None
    if source.type and isinstance(kind, str) and kind.lower() != source.type.lower():
        message = f"is {source.type}, but the DataSource {reference} is of type {kind}; leave it out"
        document_index.add_problem(document, (*field, "type"), message)


def _check_single_data_source(
    document_index: DocumentIndex,
    document: Document,
    place: Location,
    sources: Mapping[tuple[str, ...], kinds.MetricSource],
) -> None:
    references = {loc: source.metric_source_ref for loc, source in sources.items()}
    types = {loc: source.type for loc, source in sources.items()}
    compared = references if any(references.values()) else types
    if len(set(compared.values())) > 1:
        listed = ", ".join(f"{loc[-1]}: {name or 'none'}" for loc, name in compared.items())
        message = f"all metrics of an SLI must have the same data source; here {listed}"
        document_index.add_problem(document, place, message)


def find_prometheus_url(spec: model.Spec) -> str | None:
    """Return the URL that the data sources of the spec's SLOs name, if any.

    Raises:
        ValueError: they name several URLs; a run queries one server.
    """
    urls = sorted({source.url for source in _list_used_data_sources(spec) if source.url})
    if len(urls) > 1:
        raise ValueError(
            f"the spec's DataSources name {len(urls)} URLs ({', '.join(urls)}), but a run queries one "
            "server: give --prometheus URL, or check the SLOs of each in separate runs"
        )
    return urls[0] if urls else None


def find_data_source(spec: model.Spec, url: str) -> model.DataSource | None:
    """Return the spec's data source for the server at ``url``, if it says more than that it is a Prometheus.

    A data source without a URL applies to every server.

    Raises:
        ValueError: data sources for this server contradict each other.
    """
    sources = [
        source
        for source in _list_used_data_sources(spec)
        if (source.url is None or _is_same_url(source.url, url)) and not _is_plain_prometheus(source)
    ]
    if len({(source.type, source.tenant, source.headers) for source in sources}) > 1:
        names = ", ".join(source.name or f"metricSource.type {source.type}" for source in sources)
        raise ValueError(
            f"the spec's data sources {names} differ in type, tenant or headers, but a run queries one "
            "server: check the SLOs of each in separate runs"
        )
    return sources[0] if sources else None


def _is_plain_prometheus(source: model.DataSource) -> bool:
    return (source.type, source.tenant, source.headers) == (_GENERIC_TYPE, None, ())


def _list_used_data_sources(spec: model.Spec) -> tuple[model.DataSource, ...]:
    """Return the data sources that SLOs name, or all if SLOs name none."""
    named = {slo.data_source for slo in spec.slos} - {None}
    if not named:
        return spec.data_sources
    return tuple(source for source in spec.data_sources if not source.name or source.name in named)


def _is_same_url(first: str, second: str) -> bool:
    return _normalize_url(first) == _normalize_url(second)


def _normalize_url(url: str) -> str:
    """Return a URL without user name and password, which documents must not contain, and trailing slash."""
    return re.sub(r"//[^/@]*@", "//", url, count=1).rstrip("/")
