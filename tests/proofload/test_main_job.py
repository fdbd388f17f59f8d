"""The main job on the real things: real target, real Prometheus, real Locust, real faults."""

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

from proofload.history.history import HISTORY, entries
from slo.model import Outcome
from tests.support.processes import RUN_SECONDS, Marked, marked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

FILES = {
    *("run.json", "requests.csv", "evidence.json", "verdict.json"),
    *("figures.json", "report.html", "report.md", "junit.xml", "objectives.csv"),
}
LOAD = ["--duration", "10s", "--rate", "100"]


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str
    folder: Path
    left: list[psutil.Process]

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def objective(self, slo: str) -> Any:
        found = [o for o in self.read("verdict.json")["objectives"] if o["slo"] == slo]
        assert found, f"no SLO {slo}: {self.stdout}"
        return found[0]

    def check(self, name: str) -> Any:
        return next(c for c in self.read("verdict.json")["checks"] if c["name"] == name)


def run(folder: Path, *options: str, meanwhile: Callable[[Marked], None] | None = None) -> Finished:
    """Run ``proofload run``; ``meanwhile`` is called once the measured load has begun."""
    with marked() as family:
        process = family.start(["run", *LOAD, "--out", str(folder), *options], cwd=folder.parent)
        try:
            said = _until_loading(process) if meanwhile else ""
            if meanwhile:
                meanwhile(family)
            stdout, stderr = process.communicate(timeout=RUN_SECONDS)
        finally:
            process.kill()
            process.wait()
        return Finished(process.returncode, stdout, said + stderr, folder, family.family())


def _until_loading(process: subprocess.Popen[str]) -> str:
    """Read what the command says until it reports progress of the measured load."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if " s of 10 s" in line:
            return said
    pytest.fail(f"the load never began:\n{said}")


def kill_prometheus(family: Marked) -> None:
    family.named("--storage.tsdb.path").kill()


def freeze_target(family: Marked) -> None:
    family.named("-m target_service").suspend()


def kill_generator(family: Marked) -> None:
    family.named("-m loadtests").kill()


def test_a_healthy_service_is_met_and_every_request_is_counted(tmp_path: Path) -> None:
    done = run(tmp_path / "run")
    assert done.code == 0, done.stdout + done.stderr
    assert done.read("verdict.json")["verdict"] == "MET"
    numbers = done.check("counts_reconcile")["numbers"]
    assert numbers["difference"] == 0
    assert numbers["sent"] == numbers["counted"] == done.read("run.json")["total"]["offered"] > 0
    assert "difference 0" in done.stdout
    assert {path.name for path in done.folder.iterdir()} >= FILES
    [kept] = entries(tmp_path / HISTORY)
    assert (kept.verdict, kept.sent, kept.sound) == (Outcome.MET, numbers["sent"], True)
    assert "difference 0" in (done.folder / "report.html").read_text()
    assert not done.left


@dataclass(frozen=True)
class Fault:
    code: int
    verdicts: dict[str, str]
    """SLO name to verdict, or to the reason of an UNDECIDED one."""
    options: tuple[str, ...] = ()
    meanwhile: Callable[[Marked], None] | None = None


FAULTS = {
    "two of a hundred answers are errors": Fault(
        1, {"availability": "MISSED"}, ("--fault", "error_ratio=0.02")
    ),
    "every answer takes 300 ms longer": Fault(
        1, {"availability": "MET", "predict-latency": "MISSED"}, ("--fault", "latency_seconds=0.3")
    ),
    "the inputs have drifted": Fault(
        1, {"availability": "MET", "data-drift": "MISSED"}, ("--fault", "drift=3")
    ),
    "the service stalls for three seconds": Fault(
        1, {"predict-latency": "MISSED"}, ("--fault", "stall_seconds=3")
    ),
    "the target dies half-way": Fault(
        3, {"availability": "target_down"}, ("--fault", "crash_after_seconds=5")
    ),
    "the target freezes half-way": Fault(3, {"availability": "target_down"}, meanwhile=freeze_target),
    "Prometheus dies half-way": Fault(
        3, {"availability": "prometheus_unreachable"}, meanwhile=kill_prometheus
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_never_met(fault: Fault, tmp_path: Path) -> None:
    done = run(tmp_path / "run", *fault.options, meanwhile=fault.meanwhile)
    assert done.code == fault.code, done.stdout + done.stderr
    seen = {name: done.objective(name) for name in fault.verdicts}
    assert {name: one["reason"] or one["verdict"] for name, one in seen.items()} == fault.verdicts
    assert (done.folder / "report.html").exists()
    assert not done.left


def test_a_generator_that_dies_gives_no_verdict(tmp_path: Path) -> None:
    done = run(tmp_path / "run", meanwhile=kill_generator)
    assert done.code == 3
    assert "no verdict: the load generator ended" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (done.folder / "verdict.json").exists()
    assert not done.left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_leaves_its_books_and_no_process(number: signal.Signals, tmp_path: Path) -> None:
    def interrupt(family: Marked) -> None:
        family.named("proofload run").send_signal(number)

    done = run(tmp_path / "run", meanwhile=interrupt)
    assert done.code == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.read("run.json")["interrupted"] is True
    assert not (done.folder / "verdict.json").exists()
    assert not done.left


def test_killing_the_command_leaves_no_process(tmp_path: Path) -> None:
    done = run(tmp_path / "run", meanwhile=lambda family: family.named("proofload run").kill())
    assert done.code == -signal.SIGKILL
    psutil.wait_procs(done.left, timeout=20)
    assert not [process for process in done.left if process.is_running()]
