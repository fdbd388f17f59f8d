"""The objects of ``monitoring/kubernetes/``: whether clusters take them, and whether they hold together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from slo.openslo.spec_reader import load_spec
from slo.rules.prometheus_rule import object_name, prometheus_rule_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "monitoring" / "kubernetes"
CRDS = Path(__file__).parent / "crds"
KUBERNETES = ("1.29.0", "1.33.0", "1.37.0")
RENEW = (
    "proofload rules --prometheus-rule proofload-slo --out monitoring/kubernetes/target/prometheus-rule.yaml"
)


def yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def resources(folder: Path) -> Iterator[Path]:
    """Give the files that a kustomization names, those of the kustomizations beneath it included."""
    for name in yaml(folder / "kustomization.yaml")["resources"]:
        path = folder / name
        yield from resources(path) if path.is_dir() else (path,)


OBJECTS: dict[str, dict[str, Any]] = {str(path.relative_to(FOLDER)): yaml(path) for path in resources(FOLDER)}
PODS = {
    name: one["spec"]["template"]["spec"]
    for name, one in OBJECTS.items()
    if "template" in one.get("spec", {})
}
every_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS.keys())


def object_of(kind: str, name: str) -> dict[str, Any]:
    [found] = [one for one in OBJECTS.values() if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def test_no_file_is_forgotten() -> None:
    there = {path.relative_to(FOLDER) for path in FOLDER.rglob("*.yaml")}
    known = {Path(name) for name in OBJECTS} | {path for path in there if path.name == "kustomization.yaml"}
    assert there - known == {Path("gate/objectives.yaml")}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", [name for name in OBJECTS if "coreos" not in OBJECTS[name]["apiVersion"]])
def test_kubernetes_takes_each_object(name: str, version: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    validator.validate(OBJECTS[name], version, strict=True)


@pytest.mark.parametrize("name", [name for name in OBJECTS if "coreos" in OBJECTS[name]["apiVersion"]])
def test_the_operator_takes_each_object(name: str) -> None:
    schema = json.loads((CRDS / f"{OBJECTS[name]['kind'].lower()}-monitoring-v1.json").read_text())
    jsonschema.validate(OBJECTS[name], schema)


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    schema = json.loads((CRDS / "servicemonitor-monitoring-v1.json").read_text())
    monitor = object_of("ServiceMonitor", "target")
    wrong = {**monitor, "spec": {**monitor["spec"], "endpoints": [{"intervall": "5s"}]}}
    with pytest.raises(jsonschema.ValidationError, match="intervall"):
        jsonschema.validate(wrong, schema)


def test_gate_and_rules_are_of_the_projects_spec() -> None:
    spec = ROOT / "slo" / "objectives.yaml"
    assert (FOLDER / "gate" / "objectives.yaml").read_bytes() == spec.read_bytes()
    made = prometheus_rule_text(load_spec([spec]), "proofload-slo")
    assert (FOLDER / "target" / "prometheus-rule.yaml").read_text() == made, f"stale; renew with: {RENEW}"


@every_pod
def test_pods_pass_the_restricted_standard(pod: Mapping[str, Any]) -> None:
    """Kubernetes' Pod Security Standards, *Restricted*, and read-only roots besides."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(volume.keys() - {"name"} <= {"emptyDir", "configMap"} for volume in pod["volumes"])
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
        assert container["resources"].keys() == {"requests", "limits"}


@every_pod
def test_a_services_name_sets_no_settings_of_ours(pod: Mapping[str, Any]) -> None:
    """Kubernetes would set ``TARGET_PORT=tcp://...`` after the Service *target*."""
    assert pod["enableServiceLinks"] is False


def test_the_scraped_job_is_the_one_the_spec_asks_for() -> None:
    """The operator takes the label ``job`` from the Service's name."""
    [port] = object_of("Service", "target")["spec"]["ports"]
    [endpoint] = object_of("ServiceMonitor", "target")["spec"]["endpoints"]
    assert 'job="target"' in (FOLDER / "gate" / "objectives.yaml").read_text()
    assert endpoint["port"] == port["name"]


def test_the_gate_waits_for_all_workers_and_is_not_tried_again() -> None:
    gate, workers = object_of("Job", "proofload-gate"), object_of("Job", "proofload-worker")
    [container] = PODS["gate/gate.yaml"]["containers"]
    assert f"--expect-workers={workers['spec']['parallelism']}" in container["args"]
    assert workers["spec"]["parallelism"] == workers["spec"]["completions"]
    assert gate["spec"]["backoffLimit"] == workers["spec"]["backoffLimit"] == 0
    assert PODS["gate/gate.yaml"]["restartPolicy"] == "Never"


def test_the_wait_that_the_manual_shows_asks_for_one_value() -> None:
    """``kubectl wait`` ends with an error on several, and a finished Job has two conditions."""
    [path] = re.findall(r"--for=jsonpath='\{(.*?)\}'", (ROOT / "docs" / "kubernetes.md").read_text())
    assert path == ".status.conditions[0].type"


SELECTORS = {
    "the target": ("Service", "target", "target/deployment.yaml"),
    "the gate": ("Service", "proofload-gate", "gate/gate.yaml"),
}


@pytest.mark.parametrize("case", SELECTORS)
def test_services_find_their_pods_and_no_others(case: str) -> None:
    kind, name, owner = SELECTORS[case]
    wanted = object_of(kind, name)["spec"]["selector"].items()
    found = {
        file for file in PODS if wanted <= OBJECTS[file]["spec"]["template"]["metadata"]["labels"].items()
    }
    assert found == {owner}


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a..b", "a_b", "a" * 254])
def test_names_that_kubernetes_refuses_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be an object's name"):
        object_name(name)
