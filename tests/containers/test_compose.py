"""docker-compose.yml with a real container engine: start, load, evaluation, inspection."""

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

from tests.containers.composing import (
    CANARY,
    SERVICES,
    Project,
    docker,
    require_compose,
    require_engine,
    run_project,
)
from tests.support.dashboards import list_queries
from tests.support.live_stack import LivePrometheus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.containers,
    pytest.mark.timeout(600),
]
SENT = 1_000
"""Ten seconds of the steady profile, so that gauges have enough samples."""
ONCE = ("run", "--rm", "-T")
SHORT = ("check", "--duration", "10s")
SENT_BY_WORKERS = 1_000
WORKERS = 4
GONE_SECONDS = 30.0
"""Maximum time until Prometheus sees that a name no longer resolves, and drops its targets."""


@pytest.fixture(scope="module")
def compose() -> Iterator[Project]:
    require_engine()
    with run_project() as project:
        yield project


def expected_counts(sent: int) -> dict[str, int]:
    return {"sent": sent, "completed": sent, "counted": sent, "difference": 0}


def counts_of(verdict: dict[str, Any]) -> dict[str, Any]:
    checks = {check["name"]: check for check in verdict["checks"]}
    numbers: dict[str, Any] = checks["counts_reconcile"]["numbers"]
    return numbers


def test_a_healthy_service_is_met_and_every_request_is_counted(compose: Project) -> None:
    done = compose(*ONCE, "--use-aliases", *SHORT)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = compose.read_latest("verdict.json")
    assert verdict["verdict"] == "MET"
    assert counts_of(verdict) == expected_counts(SENT)
    record = compose.read_latest("run.json")
    sent_requests = 'sum(max_over_time(proofload_requests_sent_total{job="proofload-load"}[30s]))'
    live = LivePrometheus(compose.address("prometheus", 9090), record["window"]["end"])
    [sample] = live.get_api("query", query=sent_requests, time=live.end)["result"]
    assert 0 < float(sample["value"][1]) <= SENT


def test_a_failing_service_is_missed(compose: Project) -> None:
    try:
        done = compose(*ONCE, *SHORT, "--fault", "error_ratio=0.05")
    finally:
        requests.post(f"{compose.address('target', 8000)}/_faults", json={}, timeout=10).raise_for_status()
    assert done.returncode == 1, done.stdout + done.stderr
    verdict = compose.read_latest("verdict.json")
    missed = {objective["slo"] for objective in verdict["objectives"] if objective["verdict"] == "MISSED"}
    assert (verdict["verdict"], missed) == ("MISSED", {"availability"})
    assert counts_of(verdict)["difference"] == 0


@dataclass(frozen=True)
class WorkerLoad:
    """The result of a load sent by workers."""

    joined: int
    exit_code: int
    log: str
    record: dict[str, Any]
    verdict: dict[str, Any]


@pytest.fixture(scope="module")
def by_workers(compose: Project) -> WorkerLoad:
    services = ("--scale", f"worker={WORKERS}", "load", "worker")
    try:
        compose.run("--profile", "load", "up", "--detach", *services)
        joined = compose.run("--profile", "load", "ps", "--all", "--quiet", "worker").split()
        done = compose("--profile", "load", "wait", "load")
        log = compose.run("--profile", "load", "logs", "load")
    finally:
        compose.run("--profile", "load", "rm", "--force", "--stop", "load", "worker")
    files = (compose.read_latest(name) for name in ("run.json", "verdict.json"))
    return WorkerLoad(len(joined), done.returncode, log, *files)


def test_four_workers_send_what_prometheus_counts(by_workers: WorkerLoad) -> None:
    assert by_workers.joined == WORKERS
    assert by_workers.exit_code == 0, by_workers.log
    total = by_workers.record["total"]
    assert total["offered"] == total["sent"] + total["dropped"] == SENT_BY_WORKERS
    assert counts_of(by_workers.verdict) == expected_counts(SENT_BY_WORKERS)


def test_the_load_dashboard_shows_the_load(compose: Project, by_workers: WorkerLoad) -> None:
    live = LivePrometheus(compose.address("prometheus", 9090), by_workers.record["window"]["end"])
    queries = [query for query in list_queries() if query.dashboard == "proofload-load"]
    assert queries
    assert [str(query) for query in queries if not live.count_series(query)] == []


def test_soon_after_a_load_no_target_is_down_and_no_metric_absent(compose: Project) -> None:
    live = LivePrometheus(compose.address("prometheus", 9090), time.time())
    deadline = time.monotonic() + GONE_SECONDS
    query = 'up == 0 or ALERTS{alertname="SLOMetricAbsent"}'
    while problems := [*_list_targets(live, "proofload-load"), *live.get_api("query", query=query)["result"]]:
        assert time.monotonic() < deadline, problems
        time.sleep(0.5)
    assert _list_targets(live, "target")


def _list_targets(live: LivePrometheus, job: str) -> list[str]:
    """Return the URLs that Prometheus scrapes for a job."""
    active = live.get_api("targets", state="active")["activeTargets"]
    return [target["scrapeUrl"] for target in active if target["labels"]["job"] == job]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_restricted_rights_and_resources(service: str, compose: Project) -> None:
    container = compose.inspect(service)
    host = container["HostConfig"]
    assert int(container["Config"]["User"].partition(":")[0]) > 0
    assert host["ReadonlyRootfs"]
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0


@pytest.mark.parametrize("service", SERVICES)
def test_its_processes_have_no_capabilities(service: str, compose: Project) -> None:
    status = compose.run("exec", "-T", service, "cat", "/proc/1/status")
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
def test_it_listens_only_on_loopback(service: str, compose: Project) -> None:
    published = [
        binding
        for ports in compose.inspect(service)["NetworkSettings"]["Ports"].values()
        for binding in ports
    ]
    assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_is_visible(service: str, compose: Project) -> None:
    container = compose.inspect(service)
    variables = [entry.partition("=")[0] for entry in container["Config"]["Env"]]
    secrets = {name for name in variables if re.search("PASSW|SECRET|TOKEN|KEY", name)}
    assert secrets <= {"GPG_KEY"}  # the public key of Python's official image
    logs = docker("logs", container["Id"])
    assert CANARY not in f"{container}{logs.stdout}{logs.stderr}"


def test_prometheus_scrapes_the_target(compose: Project) -> None:
    address = compose.address("prometheus", 9090)
    parameters = {"query": 'up{job="target"}'}
    response = requests.get(f"{address}/api/v1/query", params=parameters, timeout=10).json()
    assert [sample["value"][1] for sample in response["data"]["result"]] == ["1"]


def test_alertmanager_is_ready(compose: Project) -> None:
    assert requests.get(f"{compose.address('alertmanager', 9093)}/-/ready", timeout=10).ok


@pytest.mark.parametrize("service", ["check", "load", "worker"])
def test_services_that_send_load_have_restricted_rights_and_publish_no_port(service: str) -> None:
    require_compose()
    done = docker("compose", "--profile", "*", "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    container = json.loads(done.stdout)["services"][service]
    assert "ports" not in container
    assert int(container["user"].partition(":")[0]) > 0
    assert (container["read_only"], container["cap_drop"]) == (True, ["ALL"])
    assert container["security_opt"] == ["no-new-privileges:true"]


def test_an_administrator_needs_a_password_file(tmp_path: Path) -> None:
    require_compose()
    files = ("-f", "docker-compose.yml", "-f", "docker-compose.admin.yml")
    rejected = docker("compose", *files, "config")
    assert rejected.returncode
    assert "GRAFANA_ADMIN_PASSWORD_FILE" in rejected.stderr
    (tmp_path / "password").write_text(CANARY)
    environment = os.environ | {"GRAFANA_ADMIN_PASSWORD_FILE": str(tmp_path / "password")}
    accepted = docker("compose", *files, "config", environment=environment)
    assert accepted.returncode == 0, accepted.stderr
    assert CANARY not in accepted.stdout
