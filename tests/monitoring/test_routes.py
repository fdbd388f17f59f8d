"""Which receiver gets which alert, as amtool reads Alertmanager's configuration."""

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
from tests.monitoring.alertmanager import CONFIGURATION

RULES = ROOT / "monitoring" / "rules" / "slo.rules.yaml"
RECEIVERS = {"page": "pages", "ticket": "tickets"}

ROUTES: dict[str, tuple[dict[str, str], str]] = {
    "a fast burn": ({"alertname": "SLOErrorBudgetBurn", "severity": "page"}, "pages"),
    "a slow burn": ({"alertname": "SLOErrorBudgetBurn", "severity": "ticket"}, "tickets"),
    "an absent metric": ({"alertname": "SLOMetricAbsent", "severity": "page"}, "pages"),
    "a page of other rules": ({"alertname": "DiskFull", "severity": "page"}, "pages"),
    "an alert without a severity: no page": ({"alertname": "DiskFull"}, "tickets"),
    "a severity of other rules: no page": ({"severity": "critical"}, "tickets"),
    "an empty severity": ({"severity": ""}, "tickets"),
    "a severity that starts with page": ({"severity": "pages"}, "tickets"),
    "a severity in capital letters": ({"severity": "PAGE"}, "tickets"),
    "a ticket whose Sloth severity is page": ({"severity": "ticket", "sloth_severity": "page"}, "tickets"),
    "an alert without labels": ({}, "tickets"),
}  # fmt: skip


@pytest.fixture(scope="module")
def amtool() -> str:
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    path = shutil.which("amtool") or next(map(str, sorted(folder.glob("*/usr/bin/amtool"))), None)
    if path is None:
        pytest.skip("there is no amtool: neither in PATH nor in PROOFLOAD_BACKENDS (.ci/backends)")
    return path


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.strip() or done.stderr


def find_receiver(
    amtool: str, labels: Mapping[str, str], configuration: Path = CONFIGURATION
) -> tuple[int, str]:
    """Return amtool's exit code and the receiver of an alert."""
    matchers = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return run(amtool, "config", "routes", "test", f"--config.file={configuration}", *matchers)


def list_alerts() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(RULES)["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_amtool_accepts_the_configuration(amtool: str) -> None:
    code, output = run(amtool, "check-config", CONFIGURATION)
    assert code == 0, output
    assert "SUCCESS" in output


def test_amtool_refuses_an_undefined_receiver(amtool: str, tmp_path: Path) -> None:
    text = CONFIGURATION.read_text()
    assert "receiver: pages" in text
    (tmp_path / "wrong.yml").write_text(text.replace("receiver: pages", "receiver: nobody"))
    code, output = run(amtool, "check-config", tmp_path / "wrong.yml")
    assert code == 1, output


@pytest.mark.parametrize(("labels", "receiver"), ROUTES.values(), ids=ROUTES.keys())
def test_an_alert_goes_to_one_receiver(amtool: str, labels: dict[str, str], receiver: str) -> None:
    assert find_receiver(amtool, labels) == (0, receiver)


def test_every_alert_of_the_rules_goes_to_the_receiver_of_its_severity(amtool: str) -> None:
    severities = {
        tuple(sorted(alert["labels"].items())): alert["labels"]["severity"] for alert in list_alerts()
    }
    assert set(severities.values()) == RECEIVERS.keys()
    for labels, severity in severities.items():
        assert find_receiver(amtool, {"alertname": "SLO", **dict(labels)}) == (0, RECEIVERS[severity])


def test_a_route_that_matches_too_much_is_detected(amtool: str, tmp_path: Path) -> None:
    """The table above can fail: as a pattern, the matcher also matches ``pages``."""
    text = CONFIGURATION.read_text()
    looser = text.replace('- matchers: [severity="page"]', '- matchers: [severity=~"page.*"]')
    assert looser != text
    (tmp_path / "looser.yml").write_text(looser)
    labels, receiver = ROUTES["a severity that starts with page"]
    assert find_receiver(amtool, labels, tmp_path / "looser.yml") == (0, "pages") != (0, receiver)
