"""The examples of the OpenSLO repository and its specification are read, or refused with the field named.

The repository does not include them: ``OPENSLO_EXAMPLES`` is the path of a folder with them. The table has an own
document with the same features for each group of examples.
"""

# ruff: noqa: E501 - one line per case

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slo.documents import ProblemsError
from slo.openslo import load_spec
from tests.support.alpha_specs import V1, V2ALPHA

_HEAD = "apiVersion: openslo/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n"
_CONDITION = "  severity: page\n  condition: {kind: burnrate, op: lte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}\n"
_POLICY = "  alertWhenBreaching: true\n  notificationTargets: [{targetRef: a}]\n"
_NO_SLO = "contains no SLO"
SIMILAR = {
    "examples/budgeting-method/*.yaml, of any source": (V1.replace("Prometheus", "Any"), "'Any' is not supported"),
    "schema-test: service.yaml": (_HEAD.format(kind="Service") + "  description: A.\n", _NO_SLO),
    "schema-test: service-long-description.yaml": (_HEAD.format(kind="Service") + f"  description: {'a' * 1051}\n", "spec.description: "),
    "schema-test: data-source.yaml": (_HEAD.format(kind="DataSource") + "  type: CloudWatch\n", "spec.type: 'CloudWatch' is not supported"),
    "schema-test: alert-condition.yaml": (_HEAD.format(kind="AlertCondition") + _CONDITION, _NO_SLO),
    "schema-test: alert-condition-no-sev.yaml": (_HEAD.format(kind="AlertCondition") + _CONDITION.partition("\n")[2], "spec.severity: is required"),
    "schema-test: alert-notification-target.yaml": (_HEAD.format(kind="AlertNotificationTarget") + "  target: mail\n", _NO_SLO),
    "schema-test: alert-notification-target-no-target.yaml": (_HEAD.format(kind="AlertNotificationTarget") + "  description: A.\n", "spec.target: is required"),
    "schema-test: alert-policy-no-cond.yaml": (_HEAD.format(kind="AlertPolicy") + _POLICY, "spec.conditions: is required"),
    "schema-test: alert-policy.yaml, a condition with an operator": (_HEAD.format(kind="AlertPolicy") + _POLICY + "  conditions: [{conditionRef: a, operator: and}]\n", "spec.conditions[0].operator: is not a known field"),
    "schema-test: sli-*-inline-metricsource.yaml, of Redshift": (V1.replace("Prometheus", "Redshift"), "good.metricSource.type: 'Redshift' is not supported"),
    "schema-test: sli-*-metricsourceref.yaml, without its data source": (V1.replace("type: Prometheus", "metricSourceRef: main"), "metricSourceRef: no DataSource is named 'main'"),
    "schema-test: sli-ratio-good-and-bad.yaml": (V1.replace("        total:", "        bad: {metricSource: {type: Prometheus, spec: {query: b}}}\n        total:"), "ratioMetric: takes total and one of good and bad"),
    "schema-test: slo-indicatorref-*.yaml, without its SLI": (V1.partition("  indicator:")[0] + "  indicatorRef: b\n  timeWindow" + V1.partition("  timeWindow")[2], "spec.indicatorRef: no SLI is named 'b'"),
    "schema-test: slo-no-indicatorref-calendar-*.yaml, of Datadog": (V1.replace("Prometheus", "Datadog").replace("isRolling: true", "isRolling: false, calendar: {startTime: 2020-01-21 12:30:00, timeZone: America/New_York}"), "'Datadog' is not supported"),
    "schema-test: invalid-apiversion.yaml": (V1.replace("openslo/v1", "foo"), "apiVersion: should be openslo/v1, got 'foo'"),
    "pkg/openslo/v1/examples/services.yaml, a duplicate name": ("- {apiVersion: openslo/v1, kind: Service, metadata: {name: a}}\n" * 2, ":2: metadata.name: Service 'a' is already defined"),
    "pkg/openslo/*/examples/data_sources.yaml, connection details as a list": (_HEAD.format(kind="DataSource") + "  type: Prometheus\n  connectionDetails: [{url: http://a}]\n", "spec.connectionDetails: should be a mapping, got a list"),
    "README: a template that lists every kind": (_HEAD.format(kind="DataSource | SLO"), "kind: should be one of DataSource, Service, SLI"),
    "README: a template with types as values": (V1.replace("type: Prometheus", "type: string"), "metricSource.type: 'string' is not supported"),
    "README: a template with two windows": (V1.replace("isRolling: true}]", "isRolling: true}, {duration: 1d, isRolling: true}]"), "spec.timeWindow: "),
    "README: a template with an empty value": (_HEAD.format(kind="AlertNotificationTarget") + "  target:\n", "spec.target: should be a valid string, got nothing"),
    "README: a fragment of a document": ("objectives: [{target: 0.98}]\n", "apiVersion: should be openslo/v1, got nothing"),
    "README: keys of another data source type": (_HEAD.format(kind="DataSource") + "  type: Prometheus\n  connectionDetails: {url: http://a, accessKeyID: b}\n", "spec.connectionDetails.accessKeyID: is not read from a document"),
    "README: an SLO without its budgetingMethod": (V1.replace("  budgetingMethod: Occurrences\n", ""), "spec.budgetingMethod: is required"),
    "README: an invalid RFC 1123 name": ((_HEAD.format(kind="AlertNotificationTarget") + "  target: mail\n").replace("name: a", "name: OnCall"), "metadata.name: 'OnCall' is not an RFC 1123 name"),
    "v2alpha.md: a template with types as values": (V2ALPHA.replace("{name: orders}\nspec", "{name: orders, labels: object}\nspec"), "metadata.labels: should be a valid dictionary, got 'object'"),
    "v2alpha.md: a template that is not YAML": (V2ALPHA + "  # as the above, or\n  ...\n  ratio\n  counter: true\n", "is not YAML: "),
    "v2alpha.md: a data source without its document": (V2ALPHA.replace("dataSourceSpec: {type: Prometheus}", "dataSourceRef: main"), "spec.sli.spec.ratioMetric.good.dataSourceRef: no DataSource is named 'main'"),
}  # fmt: skip


def read_problems(path: Path) -> str:
    """Return the problems of a spec, one a line; empty if there are none."""
    try:
        load_spec([path])
    except ProblemsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("text", "message"), SIMILAR.values(), ids=SIMILAR)
def test_a_document_similar_to_an_example_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "similar.yaml"
    path.write_text(text)
    assert message in read_problems(path)


@pytest.mark.skipif("OPENSLO_EXAMPLES" not in os.environ, reason="OPENSLO_EXAMPLES is not set")
def test_every_example_is_read_or_refused_by_name() -> None:
    paths = sorted(Path(os.environ["OPENSLO_EXAMPLES"]).rglob("*.yaml"))
    assert paths
    for path in paths:
        for line in read_problems(path).splitlines():
            assert line.startswith(str(path))
            assert line.count(": ") >= 1
