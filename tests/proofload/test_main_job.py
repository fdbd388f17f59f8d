"""``proofload run`` end to end: real target, real Prometheus, real Locust, real faults."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from proofload.history import HISTORY_FILE
from proofload.history.history import read_entries
from slo.model import Outcome
from tests.support.processes import RUN_SECONDS, ProcessFamily, process_family

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

FILES = {
    *("run.json", "requests.csv", "evidence.json", "policy.json", "verdict.json"),
    *("figures.json", "report.html", "report.md", "junit.xml", "objectives.csv"),
}
LOAD = ["--duration", "10s", "--rate", "100"]


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str
    run_directory: Path
    remaining: list[psutil.Process]

    def read(self, name: str) -> Any:
        return json.loads((self.run_directory / name).read_text())

    def objective(self, slo: str) -> Any:
        objectives = self.read("verdict.json")["objectives"]
        matching = [objective for objective in objectives if objective["slo"] == slo]
        assert matching, f"no SLO {slo}: {self.stdout}"
        return matching[0]

    def check(self, name: str) -> Any:
        return next(check for check in self.read("verdict.json")["checks"] if check["name"] == name)


def run(
    run_directory: Path, *options: str, meanwhile: Callable[[ProcessFamily], None] | None = None
) -> Finished:
    """Run ``proofload run``; ``meanwhile`` is called after the measured load has started."""
    with process_family() as family:
        process = family.start(
            ["run", *LOAD, "--out", str(run_directory), *options], cwd=run_directory.parent
        )
        try:
            status_lines = _await_load(process) if meanwhile else ""
            if meanwhile:
                meanwhile(family)
            stdout, stderr = process.communicate(timeout=RUN_SECONDS)
        finally:
            process.kill()
            process.wait()
        return Finished(
            process.returncode, stdout, status_lines + stderr, run_directory, family.list_processes()
        )


def _await_load(process: subprocess.Popen[str]) -> str:
    """Read the status lines until they report progress of the measured load."""
    status_lines = ""
    assert process.stderr is not None
    for line in process.stderr:
        status_lines += line
        if " s of 10 s" in line:
            return status_lines
    pytest.fail(f"the load did not start:\n{status_lines}")


def kill_prometheus(family: ProcessFamily) -> None:
    family.find("--storage.tsdb.path").kill()


def freeze_target(family: ProcessFamily) -> None:
    family.find("-m target_service").suspend()


def kill_generator(family: ProcessFamily) -> None:
    family.find("-m loadtests").kill()


def test_a_healthy_service_is_met_and_every_request_is_counted(tmp_path: Path) -> None:
    done = run(tmp_path / "run")
    assert done.code == 0, done.stdout + done.stderr
    assert done.read("verdict.json")["verdict"] == "MET"
    numbers = done.check("counts_reconcile")["numbers"]
    assert numbers["difference"] == 0
    assert numbers["sent"] == numbers["counted"] == done.read("run.json")["total"]["offered"] > 0
    assert "difference 0" in done.stdout
    assert {path.name for path in done.run_directory.iterdir()} >= FILES
    [entry] = read_entries(tmp_path / HISTORY_FILE)
    assert (entry.verdict, entry.sent, entry.is_sound) == (Outcome.MET, numbers["sent"], True)
    assert "difference 0" in (done.run_directory / "report.html").read_text()
    assert not done.remaining


@dataclass(frozen=True)
class Fault:
    code: int
    verdicts: dict[str, str]
    """Verdict by SLO name, or the reason if UNDECIDED."""
    options: tuple[str, ...] = ()
    meanwhile: Callable[[ProcessFamily], None] | None = None


FAULTS = {
    "2 % of the responses are errors": Fault(1, {"availability": "MISSED"}, ("--fault", "error_ratio=0.02")),
    "every response takes 300 ms longer": Fault(
        1, {"availability": "MET", "predict-latency": "MISSED"}, ("--fault", "latency_seconds=0.3")
    ),
    "the inputs drift": Fault(1, {"availability": "MET", "data-drift": "MISSED"}, ("--fault", "drift=3")),
    "the service stalls for three seconds": Fault(
        1, {"predict-latency": "MISSED"}, ("--fault", "stall_seconds=3")
    ),
    "the target crashes during the load": Fault(
        3, {"availability": "target_down"}, ("--fault", "crash_after_seconds=5")
    ),
    "the target freezes during the load": Fault(3, {"availability": "target_down"}, meanwhile=freeze_target),
    "Prometheus is killed during the load": Fault(
        3, {"availability": "prometheus_unreachable"}, meanwhile=kill_prometheus
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_never_met(fault: Fault, tmp_path: Path) -> None:
    done = run(tmp_path / "run", *fault.options, meanwhile=fault.meanwhile)
    assert done.code == fault.code, done.stdout + done.stderr
    objectives = {name: done.objective(name) for name in fault.verdicts}
    outcomes = {name: objective["reason"] or objective["verdict"] for name, objective in objectives.items()}
    assert outcomes == fault.verdicts
    assert (done.run_directory / "report.html").exists()
    assert not done.remaining


def test_a_killed_load_generator_gives_no_verdict(tmp_path: Path) -> None:
    done = run(tmp_path / "run", meanwhile=kill_generator)
    assert done.code == 3
    assert "no verdict: the load generator ended" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (done.run_directory / "verdict.json").exists()
    assert not done.remaining


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_leaves_its_record_and_no_process(number: signal.Signals, tmp_path: Path) -> None:
    def interrupt(family: ProcessFamily) -> None:
        family.find("proofload run").send_signal(number)

    done = run(tmp_path / "run", meanwhile=interrupt)
    assert done.code == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.read("run.json")["interrupted"] is True
    assert not (done.run_directory / "verdict.json").exists()
    assert not done.remaining


def test_a_killed_command_leaves_no_process(tmp_path: Path) -> None:
    done = run(tmp_path / "run", meanwhile=lambda family: family.find("proofload run").kill())
    assert done.code == -signal.SIGKILL
    psutil.wait_procs(done.remaining, timeout=20)
    assert not [process for process in done.remaining if process.is_running()]
