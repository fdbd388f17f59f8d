"""Do all servers count what was sent, to the request? Real loads, with faults and with a restart."""

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

from benchmarks.servers import known, start
from loadtests.recording.run_json import from_json
from proofload.cli.options import ROOT
from proofload.stack.load_process import LoadOrder, LoadProcess
from proofload.stack.managed_process import Supervised
from proofload.stack.scrape_wait import await_scrape
from proofload.stack.stack import READY_SECONDS, free_ports
from slo.evaluation.evaluate import evaluate
from slo.model import RunRecord, Spec, Window
from slo.openslo.spec_reader import load_spec
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection
from slo.prometheus.evidence_gathering import gather

DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What one server's samples say of the load."""

    name: str
    total: float
    bad: float


class Target:
    """The reference service, which can be begun anew at its address."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "target.log"
        self._process = self._begun()

    def _begun(self) -> Supervised:
        environment = os.environ | {"TARGET_PORT": str(self.port), "TARGET_FAULTS": "1"}
        command = [sys.executable, "-m", "target_service"]
        process = Supervised("the target", command, self._log, environment)
        process.await_ready(f"{self.url}/ready", READY_SECONDS)
        return process

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def restart(self) -> None:
        """End it, and begin anew."""
        self.stop()
        self._process = self._begun()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        target = Target(folder)
        running.callback(target.stop)
        servers = dict(_started(running, folder, target))
        record, counted = _load(spec, target, servers, options.seconds, folder, lambda: _fail(target))
        _show("2 % of the answers are 500s", record, counted)
        record, counted = _load(
            spec, target, servers, options.seconds, folder, lambda: _restart(target, options.seconds)
        )
        _show("the service begins anew in the middle", record, counted)


def _started(running: ExitStack, folder: Path, target: Target) -> Iterator[tuple[str, Prometheus]]:
    for name, binary in known().items():
        place = folder / name
        place.mkdir()
        url = start(running, binary, place, "target", f"127.0.0.1:{target.port}")
        api = running.enter_context(Prometheus(Connection(url)))
        yield f"{name} {api.version()}", api


def _fail(target: Target) -> None:
    requests.post(f"{target.url}/_faults", json={"error_ratio": 0.02}, timeout=10).raise_for_status()


def _restart(target: Target, seconds: float) -> None:
    requests.post(f"{target.url}/_faults", json={"error_ratio": 0.0}, timeout=10).raise_for_status()
    threading.Timer(seconds / 2, target.restart).start()


def _load(
    spec: Spec,
    target: Target,
    servers: dict[str, Prometheus],
    seconds: float,
    folder: Path,
    disturb: Callable[[], None],
) -> tuple[RunRecord, list[Counted]]:
    """Send a load between two scrapes of every server, and read what each of them has of it."""
    out = folder / f"load-{time.time():.0f}"
    out.mkdir()
    order = LoadOrder(ROOT / "loadtests" / "profiles" / "steady.yaml", out, duration_seconds=seconds)
    with LoadProcess(order, out / "load.log") as load:
        load.until("ready")
        load.go(target.url)
        load.until("warmed_up")
        _scraped(spec, servers)
        disturb()
        load.go()
        done = load.until("done")
    record = from_json(json.loads(Path(done["run"]).read_text(encoding="utf-8")))
    _scraped(spec, servers)
    return record, [_counted(spec, name, api, record.window) for name, api in servers.items()]


def _scraped(spec: Spec, servers: dict[str, Prometheus]) -> None:
    after = time.time()
    for api in servers.values():
        await_scrape(api, spec, after=after, deadline_seconds=DEADLINE_SECONDS)


def _counted(spec: Spec, name: str, api: Prometheus, window: Window) -> Counted:
    evidence = gather(api, spec, window, now=time.time(), margin=time.time() - window.end)
    found = next(one for one in evaluate(spec, evidence).objectives if one.slo == "availability")
    if found.total is None or found.bad is None:
        sys.exit(f"exactness: {name}: {found.outcome}: {found.detail}")
    return Counted(name, found.total, found.bad)


def _show(title: str, record: RunRecord, counted: list[Counted]) -> None:
    total = record.total
    bad = sum(number for status, number in total.statuses.items() if status.startswith("5"))
    print(f"\n{title}: {total.sent:,} sent, {total.completed:,} answered, {bad:,} of them 5xx")
    for one in counted:
        difference = f"{one.total - total.completed:+,.0f} of those answered"
        print(f"  {one.name:<32} counted {one.total:,.0f} ({difference}), {one.bad:,.0f} of them 5xx")
