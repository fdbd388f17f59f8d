"""Preflight against a real Prometheus with a job that is up and one that is down, and other servers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slo.lint import run_preflight
from slo.lint.preflight import GRACE_SECONDS
from slo.openslo import load_spec
from slo.prometheus import ConnectionSettings, PrometheusClient
from tests.support.http_faults import Responder, find_refused_url, respond_success, respond_text, run_server
from tests.support.prometheus_server import ScrapedPrometheus, run_prometheus
from tests.support.specs import EVENTS_SPEC

CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: flask
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:1"]}}]
"""
METRICS = 'orders_total 5\npaid_total 5\npaid_seconds_count 1\nbatch_total{job="pushed"} 1\n'
PROFILE = "name: p\nrequests: [{path: /}]\nstages: [{duration: 1s, rate: 5}]\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScrapedPrometheus]:
    configuration = CONFIGURATION.replace("job_name: flask", "job_name: flask\n    honor_labels: true")
    with run_prometheus(tmp_path_factory.mktemp("p"), configuration=configuration) as server:
        server.page.text = METRICS
        deadline = time.monotonic() + 30
        while not server.client.query_instant("orders_total and on() (count(up) == 2)", time.time()).series:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield server


def write_spec(folder: Path, good: str, total: str) -> Path:
    path = folder / "spec.yaml"
    text = EVENTS_SPEC.replace("query: paid_total", f"query: '{good}'")
    path.write_text(text.replace("query: orders_total", f"query: '{total}'"))
    return path


@dataclass(frozen=True)
class Case:
    good: str
    total: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


KNOWN = 'known: flask (up), node (down: Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: '
LATER = "has no series yet; it may appear with the first request"
UP, NODE, NOSUCH = '{job="flask"}', '{job="node"}', '{job="nosuch"}'
CASES: dict[str, Case] = {
    "a job that is up": Case("paid_total" + UP, "orders_total" + UP),
    "no job is named": Case("paid_total", "orders_total"),
    "a job that does not exist": Case(
        "paid_total" + NOSUCH, "orders_total" + NOSUCH, (f'no target has job="nosuch"; {KNOWN}',)
    ),
    "a job that is down": Case(
        "paid_total" + NODE, "orders_total" + NODE, ('no target with job="node" is up; known: node (down',)
    ),
    "both are told at once": Case(
        "paid_total" + NOSUCH,
        "orders_total" + NODE,
        ('no target has job="nosuch"', 'no target with job="node" is up'),
    ),
    "a pattern that matches a job that is up": Case(
        'paid_total{job=~"node|fla.*"}', 'orders_total{job=~"node|fla.*"}'
    ),
    "a pattern that matches no job": Case(
        'paid_total{job=~"f|n"}', 'orders_total{job=~"f|n"}', (f'no target has job=~"f|n"; {KNOWN}',)
    ),
    "a job in a query that only Prometheus evaluates": Case(
        'max_over_time(paid_total{job="nosuch"}[1m])',
        "max_over_time(orders_total[1m])",
        ('no target has job="nosuch"',),
    ),
    "a job whose series were pushed": Case('batch_total{job="pushed",ok="1"}', 'batch_total{job="pushed"}'),
    "a metric before its first request": Case(
        "refund_total" + UP,
        "orders_total" + UP,
        notes=("metrics that may appear with the first request: refund_total",),
    ),
    "a misspelt metric": Case(
        "payd_total" + UP,
        "order_total" + UP,
        notes=(
            f"the metric payd_total {LATER}; similar names: paid_total",
            f"the metric order_total {LATER}; similar names: orders_total",
        ),
    ),
    "a classic name of a native histogram": Case("paid_seconds_count" + UP, "orders_total" + UP),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_jobs_and_metrics_of_a_spec(case: Case, prometheus: ScrapedPrometheus, tmp_path: Path) -> None:
    spec = load_spec([write_spec(tmp_path, case.good, case.total)])
    started = time.monotonic()
    preflight = run_preflight(spec, prometheus.client)
    assert time.monotonic() - started < (GRACE_SECONDS + 2 if case.problems else 2)
    assert len(preflight.problems) == len(case.problems), preflight.problems
    for problem, expected in zip(sorted(preflight.problems), sorted(case.problems), strict=True):
        assert expected in problem
    assert sorted(preflight.notes) == sorted(case.notes)


def test_the_job_of_the_load_generator_may_be_down_until_the_load(
    prometheus: ScrapedPrometheus, tmp_path: Path
) -> None:
    own = 'proofload_load_requests_total{job="node"}'
    spec = load_spec([write_spec(tmp_path, own, own)])
    assert not run_preflight(spec, prometheus.client, serves_load_metrics=True).problems
    assert run_preflight(spec, prometheus.client).problems


OTHER_SERVERS: dict[str, tuple[Responder, str]] = {
    "a web page": (respond_text("<html>Sign in</html>"), "not a response of the Prometheus HTTP API"),
    "a page that is missing": (respond_text("no", 404), "responded with 404"),
    "another API": (respond_success({"resultType": "vector", "result": []}), "is no Prometheus"),
    "refused credentials": (respond_text("", 401), "it refuses the credentials"),
    "a server that is starting": (respond_text("starting", 503), "responded with 503"),
}


@pytest.mark.parametrize("case", OTHER_SERVERS.values(), ids=OTHER_SERVERS.keys())
def test_a_server_that_is_no_prometheus(case: tuple[Responder, str], tmp_path: Path) -> None:
    responder, message = case
    spec = load_spec([write_spec(tmp_path, "paid_total", "orders_total")])
    with (
        run_server(responder) as server,
        PrometheusClient(ConnectionSettings(server.url, retries=0)) as client,
    ):
        [problem] = run_preflight(spec, client).problems
    assert message in problem
    assert server.url in problem


# --- The command --------------------------------------------------------------------------------


def run_command(folder: Path, target: str, prometheus: str) -> subprocess.CompletedProcess[str]:
    (folder / "profile.yaml").write_text(PROFILE)
    addresses = ["--target", target, "--prometheus", prometheus]
    command = ["run", "--spec", "spec.yaml", "--profile", "profile.yaml", *addresses, "--out", "out"]
    return subprocess.run(
        [sys.executable, "-m", "proofload", *command],
        cwd=folder,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_prometheus", [True, False], ids=["a wrong job", "no Prometheus at all"])
def test_a_run_that_can_not_be_judged_sends_nothing(
    is_prometheus: bool, prometheus: ScrapedPrometheus, tmp_path: Path
) -> None:
    write_spec(tmp_path, "paid_total" + NOSUCH, "orders_total" + NODE)
    url = prometheus.client.connection.url if is_prometheus else find_refused_url()
    started = time.monotonic()
    with run_server(respond_text("ok")) as target:
        done = run_command(tmp_path, target.url, url)
    assert time.monotonic() - started < GRACE_SECONDS + 20
    assert (done.returncode, done.stdout, target.requests) == (2, "", []), done.stderr
    expected = (
        ['proofload: preflight: no target has job="nosuch"; known: flask (up)', '\nno target with job="node"']
        if is_prometheus
        else [f"proofload: preflight: {url} does not respond"]
    )
    assert all(text in done.stderr for text in expected), done.stderr
    assert not (tmp_path / "out" / "verdict.json").exists()
