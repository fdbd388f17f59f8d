"""OpenSLO v1alpha and v2alpha: read as v1 would be, or refused under the author's own field names."""

# ruff: noqa: E501 - a table has its cases on lines of their own

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.documents.yaml_source import ProblemsError
from slo.model import Spec
from slo.openslo.spec_reader import load_spec

V1 = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  indicator:
    metadata: {name: orders}
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: good_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: most, target: 0.99}]
"""
V2ALPHA = """\
apiVersion: openslo.com/v2alpha
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  sli:
    metadata: {name: orders}
    spec:
      ratioMetric:
        counter: true
        good: {dataSourceSpec: {type: Prometheus}, spec: {query: good_total}}
        total: {dataSourceSpec: {type: Prometheus}, spec: {query: all_total}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: most, target: 0.99, labels: {a: b}}]
"""
V1ALPHA = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: orders}
spec:
  service: shop
  timeWindows: [{unit: Week, count: 4, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - displayName: most
      target: 0.99
      value: 1
      ratioMetrics:
        incremental: true
        good: {source: prometheus, queryType: promql, query: good_total}
        total: {source: prometheus, queryType: promql, query: all_total}
"""
V1ALPHA_THRESHOLD = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: depth}
spec:
  service: shop
  indicator: {thresholdMetric: {source: Prometheus, queryType: promql, query: queue_depth}}
  timeWindows: [{unit: Day, count: 1, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{op: lt, value: 200, target: 0.98}]
"""
REFUSED = {
    "v2alpha: v1's word": (V2ALPHA, "  sli:", "  indicator:", "spec.indicator: is v1's word; "),
    "v2alpha: a displayName": (V2ALPHA, "name: orders}\nspec", "name: orders, displayName: O}\nspec", "metadata.displayName: "),
    "v2alpha: another source": (V2ALPHA, "{type: Prometheus}, spec: {query: good", "{type: redshift}, spec: {query: good", "spec.sli.spec.ratioMetric.good.dataSourceSpec.type: 'redshift'"),
    "v2alpha: a connection in an SLI": (V2ALPHA, "{type: Prometheus}, spec: {query: good", "{type: Prometheus, connectionDetails: {}}, spec: {query: good", "good.dataSourceSpec.connectionDetails: is not supported"),
    "v2alpha: a reference to nothing": (V2ALPHA, "dataSourceSpec: {type: Prometheus}, spec: {query: good", "dataSourceRef: main, spec: {query: good", "spec.sli.spec.ratioMetric.good.dataSourceRef: no DataSource"),
    "v2alpha: an unknown query field": (V2ALPHA, "{query: good_total}", "{sql: good_total}", "spec.sli.spec.ratioMetric.good.spec.sql: is not a known field"),
    "v1alpha: a calendar": (V1ALPHA, "isRolling: true", "isRolling: false", "spec.timeWindows[0]: "),
    "v1alpha: another unit": (V1ALPHA, "unit: Week", "unit: Second", "spec.timeWindows[0].unit: should be one of"),
    "v1alpha: a count of none": (V1ALPHA, "count: 4", "count: 0", "spec.timeWindows[0].count: "),
    "v1alpha: another source": (V1ALPHA, "good: {source: prometheus", "good: {source: datadog", "spec.objectives[0].ratioMetrics.good.source: 'datadog'"),
    "v1alpha: another kind of query": (V1ALPHA, "good: {source: prometheus, queryType: promql", "good: {source: prometheus, queryType: sql", "ratioMetrics.good.queryType: 'sql'"),
    "v1alpha: time slices, which have no length there": (V1ALPHA, "Occurrences", "Timeslices", "spec.objectives[0].timeSliceWindow: is required"),
    "v1alpha: a ratio for one objective only": (V1ALPHA, "  objectives:\n", "  objectives:\n    - {target: 0.9, value: 1}\n", "spec.objectives[0].ratioMetrics: differs"),
    "v1alpha: another kind": (V1ALPHA, "kind: SLO", "kind: SLI", "kind: 'SLI' is no kind of v1alpha"),
}  # fmt: skip


def load(folder: Path, text: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(text)
    return load_spec([path])


@pytest.mark.parametrize("text", [V1ALPHA, V2ALPHA], ids=["v1alpha", "v2alpha"])
def test_means_what_v1_means(tmp_path: Path, text: str) -> None:
    [found] = load(tmp_path, text).slos
    [meant] = load(tmp_path, V1).slos
    assert replace(found, source="") == replace(meant, source="")


def test_a_threshold_of_v1alpha(tmp_path: Path) -> None:
    [found] = load(tmp_path, V1ALPHA_THRESHOLD).slos
    assert (found.objectives[0].threshold, found.window_seconds) == (200, 86_400)


@pytest.mark.parametrize(("text", "old", "new", "said"), REFUSED.values(), ids=REFUSED)
def test_is_refused_by_name(tmp_path: Path, text: str, old: str, new: str, said: str) -> None:
    assert text.count(old) == 1
    with pytest.raises(ProblemsError) as caught:
        load(tmp_path, text.replace(old, new))
    assert said in str(caught.value)
