"""Every query of every panel returns data from a real Prometheus, after a real load on the reference service.

Prometheus scrapes the service and the load generator as in ``monitoring/prometheus/prometheus.yml``, and
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
from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    ManagedProcess,
    PrometheusNotFoundError,
    find_free_ports,
    find_prometheus,
)
from proofload.stack.stack import build_scrape_configuration
from tests.support.dashboards import (
    LISTED_VALUE,
    Query,
    list_panels,
    list_queries,
    load_dashboards,
    substitute_variables,
)
from tests.support.live_stack import LivePrometheus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

MONITORING = ROOT / "monitoring"
RULE_INTERVAL, TEST_INTERVAL = "interval: 1m", "interval: 1s"
LOAD_SECONDS = 10


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePrometheus]:
    folder = tmp_path_factory.mktemp("live")
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    target, load, port = find_free_ports(3)
    configuration = _write_configuration(folder, {LISTED_VALUE: target, "proofload-load": load})
    service_command = [sys.executable, "-m", "target_service"]
    environment = os.environ | {"TARGET_PORT": str(target)}
    prometheus_command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with ExitStack() as running:
        service = ManagedProcess("the service", service_command, folder / "target.log", environment)
        running.callback(service.stop)
        prometheus = ManagedProcess("Prometheus", prometheus_command, folder / "prometheus.log")
        running.callback(prometheus.stop)
        service.await_ready(f"http://127.0.0.1:{target}/ready", READY_TIMEOUT_SECONDS)
        url = f"http://127.0.0.1:{port}"
        prometheus.await_ready(f"{url}/-/ready", READY_TIMEOUT_SECONDS)
        yield LivePrometheus(url, _run_load(f"http://127.0.0.1:{target}", url, load, folder / "run"))


def _write_configuration(folder: Path, ports: Mapping[str, int]) -> Path:
    """Write the project's configuration with these ports of its jobs, and rules evaluated every second."""
    rules = (MONITORING / "rules" / "slo.rules.yaml").read_text()
    assert RULE_INTERVAL in rules
    (folder / "rules.yaml").write_text(rules.replace(RULE_INTERVAL, TEST_INTERVAL))
    configuration = build_scrape_configuration(ports) | {"rule_files": ["rules.yaml"]}
    del configuration["alerting"]
    path = folder / "prometheus.json"
    path.write_text(json.dumps(configuration))
    return path


def _run_load(target: str, prometheus: str, metrics_port: int, out: Path) -> float:
    """Run ``proofload run`` with the load generator's metrics scraped; return the load's end (Unix time)."""
    addresses = ["--target", target, "--prometheus", prometheus, "--metrics-port", str(metrics_port)]
    options = ["--duration", f"{LOAD_SECONDS}s", "--out", str(out)]
    command = [sys.executable, "-m", "proofload", "run", *addresses, *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=out.parent, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert (out / "verdict.json").is_file(), done.stdout + done.stderr  # any verdict
    return float(json.loads((out / "run.json").read_text())["window"]["end"])


def test_every_rule_is_evaluated_without_an_error(live: LivePrometheus) -> None:
    rules = [rule for group in live.get_api("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}


def test_every_query_of_every_panel_returns_data(live: LivePrometheus) -> None:
    series_counts = {query: live.count_series(query) for query in list_queries()}
    empty = [str(query) for query, count in series_counts.items() if not count]
    panels = sum(len(list_panels(board)) for board in load_dashboards().values())
    for query, count in series_counts.items():
        print(f"{query} | {count} series")  # noqa: T201 - docs/dashboards.md tells readers to print the list
    print(f"{panels} panels, {len(series_counts)} queries, {len(empty)} empty")  # noqa: T201
    assert series_counts
    assert not empty, "\n".join(empty)


def test_process_panels_show_the_service_only(live: LivePrometheus) -> None:
    """The load generator and Prometheus have ``process_*`` metrics too."""
    queries = [
        query
        for query in list_queries()
        if query.dashboard == "proofload-service" and "process_" in query.expr
    ]
    assert queries
    assert {live.count_series(query) for query in queries} == {1}


def test_every_variable_has_values(live: LivePrometheus) -> None:
    for board in load_dashboards().values():
        for variable in board["templating"]["list"][1:]:
            text = substitute_variables(variable["query"], board)
            series, label = text.removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            values = live.get_api(f"label/{label}/values", **{"match[]": series})
            assert values == [LISTED_VALUE] if "allValue" not in variable else values, text


def test_a_query_without_data_is_detected(live: LivePrometheus) -> None:
    """The test above can fail: an unknown metric has no series, and NaN is not data."""
    assert live.count_series(Query("", "", "no_such_metric", instant=False)) == 0
    assert live.count_series(Query("", "", "vector(0) / 0", instant=True)) == 0
