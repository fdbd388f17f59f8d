"""Every query of every panel returns data of a real Prometheus, after a real load on the real target.

Two things are stand-ins: the load generator's metrics (a real exposition, scraped, of made-up books:
:mod:`tests.monitoring.books`) and the SLO rules (``slo_rules.yaml``: the right names over one simple ratio).
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from monitoring.build import ROOT
from proofload.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.scrapes import await_scrape
from proofload.stack import READY_SECONDS, _target, free_ports
from proofload.supervised import Supervised
from slo.connection import Connection
from slo.model import Service, Spec
from slo.prometheus import Prometheus
from tests.monitoring.boards import Query, boards, queries, substituted
from tests.monitoring.books import serving_books

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

RULES = Path(__file__).with_name("slo_rules.yaml")
CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - {{job_name: target, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}
  - {{job_name: load, static_configs: [{{targets: ["127.0.0.1:{load}"]}}]}}
"""
LOAD_SECONDS = 10
SHOWN_SECONDS = 30
"""What the dashboards would show: the load and what came before and after."""
STEP_SECONDS = 1
SETTLED_RULES_SECONDS = 2.5
"""Two evaluations of the rules: a rule may read what the one before it recorded a round ago."""


@dataclass(frozen=True)
class Live:
    """A Prometheus that has seen a load, and the time (Unix seconds) at which it ended."""

    url: str
    end: float

    def ask(self, path: str, **parameters: object) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=dict(parameters), timeout=10)  # type: ignore[arg-type]
        assert answer.ok, answer.text
        return answer.json()["data"]

    def series(self, query: Query) -> int:
        """Count the series with at least one finite value."""
        if query.instant:
            found = self.ask("query", query=query.expr, time=self.end)["result"]
            values = [[row["value"]] for row in found]
        else:
            start = self.end - SHOWN_SECONDS
            found = self.ask("query_range", query=query.expr, start=start, end=self.end, step=STEP_SECONDS)
            values = [row["values"] for row in found["result"]]
        return sum(any(math.isfinite(float(value)) for _, value in row) for row in values)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    with ExitStack() as running:
        load_port = running.enter_context(serving_books())
        target_port, port = free_ports(2)
        target = _target(target_port, folder, {"workers": 1, "faults": 0})
        running.callback(target.stop)
        target.await_ready(f"http://127.0.0.1:{target_port}/ready", READY_SECONDS)
        ports = {"target": target_port, "load": load_port}
        prometheus = _prometheus(binary, folder, port, ports)
        running.callback(prometheus.stop)
        url = f"http://127.0.0.1:{port}"
        prometheus.await_ready(f"{url}/-/ready", READY_SECONDS)
        yield Live(url, _loaded(f"http://127.0.0.1:{target_port}", url, folder))


def _prometheus(binary: Path, folder: Path, port: int, ports: dict[str, int]) -> Supervised:
    configuration = folder / "prometheus.yml"
    configuration.write_text(CONFIGURATION.format(rules=RULES, **ports))
    command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    return Supervised("Prometheus", command, folder / "prometheus.log")


def _loaded(target: str, url: str, folder: Path) -> float:
    """Load the target, await the scrape and the rules after it, and give the load's end."""
    profile = ROOT / "loadtests" / "profiles" / "smoke.yaml"
    options = ["--profile", str(profile), "--target", target, "--duration", f"{LOAD_SECONDS}s"]
    command = [sys.executable, "-m", "proofload", "load", *options, "--out", str(folder / "run")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    spec = Spec((), (Service("target", requests='http_requests_total{job="target"}'),))
    after = time.time() + SETTLED_RULES_SECONDS
    with Prometheus(Connection(url)) as api:
        return await_scrape(api, spec, after=after, deadline_seconds=30)


def test_every_query_of_every_panel_returns_data(live: Live) -> None:
    found = {query: live.series(query) for query in queries()}
    for query, number in found.items():
        print(f"{query} | {number} series")  # noqa: T201 - the list is what this test is read for
    print(f"{len(found)} queries")  # noqa: T201
    assert found
    empty = [str(query) for query, number in found.items() if not number]
    assert not empty, "\n".join(empty)


def test_every_variable_finds_values(live: Live) -> None:
    for board in boards().values():
        for variable in board["templating"]["list"][1:]:
            text = substituted(variable["query"], board)
            series, label = text.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            assert live.ask(f"label/{label}/values", **{"match[]": series}), text


def test_a_query_without_data_is_seen(live: Live) -> None:
    """The test above can fail: a name that nobody exposes has no series, and NaN is no data."""
    assert live.series(Query("", "", "no_such_metric", instant=False)) == 0
    assert live.series(Query("", "", "vector(0) / 0", instant=True)) == 0
