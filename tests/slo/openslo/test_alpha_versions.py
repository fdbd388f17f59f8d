"""OpenSLO v1alpha and v2alpha: read like v1, or refused with the field names of the original."""

# ruff: noqa: E501 - one case per line

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.documents import ProblemsError
from slo.model import Spec
from slo.openslo.spec_reader import load_spec
from tests.support.alpha_specs import V1, V1ALPHA, V1ALPHA_THRESHOLD, V2ALPHA

REFUSED = {
    "v2alpha: a field of v1": (V2ALPHA, "  sli:", "  indicator:", "spec.indicator: is a field of v1; "),
    "v2alpha: a displayName": (V2ALPHA, "name: orders}\nspec", "name: orders, displayName: O}\nspec", "metadata.displayName: "),
    "v2alpha: an unsupported data source": (V2ALPHA, "{type: Prometheus}, spec: {query: good", "{type: redshift}, spec: {query: good", "spec.sli.spec.ratioMetric.good.dataSourceSpec.type: 'redshift'"),
    "v2alpha: connection details in an SLI": (V2ALPHA, "{type: Prometheus}, spec: {query: good", "{type: Prometheus, connectionDetails: {}}, spec: {query: good", "good.dataSourceSpec.connectionDetails: is not supported"),
    "v2alpha: a reference to a missing document": (V2ALPHA, "dataSourceSpec: {type: Prometheus}, spec: {query: good", "dataSourceRef: main, spec: {query: good", "spec.sli.spec.ratioMetric.good.dataSourceRef: no DataSource"),
    "v2alpha: an unknown query field": (V2ALPHA, "{query: good_total}", "{sql: good_total}", "spec.sli.spec.ratioMetric.good.spec.sql: is not a known field"),
    "v1alpha: a calendar-aligned window": (V1ALPHA, "isRolling: true", "isRolling: false", "spec.timeWindows[0]: "),
    "v1alpha: an unknown unit": (V1ALPHA, "unit: Week", "unit: Second", "spec.timeWindows[0].unit: should be one of"),
    "v1alpha: a count of 0": (V1ALPHA, "count: 4", "count: 0", "spec.timeWindows[0].count: "),
    "v1alpha: an unsupported data source": (V1ALPHA, "good: {source: prometheus", "good: {source: datadog", "spec.objectives[0].ratioMetrics.good.source: 'datadog'"),
    "v1alpha: an unsupported query type": (V1ALPHA, "good: {source: prometheus, queryType: promql", "good: {source: prometheus, queryType: sql", "ratioMetrics.good.queryType: 'sql'"),
    "v1alpha: time slices, whose length it can't express": (V1ALPHA, "Occurrences", "Timeslices", "spec.objectives[0].timeSliceWindow: is required"),
    "v1alpha: a ratio in one of two objectives": (V1ALPHA, "  objectives:\n", "  objectives:\n    - {target: 0.9, value: 1}\n", "spec.objectives[0].ratioMetrics: differs"),
    "v1alpha: a kind of v1": (V1ALPHA, "kind: SLO", "kind: SLI", "kind: 'SLI' is not a kind of v1alpha"),
}  # fmt: skip


def load(folder: Path, text: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(text)
    return load_spec([path])


@pytest.mark.parametrize("text", [V1ALPHA, V2ALPHA], ids=["v1alpha", "v2alpha"])
def test_alpha_version_is_read_like_v1(tmp_path: Path, text: str) -> None:
    [converted] = load(tmp_path, text).slos
    [expected] = load(tmp_path, V1).slos
    assert replace(converted, source="") == replace(expected, source="")


def test_threshold_of_v1alpha_is_read(tmp_path: Path) -> None:
    [slo] = load(tmp_path, V1ALPHA_THRESHOLD).slos
    assert (slo.objectives[0].threshold, slo.window_seconds) == (200, 86_400)


@pytest.mark.parametrize(("text", "old", "new", "message"), REFUSED.values(), ids=REFUSED)
def test_invalid_document_is_refused(tmp_path: Path, text: str, old: str, new: str, message: str) -> None:
    assert text.count(old) == 1
    with pytest.raises(ProblemsError) as caught:
        load(tmp_path, text.replace(old, new))
    assert message in str(caught.value)
