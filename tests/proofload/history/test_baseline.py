"""The exit code of MET runs after the comparison with a baseline."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proofload.cli.exit_status import report_and_exit
from proofload.history.history import accept_runs, read_entries, rebuild_history
from proofload.history.run_selection import find_last_met
from proofload.pipeline import finish_run
from slo.model import BaselinePolicy, Outcome, Proof, Quantiles, RunRecord
from tests.support.observed_run import run
from tests.support.proofs import met

STEADY = [0.1, 0.101, 0.099, 0.1, 0.1005, 0.0995]
BASELINE = BaselinePolicy(("last-met:9",), ("response_time_p95",), 0.1, 0.001, 0.001, 0.95, 3)


def proof_of(number: int, p95: float, baseline: BaselinePolicy | None = None) -> Proof:
    """Return the proof of run ``number``; each run has its own minute."""
    proof, record = met(), run()
    total = replace(record.total, response_time=Quantiles(p95=p95))
    window = replace(
        record.window, start=record.window.start + 60 * number, end=record.window.end + 60 * number
    )
    numbered: RunRecord = replace(record, id=f"run-{number}", window=window, total=total)
    verdict = replace(proof.verdict, window=window, policy=replace(proof.verdict.policy, baseline=baseline))
    return replace(proof, run=numbered, verdict=verdict)


def run_and_exit(proof: Proof, run_directory: Path) -> int:
    """Run the stages after the verdict, and return the exit code of the command."""
    run_directory.mkdir()
    assert proof.verdict.outcome is Outcome.MET
    finished = finish_run(proof, run_directory, "http://target", {})
    assert not finished.warnings
    with pytest.raises(SystemExit) as exit_info:
        report_and_exit(finished, run_directory)
    return int(str(exit_info.value.code))


@pytest.mark.parametrize(
    ("previous", "p95", "code", "refusal"),
    [
        pytest.param([], 0.1, 3, "no_baseline", id="no baseline is UNDECIDED"),
        pytest.param([0.1], 0.1, 3, None, id="one run does not show how much runs vary"),
        pytest.param(STEADY, 0.1, 0, None, id="as fast as six previous runs"),
        pytest.param(STEADY, 0.2, 1, None, id="twice as slow"),
    ],
)
def test_a_run_is_compared_with_its_baseline(
    previous: list[float],
    p95: float,
    code: int,
    refusal: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for number, value in enumerate(previous):
        assert run_and_exit(proof_of(number, value), tmp_path / "runs" / f"run-{number}") == 0
    last = tmp_path / "runs" / "last"
    assert run_and_exit(proof_of(len(previous), p95, BASELINE), last) == code
    assert json.loads((last / "comparison.json").read_text())["refusal"] == refusal
    assert (last / "comparison.md").exists()


def find_next_baseline() -> list[str]:
    """Return the ids of the baseline for a run after the newest."""
    history = read_entries()
    [newest, *_] = history
    candidate = replace(newest, id="next", time=newest.time + 60)
    return [run.id for run in find_last_met([candidate], history, 9)]


def test_regressions_are_no_baseline_until_one_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    runs.mkdir()
    for number, value in enumerate(STEADY):
        run_and_exit(proof_of(number, value), runs / f"run-{number}")
    for number in (6, 7):
        assert run_and_exit(proof_of(number, 0.2, BASELINE), runs / f"run-{number}") == 1
    good_runs = [run.id for run in read_entries()][2:]
    assert find_next_baseline() == good_runs
    rebuild_history()
    assert find_next_baseline() == good_runs
    accept_runs([read_entries()[1]])
    assert find_next_baseline() == [read_entries()[1].id]
    assert [run.regression for run in read_entries()[:3]] == [True, True, False]


def test_a_missing_baseline_is_undecided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    missing = replace(BASELINE, runs=("baseline.json",))
    assert run_and_exit(proof_of(0, 0.1, missing), tmp_path / "runs" / "last") == 3


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("latest", id="the newest run"),
        pytest.param("runs/latest", id="the path of the link"),
        pytest.param("runs/last", id="its directory"),
        pytest.param("runs/last/figures.json", id="its figures"),
        pytest.param("run-1", id="its id"),
    ],
)
@pytest.mark.parametrize("has_older_files", [False, True])
def test_a_run_is_not_its_own_baseline(
    name: str,
    has_older_files: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the name still leads to the files of an earlier run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "last").mkdir(parents=True)
    if has_older_files:
        finish_run(proof_of(0, 0.1), Path("runs/last"), "http://target", {})
    own = replace(BASELINE, runs=(name,))
    finished = finish_run(proof_of(1, 0.1, own), Path("runs/last"), "http://target", {})
    assert finished.comparison is None
    assert "both candidate and baseline" in str(finished.comparison_problem)
