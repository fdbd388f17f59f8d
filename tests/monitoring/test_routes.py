"""Who is told of which alert: Alertmanager's own reading of its configuration, by amtool."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from proofload.cli.options import ROOT

CONFIGURATION = ROOT / "monitoring" / "alertmanager" / "alertmanager.yml"
RULES = ROOT / "monitoring" / "rules" / "slo.rules.yaml"
RECEIVERS = {"page": "pages", "ticket": "tickets"}

ROUTES: dict[str, tuple[dict[str, str], str]] = {
    "a fast burn": ({"alertname": "SLOErrorBudgetBurn", "severity": "page"}, "pages"),
    "a slow burn": ({"alertname": "SLOErrorBudgetBurn", "severity": "ticket"}, "tickets"),
    "an absent metric": ({"alertname": "SLOMetricAbsent", "severity": "page"}, "pages"),
    "an alert of somebody else's that pages": ({"alertname": "DiskFull", "severity": "page"}, "pages"),
    "an alert without a severity wakes nobody": ({"alertname": "DiskFull"}, "tickets"),
    "a severity of other rules wakes nobody": ({"severity": "critical"}, "tickets"),
    "a severity that is empty": ({"severity": ""}, "tickets"),
    "a severity that begins like a page": ({"severity": "pages"}, "tickets"),
    "a severity in capitals": ({"severity": "PAGE"}, "tickets"),
    "a ticket, whatever Sloth's label says": ({"severity": "ticket", "sloth_severity": "page"}, "tickets"),
    "an alert without labels": ({}, "tickets"),
}  # fmt: skip


@pytest.fixture(scope="module")
def amtool() -> str:
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    found = shutil.which("amtool") or next(map(str, sorted(folder.glob("*/usr/bin/amtool"))), None)
    if found is None:
        pytest.skip("there is no amtool: neither in PATH nor in PROOFLOAD_BACKENDS (.ci/backends)")
    return found


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.strip() or done.stderr


def routed(amtool: str, labels: Mapping[str, str], configuration: Path = CONFIGURATION) -> tuple[int, str]:
    given = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return run(amtool, "config", "routes", "test", f"--config.file={configuration}", *given)


def alerts() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(RULES)["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_amtool_finds_no_fault_with_the_configuration(amtool: str) -> None:
    code, said = run(amtool, "check-config", CONFIGURATION)
    assert code == 0, said
    assert "SUCCESS" in said


def test_amtool_finds_a_receiver_that_is_not_there(amtool: str, tmp_path: Path) -> None:
    text = CONFIGURATION.read_text()
    assert "receiver: pages" in text
    (tmp_path / "wrong.yml").write_text(text.replace("receiver: pages", "receiver: nobody"))
    code, said = run(amtool, "check-config", tmp_path / "wrong.yml")
    assert code == 1, said


@pytest.mark.parametrize(("labels", "receiver"), ROUTES.values(), ids=ROUTES.keys())
def test_an_alert_goes_to_one_receiver(amtool: str, labels: dict[str, str], receiver: str) -> None:
    assert routed(amtool, labels) == (0, receiver)


def test_every_alert_of_the_rules_goes_where_its_severity_says(amtool: str) -> None:
    found = {tuple(sorted(alert["labels"].items())): alert["labels"]["severity"] for alert in alerts()}
    assert set(found.values()) == RECEIVERS.keys()
    for labels, severity in found.items():
        assert routed(amtool, {"alertname": "SLO", **dict(labels)}) == (0, RECEIVERS[severity])


def test_a_route_that_catches_more_is_seen(amtool: str, tmp_path: Path) -> None:
    """The table can fail: as a pattern the matcher takes ``pages``, too."""
    text = CONFIGURATION.read_text()
    looser = text.replace('- matchers: [severity="page"]', '- matchers: [severity=~"page.*"]')
    assert looser != text
    (tmp_path / "looser.yml").write_text(looser)
    labels, receiver = ROUTES["a severity that begins like a page"]
    assert routed(amtool, labels, tmp_path / "looser.yml") == (0, "pages") != (0, receiver)
