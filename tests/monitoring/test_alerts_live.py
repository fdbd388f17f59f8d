"""From a fault to the message that wakes somebody, and to the one that all is well: real servers all the way.

The rules are those of the reference spec with their time 60 times faster: the fast burn is one of a minute.
"""

from __future__ import annotations

import csv
import http.server
import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from ruamel.yaml import YAML

from proofload.cli.options import ROOT
from proofload.stack.managed_process import Supervised
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.stack import READY_SECONDS, free_ports
from slo.openslo.spec_reader import load_spec
from slo.rules.rule_files import rules_text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MONITORING = ROOT / "monitoring"
TIMES_FASTER = 60
DEADLINE_SECONDS = 60.0
BETWEEN_REQUESTS_SECONDS = 0.02
DEBIAN_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")
HURRIED = {"group_wait: 30s": "1s", "group_wait: 10s": "1s", "group_interval: 5m": "1s"}
"""How long Alertmanager gathers alerts before it sends them."""


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what Alertmanager's webhook sends."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.put(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Watched:
    """A target under a light load, and who is told when it fails."""

    target: str
    alertmanager: str
    receiver: Receiver

    def fail(self, **faults: float) -> None:
        requests.post(f"{self.target}/_faults", json=faults, timeout=10).raise_for_status()

    def told(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an alert that the receiver is told of."""
        give_up = time.monotonic() + DEADLINE_SECONDS
        while True:
            message = self.receiver.messages.get(timeout=max(give_up - time.monotonic(), 0.01))
            for alert in message["alerts"]:
                if wanted(alert):
                    return dict(alert)


def alertmanager() -> str:
    found = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    folder = Path(os.environ.get("PROOFLOAD_BACKENDS", "/nonexistent"))
    brought = sorted(folder.glob("*/usr/bin/prometheus-alertmanager"))
    if not (found or brought):
        pytest.skip("there is no Alertmanager: neither in PATH nor in PROOFLOAD_BACKENDS (.ci/backends)")
    if not found and not DEBIAN_TEMPLATES.exists():
        pytest.skip(f"Debian's Alertmanager needs {DEBIAN_TEMPLATES}: .ci/backends puts it there")
    return found or str(brought[0])


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    program = alertmanager()
    try:
        prometheus = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    ports = dict(zip(("target", "prometheus", "alertmanager"), free_ports(3), strict=True))
    with ExitStack() as running:
        receiver = running.enter_context(Receiver())
        running.callback(receiver.shutdown)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        commands = {
            "target": [sys.executable, "-m", "target_service"],
            "alertmanager": _alertmanager(program, tmp_path, ports, receiver),
            "prometheus": _prometheus(str(prometheus), tmp_path, ports),
        }
        ready = {"target": "/ready", "alertmanager": "/-/ready", "prometheus": "/-/ready"}
        environment = os.environ | {"TARGET_PORT": str(ports["target"]), "TARGET_FAULTS": "1"}
        for name, command in commands.items():
            process = Supervised(name, command, tmp_path / f"{name}.log", environment)
            running.callback(process.stop)
            process.await_ready(f"http://127.0.0.1:{ports[name]}{ready[name]}", READY_SECONDS)
        target = f"http://127.0.0.1:{ports['target']}"
        running.enter_context(_light_load(target))
        yield Watched(target, f"http://127.0.0.1:{ports['alertmanager']}", receiver)


def _alertmanager(program: str, folder: Path, ports: dict[str, int], receiver: Receiver) -> list[str]:
    text = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
    for written, shorter in HURRIED.items():
        assert written in text
        text = text.replace(written, f"{written.partition(':')[0]}: {shorter}")
    address = folder / "webhook_url"
    address.write_text(f"http://127.0.0.1:{receiver.server_address[1]}/")
    (folder / "alertmanager.yml").write_text(text.replace("/etc/alertmanager/webhook_url", str(address)))
    return [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
        "--cluster.listen-address=",
    ]


def _prometheus(program: str, folder: Path, ports: dict[str, int]) -> list[str]:
    yaml = YAML(typ="safe")
    written = yaml.load(MONITORING / "prometheus" / "prometheus.yml")
    (folder / "rules").mkdir()
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    (folder / "rules" / "slo.rules.yaml").write_text(rules_text(spec, TIMES_FASTER))
    text = json.dumps(written).replace("target:8000", f"127.0.0.1:{ports['target']}")
    text = text.replace("alertmanager:9093", f"127.0.0.1:{ports['alertmanager']}")
    (folder / "prometheus.yml").write_text(text)
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
    ]


class _light_load:  # noqa: N801 - used as a function
    """Ask for predictions, one after the other, until the end."""

    def __init__(self, target: str) -> None:
        self._target, self._end = target, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        with (ROOT / "loadtests" / "data" / "rows.csv").open(newline="") as file:
            row = list(csv.reader(file))[1]
        body = {"instances": [[float(cell) for cell in row[:-1]]]}
        with requests.Session() as session:
            while not self._end.wait(BETWEEN_REQUESTS_SECONDS):
                session.post(f"{self._target}/predict", json=body, timeout=10)


def is_burn(status: str, severity: str) -> Callable[[dict[str, Any]], bool]:
    wanted = {"alertname": "SLOErrorBudgetBurn", "sloth_slo": "availability", "severity": severity}
    return lambda alert: alert["status"] == status and wanted.items() <= alert["labels"].items()


def test_a_fast_burn_is_told_and_told_to_be_over(watched: Watched) -> None:
    watched.fail(error_ratio=0.5)
    fired = watched.told(is_burn("firing", "page"))
    assert fired["labels"]["sloth_id"] == "breast-cancer-classifier-availability"
    assert "burns too fast" in fired["annotations"]["summary"]
    inhibited = requests.get(f"{watched.alertmanager}/api/v2/alerts", params={"active": "false"}, timeout=10)
    tickets = [one for one in inhibited.json() if one["labels"].get("severity") == "ticket"]
    assert all(one["status"]["inhibitedBy"] for one in tickets)
    watched.fail(error_ratio=0)
    resolved = watched.told(is_burn("resolved", "page"))
    assert resolved["fingerprint"] == fired["fingerprint"]
