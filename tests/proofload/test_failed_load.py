"""``proofload run --stack external`` on a real FastAPI service: failed requests, and other traffic."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    Endpoints,
    ManagedProcess,
    PrometheusNotFoundError,
    find_free_ports,
    find_prometheus,
)
from tests.support.processes import RUN_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

ROOT = Path(__file__).resolve().parents[2]
SHOP = """\
from itertools import count

from fastapi import FastAPI, HTTPException
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
numbers = count()
Instrumentator().instrument(app).expose(app)


@app.get("/fine")
def fine() -> str:
    return "fine"


@app.get("/private")
def private() -> None:
    raise HTTPException(401, "the token expired")


@app.get("/flaky")
def flaky() -> str:
    if next(numbers) % 20 == 0:
        raise HTTPException(500)
    return "fine"


@app.get("/broken")
def broken() -> None:
    raise HTTPException(500)
"""
PROMETHEUS = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
AVAILABILITY = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  indicator:
    metadata: {name: server-errors}
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec: {query: 'http_requests_total{job="shop",handler!="/metrics",status="5xx"}'}
        total:
          metricSource:
            type: Prometheus
            spec: {query: 'http_requests_total{job="shop",handler!="/metrics"}'}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9}]
"""
LATENCY = """\
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: latency}
spec:
  service: shop
  indicator:
    metadata: {name: fast}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            spec: {query: 'http_request_duration_seconds_bucket{job="shop",handler!="/metrics",le="1.0"}'}
        total:
          metricSource:
            type: Prometheus
            spec: {query: 'http_request_duration_seconds_count{job="shop",handler!="/metrics"}'}
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9}]
"""
ALL_REQUESTS = AVAILABILITY.replace(',handler!="/metrics"', "")
ANNOTATED = (
    "apiVersion: openslo/v1\n"
    "kind: Service\n"
    "metadata:\n"
    "  name: shop\n"
    "  annotations:\n"
    '    proofload/requests: http_requests_total{job="shop"}\n---\n'
)
LOCUSTFILE = """\
from locust import FastHttpUser, task


class Buyer(FastHttpUser):
    @task
    def buy(self):
        with self.client.get("/fine", name="buy", catch_response=True) as response:
            if "paid" not in response.text:
                response.failure("the order is not paid")
"""
OTHER_TRAFFIC = "policy: {other_traffic: true}\n"
SENT = 240


@dataclass(frozen=True)
class Case:
    """A path that is requested, and what the run must end with."""

    path: str
    code: int
    verdicts: dict[str, str]
    """Verdict by SLO name, or the reason if UNDECIDED."""
    last_line: str
    spec: str = AVAILABILITY + LATENCY
    policy: str = "policy: {}\n"
    failed: int = 0
    reason: str = ""
    status: int = 0
    requests: str = ""
    detail: str = ""


CASES = {
    "every request is answered as expected": Case(
        "/fine",
        0,
        {"availability": "MET", "latency": "MET"},
        "MET 2 of 2 objectives met; 240 requests sent",
        detail="0 of 240 requests failed",
    ),
    "an expired token: every answer is 401": Case(
        "/private",
        3,
        {"availability": "load_failed", "latency": "load_failed"},
        "UNDECIDED 2 of 2 objectives undecided (load failed); 240 requests sent, 240 failed",
        failed=SENT,
        reason="status 401",
        status=401,
    ),
    "a wrong path: every answer is 404": Case(
        "/wrong",
        3,
        {"availability": "load_failed", "latency": "load_failed"},
        "UNDECIDED 2 of 2 objectives undecided (load failed); 240 requests sent, 240 failed",
        failed=SENT,
        reason="status 404",
        status=404,
    ),
    "the user's own check rejects every answer": Case(
        "/fine",
        3,
        {"availability": "load_failed", "latency": "load_failed"},
        "UNDECIDED 2 of 2 objectives undecided (load failed); 240 requests sent, 240 failed",
        failed=SENT,
        reason="unexpected answer",
        status=200,
        requests="locustfile: users.py",
    ),
    "server errors within the budget": Case(
        "/flaky",
        0,
        {"availability": "MET", "latency": "MET"},
        "MET 2 of 2 objectives met; 240 requests sent, 12 failed",
        failed=12,
        reason="status 500",
        status=500,
        detail="12 of 240 requests failed: 12 status 500; 12 of them are counted as bad events",
    ),
    "server errors that no objective counts": Case(
        "/flaky",
        3,
        {"latency": "load_failed"},
        "UNDECIDED 1 of 1 objective undecided (load failed); 240 requests sent, 12 failed",
        spec=LATENCY,
        failed=12,
        reason="status 500",
        status=500,
    ),
    "every answer is a server error": Case(
        "/broken",
        1,
        {"availability": "MISSED", "latency": "load_failed"},
        "MISSED 1 of 2 objectives missed (availability: 0 %, target ≥ 90 %), 1 undecided; 240 requests sent, "
        "240 failed",
        failed=SENT,
        reason="status 500",
        status=500,
    ),
    "a policy that allows every request to fail": Case(
        "/private",
        0,
        {"availability": "MET"},
        "MET 1 of 1 objective met; 240 requests sent, 240 failed",
        spec=AVAILABILITY,
        policy="policy: {failed_requests: 1}\n",
        failed=SENT,
        reason="status 401",
        status=401,
    ),
    "a service that counts its scrapes": Case(
        "/fine",
        3,
        {"availability": "counts_do_not_reconcile"},
        "UNDECIDED 1 of 1 objective undecided (counts do not reconcile); 240 requests sent,",
        spec=ALL_REQUESTS,
        detail=' scrapes of /metrics, handler="/metrics"',
    ),
    "a service that counts its scrapes, and other traffic is allowed": Case(
        "/fine",
        0,
        {"availability": "MET"},
        "MET 1 of 1 objective met; 240 requests sent,",
        spec=ALL_REQUESTS,
        policy=OTHER_TRAFFIC,
        detail=' scrapes of /metrics, handler="/metrics"; policy.other_traffic allows it',
    ),
    "the annotated counter counts scrapes": Case(
        "/fine",
        3,
        {"availability": "counts_do_not_reconcile"},
        "UNDECIDED 1 of 1 objective undecided (counts do not reconcile); 240 requests sent,",
        spec=ANNOTATED + AVAILABILITY,
        policy=OTHER_TRAFFIC,
        detail=' scrapes of /metrics, handler="/metrics"',
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Start the service with uvicorn, and a Prometheus that scrapes it every second."""
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(SHOP)
    service_port, prometheus_port = find_free_ports(2)
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(port=service_port))
    commands = {
        "shop": [
            *(sys.executable, "-m", "uvicorn", "--app-dir", str(folder), "shop:app"),
            *("--port", str(service_port), "--no-access-log"),
        ],
        "prometheus": [
            *(str(binary), f"--config.file={folder / 'prometheus.yml'}"),
            *(f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{prometheus_port}"),
        ],
    }
    endpoints = Endpoints(f"http://127.0.0.1:{service_port}", f"http://127.0.0.1:{prometheus_port}")
    ready = {"shop": f"{endpoints.target_url}/fine", "prometheus": f"{endpoints.prometheus_url}/-/ready"}
    with ExitStack() as running:
        for name, command in commands.items():
            process = ManagedProcess(name, command, folder / f"{name}.log")
            running.callback(process.stop)
            process.await_ready(ready[name], READY_TIMEOUT_SECONDS)
        yield endpoints


def run_case(case: Case, shop: Endpoints, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "spec.yaml").write_text(case.spec.removeprefix("---\n"))
    (folder / "users.py").write_text(LOCUSTFILE)
    (folder / "proofload.yaml").write_text(case.policy)
    (folder / "profile.yaml").write_text(
        "name: shop\narrivals: constant\nstages: [{duration: 4s, rate: 60}]\n"
        + (case.requests or f"requests: [{{name: buy, path: {case.path}}}]")
    )
    command = [
        *(sys.executable, "-m", "proofload", "run", "--stack", "external", "--target", shop.target_url),
        *("--prometheus", shop.prometheus_url, "--spec", "spec.yaml", "--profile", "profile.yaml"),
        *("--out", "run"),
    ]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )


def read_verdict(folder: Path) -> Any:
    verdict = json.loads((folder / "run" / "verdict.json").read_text())
    schema = json.loads((ROOT / "reports" / "writers" / "verdict.schema.json").read_text())
    jsonschema.validate(verdict, schema)
    return verdict


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_run_against_a_real_service(case: Case, shop: Endpoints, tmp_path: Path) -> None:
    done = run_case(case, shop, tmp_path)
    assert done.returncode == case.code, done.stdout + done.stderr
    verdict = read_verdict(tmp_path)
    outcomes = {o["slo"]: o["reason"] or o["verdict"] for o in verdict["objectives"]}
    assert outcomes == case.verdicts
    output = " ".join(done.stdout.split())
    assert case.last_line in output, done.stdout
    assert output.rindex(case.last_line) > output.rindex("report:"), done.stdout
    details = [check["detail"] for check in verdict["checks"]]
    assert any(case.detail in detail for detail in details), details
    failed = verdict["failed_requests"]
    assert (failed["sent"], failed["failed"]) == (SENT, case.failed)
    if case.failed:
        share = f"{case.failed} of {SENT} requests failed"
        for name in ("report.md", "report.html", "junit.xml"):
            text = (tmp_path / "run" / name).read_text()
            assert not [part for part in (share, "buy", case.reason) if part not in text], name
        assert f"{case.failed} buy: {case.reason}" in done.stdout
        assert [row["status"] for row in failed["rows"]] == [case.status]
