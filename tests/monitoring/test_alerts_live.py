"""From a fault to the alert and to its resolution, with a real service, Prometheus and Alertmanager.

The rules are those of the reference spec with 60 times shorter windows: the fast burn's hour is a minute.
"""

from __future__ import annotations

import csv
import http.server
import json
import os
import queue
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
from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    ManagedProcess,
    PrometheusNotFoundError,
    find_free_ports,
    find_prometheus,
)
from slo.openslo import load_spec
from slo.rules import format_rules
from tests.monitoring.alertmanager import build_alertmanager_command, find_alertmanager

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MONITORING = ROOT / "monitoring"
TIMES_FASTER = 60
DEADLINE_SECONDS = 60.0
BETWEEN_REQUESTS_SECONDS = 0.02
SHORTER_WAITS = {
    "group_wait: 30s": "group_wait: 1s",
    "group_wait: 10s": "group_wait: 1s",
    "group_interval: 5m": "group_interval: 1s",
}
"""How long Alertmanager collects alerts before it sends them."""


class Receiver(http.server.ThreadingHTTPServer):
    """Receives the messages of Alertmanager's webhook."""

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
        """Log nothing."""


@dataclass(frozen=True)
class MonitoredService:
    """A service under a light load, and the receiver of its alerts."""

    target: str
    alertmanager: str
    receiver: Receiver

    def set_faults(self, **faults: float) -> None:
        requests.post(f"{self.target}/_faults", json=faults, timeout=10).raise_for_status()

    def await_alert(self, is_expected: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the receiver gets an expected alert, and return it."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            message = self.receiver.messages.get(timeout=max(deadline - time.monotonic(), 0.01))
            for alert in message["alerts"]:
                if is_expected(alert):
                    return dict(alert)


@pytest.fixture
def monitored(tmp_path: Path) -> Iterator[MonitoredService]:
    program = find_alertmanager()
    try:
        prometheus = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    ports = dict(zip(("target", "prometheus", "alertmanager"), find_free_ports(3), strict=True))
    with ExitStack() as running:
        receiver = running.enter_context(Receiver())
        running.callback(receiver.shutdown)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        webhook_url = f"http://127.0.0.1:{receiver.server_address[1]}/"
        commands = {
            "target": [sys.executable, "-m", "target_service"],
            "alertmanager": build_alertmanager_command(
                program, tmp_path, ports["alertmanager"], webhook_url, SHORTER_WAITS
            ),
            "prometheus": _build_prometheus_command(str(prometheus), tmp_path, ports),
        }
        ready = {"target": "/ready", "alertmanager": "/-/ready", "prometheus": "/-/ready"}
        environment = os.environ | {"TARGET_PORT": str(ports["target"]), "TARGET_FAULTS": "1"}
        for name, command in commands.items():
            process = ManagedProcess(name, command, tmp_path / f"{name}.log", environment)
            running.callback(process.stop)
            process.await_ready(f"http://127.0.0.1:{ports[name]}{ready[name]}", READY_TIMEOUT_SECONDS)
        target = f"http://127.0.0.1:{ports['target']}"
        running.enter_context(LightLoad(target))
        yield MonitoredService(target, f"http://127.0.0.1:{ports['alertmanager']}", receiver)


def _build_prometheus_command(program: str, folder: Path, ports: dict[str, int]) -> list[str]:
    configuration = YAML(typ="safe").load(MONITORING / "prometheus" / "prometheus.yml")
    (folder / "rules").mkdir()
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    (folder / "rules" / "slo.rules.yaml").write_text(format_rules(spec, TIMES_FASTER))
    text = json.dumps(configuration).replace("target:8000", f"127.0.0.1:{ports['target']}")
    text = text.replace("alertmanager:9093", f"127.0.0.1:{ports['alertmanager']}")
    (folder / "prometheus.yml").write_text(text)
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
    ]


class LightLoad:
    """Requests predictions one after the other while the context is open."""

    def __init__(self, target: str) -> None:
        self._target, self._end = target, threading.Event()
        self._thread = threading.Thread(target=self._send_requests)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _send_requests(self) -> None:
        with (ROOT / "loadtests" / "data" / "rows.csv").open(newline="") as file:
            row = list(csv.reader(file))[1]
        body = {"instances": [[float(cell) for cell in row[:-1]]]}
        with requests.Session() as session:
            while not self._end.wait(BETWEEN_REQUESTS_SECONDS):
                session.post(f"{self._target}/predict", json=body, timeout=10)


def is_burn(status: str, severity: str) -> Callable[[dict[str, Any]], bool]:
    labels = {"alertname": "SLOErrorBudgetBurn", "sloth_slo": "availability", "severity": severity}
    return lambda alert: alert["status"] == status and labels.items() <= alert["labels"].items()


def test_a_fast_burn_is_reported_and_later_resolved(monitored: MonitoredService) -> None:
    monitored.set_faults(error_ratio=0.5)
    fired = monitored.await_alert(is_burn("firing", "page"))
    assert fired["labels"]["sloth_id"] == "breast-cancer-classifier-availability"
    assert "burns too fast" in fired["annotations"]["summary"]
    inactive = requests.get(f"{monitored.alertmanager}/api/v2/alerts", params={"active": "false"}, timeout=10)
    tickets = [alert for alert in inactive.json() if alert["labels"].get("severity") == "ticket"]
    assert all(alert["status"]["inhibitedBy"] for alert in tickets)
    monitored.set_faults(error_ratio=0)
    resolved = monitored.await_alert(is_burn("resolved", "page"))
    assert resolved["fingerprint"] == fired["fingerprint"]
