"""Does each Prometheus-compatible server count exactly the requests sent? Loads with errors and a restart."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.servers import find_servers, start_server
from loadtests.recording import run_from_json
from proofload.cli.options import ROOT
from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    LoadParameters,
    LoadProcess,
    ManagedProcess,
    await_scrape,
    find_free_ports,
)
from slo.evaluation import evaluate
from slo.model import RunRecord, Spec, Window
from slo.openslo import load_spec
from slo.prometheus import ConnectionSettings, PrometheusClient, gather_evidence

SCRAPE_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ServerCounts:
    """Events of the load, counted from the samples of one server."""

    name: str
    total: float
    bad: float


class ReferenceService:
    """The reference service, which can be restarted at the same address."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = find_free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "target.log"
        self._process = self._start()

    def _start(self) -> ManagedProcess:
        environment = os.environ | {"TARGET_PORT": str(self.port), "TARGET_FAULTS": "1"}
        command = [sys.executable, "-m", "target_service"]
        process = ManagedProcess("the target", command, self._log, environment)
        process.await_ready(f"{self.url}/ready", READY_TIMEOUT_SECONDS)
        return process

    def stop(self) -> None:
        """Stop the process."""
        self._process.stop()

    def restart(self) -> None:
        """Stop the process and start a new one."""
        self.stop()
        self._process = self._start()


def main() -> None:
    """Send the loads and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        service = ReferenceService(folder)
        stack.callback(service.stop)
        servers = dict(_start_servers(stack, folder, service))
        faults: dict[str, Callable[[], None]] = {
            "2 % of the responses have status 500": lambda: _inject_errors(service),
            "the service restarts in the middle": lambda: _schedule_restart(service, options.seconds),
        }
        for title, inject_fault in faults.items():
            record, server_counts = _run_load(spec, service, servers, options.seconds, folder, inject_fault)
            _print_counts(title, record, server_counts)


def _start_servers(
    stack: ExitStack, folder: Path, service: ReferenceService
) -> Iterator[tuple[str, PrometheusClient]]:
    for name, binary in find_servers().items():
        server_folder = folder / name
        server_folder.mkdir()
        url = start_server(stack, binary, server_folder, {"target": f"127.0.0.1:{service.port}"})
        api = stack.enter_context(PrometheusClient(ConnectionSettings(url)))
        yield f"{name} {api.fetch_version()}", api


def _inject_errors(service: ReferenceService) -> None:
    requests.post(f"{service.url}/_faults", json={"error_ratio": 0.02}, timeout=10).raise_for_status()


def _schedule_restart(service: ReferenceService, seconds: float) -> None:
    requests.post(f"{service.url}/_faults", json={"error_ratio": 0.0}, timeout=10).raise_for_status()
    threading.Timer(seconds / 2, service.restart).start()


def _run_load(
    spec: Spec,
    service: ReferenceService,
    servers: dict[str, PrometheusClient],
    seconds: float,
    folder: Path,
    inject_fault: Callable[[], None],
) -> tuple[RunRecord, list[ServerCounts]]:
    """Send a load between two scrapes of every server; return its record and the counts of each server."""
    out = folder / f"load-{time.time():.0f}"
    out.mkdir()
    profile = ROOT / "loadtests" / "profiles" / "steady.yaml"
    parameters = LoadParameters(profile, out, duration_seconds=seconds)
    with LoadProcess(parameters, out / "load.log") as load:
        load.await_event("ready")
        load.open_gate(service.url)
        load.await_event("warmed_up")
        _await_scrapes(spec, servers)
        inject_fault()
        load.open_gate()
        done = load.await_event("done")
    record = run_from_json(json.loads(Path(done["run"]).read_text(encoding="utf-8")))
    _await_scrapes(spec, servers)
    return record, [_count_events(spec, name, api, record.window) for name, api in servers.items()]


def _await_scrapes(spec: Spec, servers: dict[str, PrometheusClient]) -> None:
    after = time.time()
    for api in servers.values():
        await_scrape(api, spec, after=after, timeout_seconds=SCRAPE_TIMEOUT_SECONDS)


def _count_events(spec: Spec, name: str, api: PrometheusClient, window: Window) -> ServerCounts:
    evidence = gather_evidence(api, spec, window, now=time.time(), margin_seconds=time.time() - window.end)
    objectives = evaluate(spec, evidence).objectives
    availability = next(objective for objective in objectives if objective.slo == "availability")
    if availability.total is None or availability.bad is None:
        sys.exit(f"exactness: {name}: {availability.outcome}: {availability.detail}")
    return ServerCounts(name, availability.total, availability.bad)


def _print_counts(title: str, record: RunRecord, server_counts: list[ServerCounts]) -> None:
    total = record.total
    bad = sum(count for status, count in total.statuses.items() if status.startswith("5"))
    print(f"\n{title}: {total.sent:,} sent, {total.completed:,} responses, {bad:,} of them 5xx")
    for counts in server_counts:
        difference = f"{counts.total - total.completed:+,.0f} against the responses"
        print(
            f"  {counts.name:<32} counted {counts.total:,.0f} ({difference}), {counts.bad:,.0f} of them 5xx"
        )
