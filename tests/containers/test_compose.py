"""docker-compose.yml by a real engine: up, loaded, judged, looked at, down."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.containers.composing import CANARY, SERVICES, Project, docker, need_compose, need_engine, project
from tests.support.dashboards import queries
from tests.support.live_stack import Live

pytestmark = [
    pytest.mark.slow,
    pytest.mark.containers,
    pytest.mark.timeout(600),
]
SENT = 500
"""Five seconds of the steady profile."""
ONCE = ("run", "--rm", "-T")
SHORT = ("check", "--duration", "5s")
SENT_BY_WORKERS = 1_000
WORKERS = 4
GONE_SECONDS = 30.0
"""How long Prometheus may take to see that a name is nobody's any more, and to forget who had it."""


@pytest.fixture(scope="module")
def compose() -> Iterator[Project]:
    need_engine()
    with project() as running:
        yield running


def all_counted(sent: int) -> dict[str, int]:
    return {"sent": sent, "completed": sent, "counted": sent, "difference": 0}


def counted(verdict: dict[str, Any]) -> dict[str, Any]:
    checks = {check["name"]: check for check in verdict["checks"]}
    numbers: dict[str, Any] = checks["counts_reconcile"]["numbers"]
    return numbers


def test_a_good_service_is_met_and_every_request_is_counted(compose: Project) -> None:
    done = compose(*ONCE, "--use-aliases", *SHORT)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = compose.newest("verdict.json")
    assert verdict["verdict"] == "MET"
    assert counted(verdict) == all_counted(SENT)
    record = compose.newest("run.json")
    seen = 'sum(max_over_time(proofload_requests_sent_total{job="proofload-load"}[30s]))'
    window = Live(compose.address("prometheus", 9090), record["window"]["end"])
    [one] = window.ask("query", query=seen, time=window.end)["result"]
    assert 0 < float(one["value"][1]) <= SENT


def test_a_failing_service_is_missed(compose: Project) -> None:
    try:
        done = compose(*ONCE, *SHORT, "--fault", "error_ratio=0.05")
    finally:
        requests.post(f"{compose.address('target', 8000)}/_faults", json={}, timeout=10).raise_for_status()
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = compose.newest("verdict.json")
    missed = {one["slo"] for one in verdict["objectives"] if one["verdict"] == "MISSED"}
    assert (verdict["verdict"], missed) == ("MISSED", {"availability"})
    assert counted(verdict)["difference"] == 0


@dataclass(frozen=True)
class Loaded:
    """What became of a load that workers sent."""

    joined: int
    exit_code: int
    said: str
    record: dict[str, Any]
    verdict: dict[str, Any]


@pytest.fixture(scope="module")
def by_workers(compose: Project) -> Loaded:
    services = ("--scale", f"worker={WORKERS}", "load", "worker")
    try:
        compose.well("--profile", "load", "up", "--detach", *services)
        joined = compose.well("--profile", "load", "ps", "--all", "--quiet", "worker").split()
        done = compose("--profile", "load", "wait", "load")
        said = compose.well("--profile", "load", "logs", "load")
    finally:
        compose.well("--profile", "load", "rm", "--force", "--stop", "load", "worker")
    files = (compose.newest(name) for name in ("run.json", "verdict.json"))
    return Loaded(len(joined), done.returncode, said, *files)


def test_four_workers_send_what_prometheus_counts(by_workers: Loaded) -> None:
    assert by_workers.joined == WORKERS
    assert by_workers.exit_code == 0, by_workers.said
    total = by_workers.record["total"]
    assert total["offered"] == total["sent"] + total["dropped"] == SENT_BY_WORKERS
    assert counted(by_workers.verdict) == all_counted(SENT_BY_WORKERS)


def test_the_dashboard_of_the_load_has_shown_it(compose: Project, by_workers: Loaded) -> None:
    live = Live(compose.address("prometheus", 9090), by_workers.record["window"]["end"])
    asked = [query for query in queries() if query.dashboard == "proofload-load"]
    assert asked
    assert [str(query) for query in asked if not live.series(query)] == []


def test_soon_after_a_load_nothing_is_down_and_nothing_is_said_to_be_absent(compose: Project) -> None:
    live = Live(compose.address("prometheus", 9090), time.time())
    give_up = time.monotonic() + GONE_SECONDS
    wrong = 'up == 0 or ALERTS{alertname="SLOMetricAbsent"}'
    while found := [*_places(live, "proofload-load"), *live.ask("query", query=wrong)["result"]]:
        assert time.monotonic() < give_up, found
        time.sleep(0.5)
    assert _places(live, "target")


def _places(live: Live, job: str) -> list[str]:
    """List where Prometheus scrapes a job."""
    active = live.ask("targets", state="active")["activeTargets"]
    return [one["scrapeUrl"] for one in active if one["labels"]["job"] == job]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_may_do_little(service: str, compose: Project) -> None:
    found = compose.inspect(service)
    host = found["HostConfig"]
    assert int(found["Config"]["User"].partition(":")[0]) > 0
    assert host["ReadonlyRootfs"]
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0


@pytest.mark.parametrize("service", SERVICES)
def test_its_processes_have_no_rights_left(service: str, compose: Project) -> None:
    status = compose.well("exec", "-T", service, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert {fields[name].strip("0") for name in ("CapEff", "CapPrm", "CapBnd")} == {""}
    assert fields["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", SERVICES)
def test_its_root_is_read_only(service: str, compose: Project) -> None:
    done = compose("exec", "-T", "--user", "0", service, "sh", "-c", "echo 1 > /etc/proofload-was-here")
    assert done.returncode
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_it_listens_on_loopback_alone(service: str, compose: Project) -> None:
    published = [
        binding
        for ports in compose.inspect(service)["NetworkSettings"]["Ports"].values()
        for binding in ports
    ]
    assert {one["HostIp"] for one in published} == {"127.0.0.1"}


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_is_shown(service: str, compose: Project) -> None:
    found = compose.inspect(service)
    named = [entry.partition("=")[0] for entry in found["Config"]["Env"]]
    telling = {name for name in named if re.search("PASSW|SECRET|TOKEN|KEY", name)}
    assert telling <= {"GPG_KEY"}  # the public one of Python's official image
    logs = docker("logs", found["Id"])
    assert CANARY not in f"{found}{logs.stdout}{logs.stderr}"


def test_prometheus_scrapes_the_target(compose: Project) -> None:
    address = compose.address("prometheus", 9090)
    asked = {"query": 'up{job="target"}'}
    found = requests.get(f"{address}/api/v1/query", params=asked, timeout=10).json()["data"]["result"]
    assert [one["value"][1] for one in found] == ["1"]


def test_alertmanager_is_ready(compose: Project) -> None:
    assert requests.get(f"{compose.address('alertmanager', 9093)}/-/ready", timeout=10).ok


@pytest.mark.parametrize("service", ["check", "load", "worker"])
def test_what_sends_may_do_little_and_publishes_no_port(service: str) -> None:
    need_compose()
    done = docker("compose", "--profile", "*", "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["services"][service]
    assert "ports" not in found
    assert int(found["user"].partition(":")[0]) > 0
    assert (found["read_only"], found["cap_drop"]) == (True, ["ALL"])
    assert found["security_opt"] == ["no-new-privileges:true"]


def test_an_administrator_needs_a_password_of_yours(tmp_path: Path) -> None:
    need_compose()
    files = ("-f", "docker-compose.yml", "-f", "docker-compose.admin.yml")
    refused = docker("compose", *files, "config")
    assert refused.returncode
    assert "GRAFANA_ADMIN_PASSWORD_FILE" in refused.stderr
    (tmp_path / "password").write_text(CANARY)
    environment = os.environ | {"GRAFANA_ADMIN_PASSWORD_FILE": str(tmp_path / "password")}
    taken = docker("compose", *files, "config", environment=environment)
    assert taken.returncode == 0, taken.stderr
    assert CANARY not in taken.stdout
