"""What a baseline makes of a run that met its objectives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proofload.cli.exit_status import conclude
from proofload.history.history import accept, add_run, entries, last_met, rebuild
from slo.model import Baseline, Outcome, Proof, Quantiles, RunRecord
from tests.support.observed_run import run
from tests.support.proofs import met

STEADY = [0.1, 0.101, 0.099, 0.1, 0.1005, 0.0995]
TODAY = Baseline(("last-met:9",), ("response_time_p95",), 0.1, 0.001, 0.001, 0.95, 3)


def proof_of(number: int, p95: float, baseline: Baseline | None = None) -> Proof:
    """Make the proof of a run of a minute of its own."""
    good, record = met(), run()
    total = replace(record.total, response_time=Quantiles(p95=p95))
    window = replace(
        record.window, start=record.window.start + 60 * number, end=record.window.end + 60 * number
    )
    told: RunRecord = replace(record, id=f"run-{number}", window=window, total=total)
    verdict = replace(good.verdict, window=window, policy=replace(good.verdict.policy, baseline=baseline))
    return replace(good, run=told, verdict=verdict)


def ends_with(proof: Proof, folder: Path) -> int:
    folder.mkdir()
    assert proof.verdict.outcome is Outcome.MET
    add_run(proof, folder, "http://target")
    with pytest.raises(SystemExit) as ended:
        conclude(proof, folder)
    return int(str(ended.value.code))


@pytest.mark.parametrize(
    ("before", "p95", "code", "said"),
    [
        pytest.param([], 0.1, 3, "no_baseline", id="nothing to compare with is no pass"),
        pytest.param([0.1], 0.1, 3, None, id="one run does not tell how much runs vary"),
        pytest.param(STEADY, 0.1, 0, None, id="no slower than six before"),
        pytest.param(STEADY, 0.2, 1, None, id="twice as slow"),
    ],
)
def test_a_run_is_held_against_its_baseline(
    before: list[float],
    p95: float,
    code: int,
    said: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for number, value in enumerate(before):
        assert ends_with(proof_of(number, value), tmp_path / "runs" / f"run-{number}") == 0
    last = tmp_path / "runs" / "last"
    assert ends_with(proof_of(len(before), p95, TODAY), last) == code
    assert json.loads((last / "comparison.json").read_text())["refusal"] == said
    assert (last / "comparison.md").exists()


def baseline_of_the_next() -> list[str]:
    known = entries()
    [newest, *_] = known
    return [one.id for one in last_met([replace(newest, id="next", time=newest.time + 60)], known, 9)]


def test_a_service_does_not_creep_and_what_was_accepted_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    runs.mkdir()
    for number, value in enumerate(STEADY):
        ends_with(proof_of(number, value), runs / f"run-{number}")
    for number in (6, 7):
        assert ends_with(proof_of(number, 0.2, TODAY), runs / f"run-{number}") == 1
    before = [one.id for one in entries()][2:]
    assert baseline_of_the_next() == before
    rebuild()
    assert baseline_of_the_next() == before
    accept([entries()[1]])
    assert baseline_of_the_next() == [entries()[1].id]
    assert [one.regression for one in entries()[:3]] == [True, True, False]


def test_a_baseline_that_is_not_there_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    absent = replace(TODAY, runs=("baseline.json",))
    assert ends_with(proof_of(0, 0.1, absent), tmp_path / "runs" / "last") == 3
