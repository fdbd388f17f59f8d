"""A service and a Prometheus that are there already: ``run`` loads them, ``check`` judges the past window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proofload.stack.stack import Endpoints, free_ports, process_stack
from tests.support.processes import RUN_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    logs = tmp_path_factory.mktemp("logs")
    with process_stack(
        logs, workers=2, faults=False, load_port=free_ports(1)[0], say=lambda _: None
    ) as endpoints:
        yield endpoints


def proofload(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofload", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


@pytest.fixture(scope="module")
def loaded(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run against two workers, which count together."""
    folder = tmp_path_factory.mktemp("run")
    addresses = ["--target", stack.target, "--prometheus", stack.prometheus]
    done = proofload("run", *addresses, "--duration", "5s", "--out", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_run_against_what_is_there_counts_every_request(loaded: Path) -> None:
    checks = {check["name"]: check for check in read(loaded, "verdict.json")["checks"]}
    assert checks["counts_reconcile"]["numbers"]["difference"] == 0
    assert checks["counts_reconcile"]["numbers"]["sent"] == 500


def test_a_service_that_takes_no_faults_says_so(stack: Endpoints, tmp_path: Path) -> None:
    addresses = ["--target", stack.target, "--prometheus", stack.prometheus]
    fault = ["--fault", "error_ratio=0.02"]
    done = proofload("run", *addresses, *fault, "--duration", "1s", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "the target refuses the faults {'error_ratio': 0.02}" in done.stderr
    assert not (tmp_path / "run" / "verdict.json").exists()


@pytest.mark.parametrize("name", ["run", "evidence", "verdict"])
def test_the_files_of_a_run_follow_their_schemas(name: str, loaded: Path) -> None:
    folder = {"run": "loadtests/recording", "evidence": "slo/prometheus", "verdict": "reports/writers"}[name]
    schema = json.loads((ROOT / folder / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(loaded, f"{name}.json"), schema)


def test_a_past_window_gets_the_verdict_of_its_run(stack: Endpoints, loaded: Path, tmp_path: Path) -> None:
    ran = read(loaded, "verdict.json")
    window = ["--start", f"{ran['window']['start']:.6f}", "--end", f"{ran['window']['end']:.6f}"]
    done = proofload("check", "--prometheus", stack.prometheus, *window, "--out", str(tmp_path / "check"))
    assert done.returncode == 0, done.stdout + done.stderr
    checked = read(tmp_path / "check", "verdict.json")
    for before, after in zip(ran["objectives"], checked["objectives"], strict=True):
        assert [after[key] for key in ("slo", "verdict", "good", "bad", "total")] == [
            before[key] for key in ("slo", "verdict", "good", "bad", "total")
        ]
    assert not (tmp_path / "check" / "run.json").exists()


def test_a_replay_gives_the_same_verdict_byte_for_byte(loaded: Path, tmp_path: Path) -> None:
    done = proofload("check", "--replay", str(loaded), "--out", str(tmp_path / "again"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "again" / "verdict.json").read_bytes() == (loaded / "verdict.json").read_bytes()


def test_check_says_that_it_holds_nothing_against_a_baseline(loaded: Path, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("policy: {baseline: {runs: [last-met]}}")
    done = proofload("check", "--replay", str(loaded), "--config", str(tmp_path / "p.yaml"))
    assert (done.returncode, "policy.baseline is left out" in done.stderr) == (0, True), done.stderr


def test_a_replay_at_a_confidence_gives_itself_again(loaded: Path, tmp_path: Path) -> None:
    first = proofload(
        "check", "--replay", str(loaded), "--confidence", "0.999999", "--out", str(tmp_path / "a")
    )
    assert (first.returncode, "within_confidence_interval" in first.stdout) == (3, True), first.stdout
    again = proofload("check", "--replay", str(tmp_path / "a"), "--out", str(tmp_path / "b"))
    # Without the record of the run its window is one that is past; the policy is kept all the same.
    assert (again.returncode, read(tmp_path / "b", "verdict.json")["policy"]) == (3, {"confidence": 0.999999})


def test_a_replay_of_another_spec_is_undecided_where_nothing_was_asked(loaded: Path, tmp_path: Path) -> None:
    text = (ROOT / "slo" / "objectives.yaml").read_text().replace("http_requests_total", "orders_total")
    (tmp_path / "spec.yaml").write_text(text)
    done = proofload("check", "--replay", str(loaded), "--spec", str(tmp_path / "spec.yaml"))
    assert done.returncode == 3, done.stdout + done.stderr


def test_a_window_before_everything_is_undecided(stack: Endpoints, loaded: Path) -> None:
    end = read(loaded, "verdict.json")["window"]["start"] - 3600
    times = ["--start", f"{end - 60:.3f}", "--end", f"{end:.3f}"]
    done = proofload("check", "--prometheus", stack.prometheus, *times)
    assert done.returncode == 3
    assert "UNDECIDED" in done.stdout
    assert "no_data" in done.stdout


def test_the_verdict_counts_though_nobody_reads_it(stack: Endpoints, loaded: Path) -> None:
    """As with ``proofload check ... | head -0``."""
    window = read(loaded, "verdict.json")["window"]
    times = ["--start", f"{window['start']:.6f}", "--end", f"{window['end']:.6f}"]
    command = [sys.executable, "-m", "proofload", "check", "--prometheus", stack.prometheus, *times]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = subprocess.Popen(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    _, errors = process.communicate(timeout=RUN_SECONDS)
    assert process.returncode == 0
    assert b"Traceback" not in errors


def test_the_spec_finds_everything_it_asks_for(stack: Endpoints, loaded: Path) -> None:
    del loaded  # once there was traffic
    done = proofload("lint", "--prometheus", stack.prometheus)
    assert (done.returncode, done.stdout) == (0, "5 SLOs with 5 objectives: no problem found\n")
