"""The examples of the OpenSLO repository and of its specification: each is read, or refused by name.

They are not ours to keep: ``OPENSLO_EXAMPLES`` names a folder of them. The table holds a document of ours with
the same features for each group of them.
"""

# ruff: noqa: E501 - a table has its cases on lines of their own

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slo.documents.yaml_source import ProblemsError
from slo.openslo.spec_reader import load_spec
from tests.slo.openslo.test_alpha_versions import V1, V2ALPHA

_HEAD = "apiVersion: openslo/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n"
_CONDITION = "  severity: page\n  condition: {kind: burnrate, op: lte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}\n"
_POLICY = "  alertWhenBreaching: true\n  notificationTargets: [{targetRef: a}]\n"
_NO_SLO = "holds no SLO"
LIKE = {
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
    "schema-test: sli-*-metricsourceref.yaml, without its source": (V1.replace("type: Prometheus", "metricSourceRef: main"), "metricSourceRef: no DataSource is called 'main'"),
    "schema-test: sli-ratio-good-and-bad.yaml": (V1.replace("        total:", "        bad: {metricSource: {type: Prometheus, spec: {query: b}}}\n        total:"), "ratioMetric: takes total and one of good and bad"),
    "schema-test: slo-indicatorref-*.yaml, without its SLI": (V1.partition("  indicator:")[0] + "  indicatorRef: b\n  timeWindow" + V1.partition("  timeWindow")[2], "spec.indicatorRef: no SLI is called 'b'"),
    "schema-test: slo-no-indicatorref-calendar-*.yaml, of Datadog": (V1.replace("Prometheus", "Datadog").replace("isRolling: true", "isRolling: false, calendar: {startTime: 2020-01-21 12:30:00, timeZone: America/New_York}"), "'Datadog' is not supported"),
    "schema-test: invalid-apiversion.yaml": (V1.replace("openslo/v1", "foo"), "apiVersion: should be openslo/v1, got 'foo'"),
    "pkg/openslo/v1/examples/services.yaml, a name twice": ("- {apiVersion: openslo/v1, kind: Service, metadata: {name: a}}\n" * 2, ":2: metadata.name: Service 'a' is already defined"),
    "pkg/openslo/*/examples/data_sources.yaml, details in a list": (_HEAD.format(kind="DataSource") + "  type: Prometheus\n  connectionDetails: [{url: http://a}]\n", "spec.connectionDetails: should be a mapping, got a list"),
    "README: a form with every kind that there is": (_HEAD.format(kind="DataSource | SLO"), "kind: should be one of DataSource, Service, SLI"),
    "README: a form whose values are types": (V1.replace("type: Prometheus", "type: string"), "metricSource.type: 'string' is not supported"),
    "README: a form with two windows": (V1.replace("isRolling: true}]", "isRolling: true}, {duration: 1d, isRolling: true}]"), "spec.timeWindow: "),
    "README: a form with nothing to fill in": (_HEAD.format(kind="AlertNotificationTarget") + "  target:\n", "spec.target: should be a valid string, got nothing"),
    "README: a part of a document": ("objectives: [{target: 0.98}]\n", "apiVersion: should be openslo/v1, got nothing"),
    "README: keys of another source": (_HEAD.format(kind="DataSource") + "  type: Prometheus\n  connectionDetails: {url: http://a, accessKeyID: b}\n", "spec.connectionDetails.accessKeyID: is not read from a document"),
    "README: an SLO without its budgetingMethod": (V1.replace("  budgetingMethod: Occurrences\n", ""), "spec.budgetingMethod: is required"),
    "README: a name that is no RFC 1123 name": ((_HEAD.format(kind="AlertNotificationTarget") + "  target: mail\n").replace("name: a", "name: OnCall"), "metadata.name: 'OnCall' is not an RFC 1123 name"),
    "v2alpha.md: a form whose values are types": (V2ALPHA.replace("{name: orders}\nspec", "{name: orders, labels: object}\nspec"), "metadata.labels: should be a valid dictionary, got 'object'"),
    "v2alpha.md: a form that is no YAML": (V2ALPHA + "  # as the above, or\n  ...\n  ratio\n  counter: true\n", "is not YAML: "),
    "v2alpha.md: a source without its document": (V2ALPHA.replace("dataSourceSpec: {type: Prometheus}", "dataSourceRef: main"), "spec.sli.spec.ratioMetric.good.dataSourceRef: no DataSource is called 'main'"),
}  # fmt: skip


def said_of(path: Path) -> str:
    try:
        load_spec([path])
    except ProblemsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("text", "said"), LIKE.values(), ids=LIKE)
def test_a_document_like_an_example_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "like.yaml"
    path.write_text(text)
    assert said in said_of(path)


@pytest.mark.skipif(
    "OPENSLO_EXAMPLES" not in os.environ, reason="OPENSLO_EXAMPLES names no folder of examples"
)
def test_every_example_is_read_or_refused_by_name() -> None:
    found = sorted(Path(os.environ["OPENSLO_EXAMPLES"]).rglob("*.yaml"))
    assert found
    for path in found:
        for line in said_of(path).splitlines():
            assert line.startswith(str(path))
            assert line.count(": ") >= 1
