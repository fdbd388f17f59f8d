"""Data sources of OpenSLO documents in the words of :mod:`slo.model`, and the references to them."""

from __future__ import annotations

from collections.abc import Mapping

from slo import model
from slo.documents.yaml_source import Document, Location
from slo.openslo import kinds
from slo.openslo.data_source_kinds import DataSource
from slo.openslo.document_index import Catalogue, at

_PROMETHEUS = "Prometheus"
"""As a type it names the API: which server speaks it is learnt."""


def declared(catalogue: Catalogue) -> tuple[model.DataSource, ...]:
    """Every DataSource that is without faults, and one without a name for each type that only SLIs name."""
    written = [catalogue.validated(DataSource, document) for document in catalogue.documents("DataSource")]
    named = [_data_source(one) for one in written if one is not None]
    return (*named, *(model.DataSource("", kind) for kind in sorted(catalogue.types)))


def _data_source(written: DataSource) -> model.DataSource:
    details = written.spec.connection_details
    return model.DataSource(
        written.metadata.name, written.spec.type, details.url, details.tenant, tuple(details.headers.items())
    )


def referred(
    catalogue: Catalogue, document: Document, place: Location, sli: kinds.SLISpec | None
) -> str | None:
    """The one DataSource that the metrics of an SLI name, if any; notes types that stand by themselves."""
    metrics = {} if sli is None else sli.metrics()
    sources = {loc: metric.metric_source for loc, metric in metrics.items()}
    for loc, one in sources.items():
        field = (*place, *loc, "metricSource")
        if one.metric_source_ref is not None:
            _check_ref(catalogue, document, field, one)
        elif one.type not in {None, _PROMETHEUS}:
            catalogue.types.add(str(one.type))
    _check_same(catalogue, document, place, sources)
    return next((one.metric_source_ref for one in sources.values()), None)


def _check_ref(
    catalogue: Catalogue, document: Document, field: Location, written: kinds.MetricSource
) -> None:
    ref = str(written.metric_source_ref)
    found = catalogue.named("DataSource", ref, document, (*field, "metricSourceRef"))
    kind = at(found.data, "spec", "type") if found else None
    if written.type and isinstance(kind, str) and kind.lower() != written.type.lower():
        message = f"is {written.type}, but the DataSource {ref} is of type {kind}; leave it out"
        catalogue.fault(document, (*field, "type"), message)


def _check_same(
    catalogue: Catalogue,
    document: Document,
    place: Location,
    sources: Mapping[tuple[str, ...], kinds.MetricSource],
) -> None:
    refs = {loc: one.metric_source_ref for loc, one in sources.items()}
    said = refs if any(refs.values()) else {loc: one.type for loc, one in sources.items()}
    if len(set(said.values())) > 1:
        shown = ", ".join(f"{loc[-1]}: {source or 'none'}" for loc, source in said.items())
        catalogue.fault(document, place, f"metrics of one SLI come from one data source; here {shown}")
