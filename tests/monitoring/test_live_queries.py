"""Every query of every panel returns data of a real Prometheus, after a real load on the real target.

Prometheus scrapes the target and the load generator as ``monitoring/prometheus/prometheus.yml`` says, and
evaluates the rules that ``proofload rules`` wrote from the reference spec; every second, not every minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitoring.build import ROOT
from proofload.stack.managed_process import Supervised
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.stack import READY_SECONDS, free_ports, scraping
from tests.support.dashboards import LISTED, Query, boards, panels, queries, substituted
from tests.support.live_stack import Live

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

MONITORING = ROOT / "monitoring"
WRITTEN_INTERVAL, INTERVAL = "interval: 1m", "interval: 1s"
LOAD_SECONDS = 10


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    target, load, port = free_ports(3)
    configuration = _configured(folder, {LISTED: target, "proofload-load": load})
    serving, setting = [sys.executable, "-m", "target_service"], {"TARGET_PORT": str(target)}
    watching = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with ExitStack() as running:
        service = Supervised("the target", serving, folder / "target.log", os.environ | setting)
        running.callback(service.stop)
        prometheus = Supervised("Prometheus", watching, folder / "prometheus.log")
        running.callback(prometheus.stop)
        service.await_ready(f"http://127.0.0.1:{target}/ready", READY_SECONDS)
        url = f"http://127.0.0.1:{port}"
        prometheus.await_ready(f"{url}/-/ready", READY_SECONDS)
        yield Live(url, _loaded(f"http://127.0.0.1:{target}", url, load, folder / "run"))


def _configured(folder: Path, ports: Mapping[str, int]) -> Path:
    """Write the project's configuration with the ports of its jobs here, and its rules, soon evaluated."""
    rules = (MONITORING / "rules" / "slo.rules.yaml").read_text()
    assert WRITTEN_INTERVAL in rules
    (folder / "rules.yaml").write_text(rules.replace(WRITTEN_INTERVAL, INTERVAL))
    made = scraping(ports) | {"rule_files": ["rules.yaml"]}
    del made["alerting"]
    path = folder / "prometheus.json"
    path.write_text(json.dumps(made))
    return path


def _loaded(target: str, prometheus: str, metrics_port: int, out: Path) -> float:
    """Do the main job on both, with the load generator's metrics scraped; give the end of the load."""
    places = ["--target", target, "--prometheus", prometheus, "--metrics-port", str(metrics_port)]
    options = ["--duration", f"{LOAD_SECONDS}s", "--out", str(out)]
    command = [sys.executable, "-m", "proofload", "run", *places, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert (out / "verdict.json").is_file(), done.stdout + done.stderr  # whatever the verdict
    return float(json.loads((out / "run.json").read_text())["window"]["end"])


def test_every_rule_is_evaluated_without_a_fault(live: Live) -> None:
    rules = [rule for group in live.ask("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}


def test_every_query_of_every_panel_returns_data(live: Live) -> None:
    found = {query: live.series(query) for query in queries()}
    empty = [str(query) for query, number in found.items() if not number]
    shown = sum(len(panels(board)) for board in boards().values())
    for query, number in found.items():
        print(f"{query} | {number} series")  # noqa: T201 - the list is what this test is read for
    print(f"{shown} panels, {len(found)} queries, {len(empty)} empty")  # noqa: T201
    assert found
    assert not empty, "\n".join(empty)


def test_the_service_is_told_from_other_processes(live: Live) -> None:
    """The load generator and Prometheus have ``process_*`` metrics, too."""
    asked = [one for one in queries() if one.dashboard == "proofload-service" and "process_" in one.expr]
    assert asked
    assert {live.series(one) for one in asked} == {1}


def test_every_variable_finds_values(live: Live) -> None:
    for board in boards().values():
        for variable in board["templating"]["list"][1:]:
            text = substituted(variable["query"], board)
            series, label = text.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            found = live.ask(f"label/{label}/values", **{"match[]": series})
            assert found == [LISTED] if "allValue" not in variable else found, text


def test_a_query_without_data_is_seen(live: Live) -> None:
    """The test above can fail: a name that nobody exposes has no series, and NaN is no data."""
    assert live.series(Query("", "", "no_such_metric", instant=False)) == 0
    assert live.series(Query("", "", "vector(0) / 0", instant=True)) == 0
