"""A service and a Prometheus that already run: ``run`` loads the service, ``check`` evaluates a window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema
import pytest

from proofload.stack import Endpoints, find_free_ports, start_process_stack
from tests.support.processes import RUN_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    logs = tmp_path_factory.mktemp("logs")
    with start_process_stack(
        logs, workers=2, faults=False, load_port=find_free_ports(1)[0], report_status=lambda _: None
    ) as endpoints:
        yield endpoints


def proofload(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a new folder, where its history is: it must not be a baseline of other runs."""
    command = [sys.executable, "-m", "proofload", *arguments]
    with TemporaryDirectory() as folder:
        return subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )


def read(run_directory: Path, name: str) -> Any:
    return json.loads((run_directory / name).read_text())


@pytest.fixture(scope="module")
def finished_run(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a run against a service with two worker processes."""
    run_directory = tmp_path_factory.mktemp("run")
    addresses = ["--target", stack.target_url, "--prometheus", stack.prometheus_url]
    done = proofload("run", *addresses, "--duration", "5s", "--out", str(run_directory))
    assert done.returncode == 0, done.stdout + done.stderr
    return run_directory


def test_a_run_against_an_external_stack_counts_every_request(finished_run: Path) -> None:
    checks = {check["name"]: check for check in read(finished_run, "verdict.json")["checks"]}
    assert checks["counts_reconcile"]["numbers"]["difference"] == 0
    assert checks["counts_reconcile"]["numbers"]["sent"] == 500


def test_a_service_without_fault_endpoint_rejects_faults(stack: Endpoints, tmp_path: Path) -> None:
    addresses = ["--target", stack.target_url, "--prometheus", stack.prometheus_url]
    fault = ["--fault", "error_ratio=0.02"]
    done = proofload("run", *addresses, *fault, "--duration", "1s", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "the target rejects the faults {'error_ratio': 0.02}" in done.stderr
    assert not (tmp_path / "run" / "verdict.json").exists()


@pytest.mark.parametrize("name", ["run", "evidence", "verdict", "policy"])
def test_the_files_of_a_run_match_their_schemas(name: str, finished_run: Path) -> None:
    directory = {
        "run": "loadtests/recording",
        "evidence": "slo/prometheus",
        "verdict": "reports/writers",
        "policy": "proofload/artifacts",
    }[name]
    schema = json.loads((ROOT / directory / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(finished_run, f"{name}.json"), schema)


def test_a_past_window_has_the_verdict_of_its_run(
    stack: Endpoints, finished_run: Path, tmp_path: Path
) -> None:
    verdict = read(finished_run, "verdict.json")
    window = ["--start", f"{verdict['window']['start']:.6f}", "--end", f"{verdict['window']['end']:.6f}"]
    done = proofload("check", "--prometheus", stack.prometheus_url, *window, "--out", str(tmp_path / "check"))
    assert done.returncode == 0, done.stdout + done.stderr
    checked = read(tmp_path / "check", "verdict.json")
    for before, after in zip(verdict["objectives"], checked["objectives"], strict=True):
        assert [after[key] for key in ("slo", "verdict", "good", "bad", "total")] == [
            before[key] for key in ("slo", "verdict", "good", "bad", "total")
        ]
    assert not (tmp_path / "check" / "run.json").exists()


def test_a_replay_yields_the_same_bytes(finished_run: Path, tmp_path: Path) -> None:
    done = proofload("check", "--replay", str(finished_run), "--out", str(tmp_path / "again"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "again" / "verdict.json").read_bytes() == (finished_run / "verdict.json").read_bytes()


def test_check_reports_that_it_ignores_a_baseline(finished_run: Path, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("policy: {baseline: {runs: [last-met]}}")
    done = proofload("check", "--replay", str(finished_run), "--config", str(tmp_path / "p.yaml"))
    assert (done.returncode, "policy.baseline is ignored" in done.stderr) == (0, True), done.stderr


def test_a_replay_of_a_replay_keeps_the_policy(finished_run: Path, tmp_path: Path) -> None:
    first = proofload(
        "check", "--replay", str(finished_run), "--confidence", "0.999999", "--out", str(tmp_path / "a")
    )
    assert (first.returncode, "within_confidence_interval" in first.stdout) == (3, True), first.stdout
    again = proofload("check", "--replay", str(tmp_path / "a"), "--out", str(tmp_path / "b"))
    # A replay writes no run record; its policy is read from policy.json.
    policy = read(tmp_path / "b", "verdict.json")["policy"]
    assert (again.returncode, policy["confidence"]) == (3, 0.999999)


def test_a_replay_with_another_spec_is_undecided_without_its_evidence(
    finished_run: Path, tmp_path: Path
) -> None:
    text = (ROOT / "slo" / "objectives.yaml").read_text().replace("http_requests_total", "orders_total")
    (tmp_path / "spec.yaml").write_text(text)
    done = proofload("check", "--replay", str(finished_run), "--spec", str(tmp_path / "spec.yaml"))
    assert done.returncode == 3, done.stdout + done.stderr


def test_a_window_before_the_first_sample_is_undecided(stack: Endpoints, finished_run: Path) -> None:
    end = read(finished_run, "verdict.json")["window"]["start"] - 3600
    times = ["--start", f"{end - 60:.3f}", "--end", f"{end:.3f}"]
    done = proofload("check", "--prometheus", stack.prometheus_url, *times)
    assert done.returncode == 3
    assert "UNDECIDED" in done.stdout
    assert "no_data" in done.stdout


def test_a_closed_pipe_does_not_change_the_exit_code(stack: Endpoints, finished_run: Path) -> None:
    """As with ``proofload check ... | head -0``."""
    window = read(finished_run, "verdict.json")["window"]
    times = ["--start", f"{window['start']:.6f}", "--end", f"{window['end']:.6f}"]
    command = [sys.executable, "-m", "proofload", "check", "--prometheus", stack.prometheus_url, *times]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = subprocess.Popen(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    _, errors = process.communicate(timeout=RUN_SECONDS)
    assert process.returncode == 0
    assert b"Traceback" not in errors


def test_all_queries_of_the_spec_match_series(stack: Endpoints, finished_run: Path) -> None:
    del finished_run  # it sent the traffic that the queries match
    done = proofload("lint", "--prometheus", stack.prometheus_url)
    assert (done.returncode, done.stdout) == (0, "5 SLOs with 5 objectives: no problem found\n")
