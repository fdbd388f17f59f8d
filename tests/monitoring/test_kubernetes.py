"""The objects of ``monitoring/kubernetes/`` are valid, and their references to each other are correct."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from slo.openslo import load_spec
from slo.rules import format_prometheus_rule, validate_object_name

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "monitoring" / "kubernetes"
CRDS = Path(__file__).parent / "crds"
KUBERNETES = ("1.29.0", "1.33.0", "1.37.0")
REGENERATE = (
    "proofload rules --prometheus-rule proofload-slo --out monitoring/kubernetes/target/prometheus-rule.yaml"
)


def yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def resources(folder: Path) -> Iterator[Path]:
    """Yield the files of a kustomization and of the kustomizations that it includes."""
    for name in yaml(folder / "kustomization.yaml")["resources"]:
        path = folder / name
        yield from resources(path) if path.is_dir() else (path,)


OBJECTS: dict[str, dict[str, Any]] = {str(path.relative_to(FOLDER)): yaml(path) for path in resources(FOLDER)}
PODS = {
    name: manifest["spec"]["template"]["spec"]
    for name, manifest in OBJECTS.items()
    if "template" in manifest.get("spec", {})
}
every_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS.keys())


def find_object(kind: str, name: str) -> dict[str, Any]:
    [manifest] = [
        manifest
        for manifest in OBJECTS.values()
        if manifest["kind"] == kind and manifest["metadata"]["name"] == name
    ]
    return manifest


def test_every_file_is_part_of_a_kustomization() -> None:
    existing = {path.relative_to(FOLDER) for path in FOLDER.rglob("*.yaml")}
    known = {Path(name) for name in OBJECTS} | {
        path for path in existing if path.name == "kustomization.yaml"
    }
    assert existing - known == {Path("gate/objectives.yaml")}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", [name for name in OBJECTS if "coreos" not in OBJECTS[name]["apiVersion"]])
def test_each_object_is_valid_for_kubernetes(name: str, version: str) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    validator.validate(OBJECTS[name], version, strict=True)


@pytest.mark.parametrize("name", [name for name in OBJECTS if "coreos" in OBJECTS[name]["apiVersion"]])
def test_each_object_is_valid_for_the_operator(name: str) -> None:
    schema = json.loads((CRDS / f"{OBJECTS[name]['kind'].lower()}-monitoring-v1.json").read_text())
    jsonschema.validate(OBJECTS[name], schema)


def test_the_schemas_refuse_unknown_fields() -> None:
    schema = json.loads((CRDS / "servicemonitor-monitoring-v1.json").read_text())
    monitor = find_object("ServiceMonitor", "target")
    wrong = {**monitor, "spec": {**monitor["spec"], "endpoints": [{"intervall": "5s"}]}}
    with pytest.raises(jsonschema.ValidationError, match="intervall"):
        jsonschema.validate(wrong, schema)


def test_gate_and_rules_are_those_of_the_reference_spec() -> None:
    spec = ROOT / "slo" / "objectives.yaml"
    assert (FOLDER / "gate" / "objectives.yaml").read_bytes() == spec.read_bytes()
    expected = format_prometheus_rule(load_spec([spec]), "proofload-slo")
    assert (FOLDER / "target" / "prometheus-rule.yaml").read_text() == expected, (
        f"stale; regenerate with: {REGENERATE}"
    )


@every_pod
def test_pods_meet_the_restricted_standard(pod: Mapping[str, Any]) -> None:
    """Kubernetes' Pod Security Standard *Restricted*, and read-only root file systems."""
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
def test_the_name_of_a_service_sets_none_of_our_settings(pod: Mapping[str, Any]) -> None:
    """Kubernetes would set ``TARGET_PORT=tcp://...`` for the Service *target*."""
    assert pod["enableServiceLinks"] is False


def test_the_scraped_job_is_the_job_in_the_spec() -> None:
    """The operator sets the label ``job`` to the Service's name."""
    [port] = find_object("Service", "target")["spec"]["ports"]
    [endpoint] = find_object("ServiceMonitor", "target")["spec"]["endpoints"]
    assert 'job="target"' in (FOLDER / "gate" / "objectives.yaml").read_text()
    assert endpoint["port"] == port["name"]


def test_the_gate_waits_for_all_workers_and_is_not_retried() -> None:
    gate, workers = find_object("Job", "proofload-gate"), find_object("Job", "proofload-worker")
    [container] = PODS["gate/gate.yaml"]["containers"]
    assert f"--expect-workers={workers['spec']['parallelism']}" in container["args"]
    assert workers["spec"]["parallelism"] == workers["spec"]["completions"]
    assert gate["spec"]["backoffLimit"] == workers["spec"]["backoffLimit"] == 0
    assert PODS["gate/gate.yaml"]["restartPolicy"] == "Never"


def test_the_wait_command_in_the_manual_selects_one_value() -> None:
    """``kubectl wait`` fails on several values, and a finished Job has two conditions."""
    [path] = re.findall(r"--for=jsonpath='\{(.*?)\}'", (ROOT / "docs" / "kubernetes.md").read_text())
    assert path == ".status.conditions[0].type"


SELECTORS = {
    "the target": ("Service", "target", "target/deployment.yaml"),
    "the gate": ("Service", "proofload-gate", "gate/gate.yaml"),
}


@pytest.mark.parametrize("case", SELECTORS)
def test_services_select_their_own_pods_only(case: str) -> None:
    kind, name, owner = SELECTORS[case]
    selector = find_object(kind, name)["spec"]["selector"].items()
    selected = {
        file for file in PODS if selector <= OBJECTS[file]["spec"]["template"]["metadata"]["labels"].items()
    }
    assert selected == {owner}


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a..b", "a_b", "a" * 254])
def test_an_invalid_object_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be an object's name"):
        validate_object_name(name)
