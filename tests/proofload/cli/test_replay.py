"""``proofload check --replay`` applies the policy that the run was judged by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from proofload.artifacts import write_evidence, write_policy
from proofload.cli import main
from slo.model import BaselinePolicy, Evidence, Policy, Window
from tests.support.specs import EVENTS_SPEC

BASELINE = BaselinePolicy(("last-met",), ("throughput",), 0.05, 0.001, 0.001, 0.95, 3)


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """Return the directory of a run whose evidence holds no samples."""
    (tmp_path / "run").mkdir()
    (tmp_path / "spec.yaml").write_text(EVENTS_SPEC)
    write_evidence(Evidence(Window(1_000, 1_030), {}, 1_040, 300), tmp_path / "run")
    return tmp_path / "run"


def replay(run_directory: Path, *options: str) -> Result:
    here = run_directory.parent
    arguments = ["check", "--spec", str(here / "spec.yaml"), "--replay", str(run_directory)]
    return CliRunner().invoke(main.cli, [*arguments, "--out", str(here / "out"), *options])


def read_policies(run_directory: Path) -> tuple[Any, Any]:
    """Return ``policy.json`` and the policy in ``verdict.json`` of the replay."""
    out = run_directory.parent / "out"
    return json.loads((out / "policy.json").read_text()), json.loads((out / "verdict.json").read_text())[
        "policy"
    ]


@pytest.mark.parametrize(
    ("stored", "verdict", "options", "confidence"),
    [
        pytest.param(Policy(0.9), 0.7, (), 0.9, id="policy.json precedes verdict.json"),
        pytest.param(Policy(), 0.7, (), None, id="no confidence in policy.json is no confidence"),
        pytest.param(None, 0.7, (), 0.7, id="a run of an older version has only verdict.json"),
        pytest.param(None, None, (), None, id="a run without a verdict has neither"),
        pytest.param(Policy(0.9), 0.7, ("--confidence", "0.99"), 0.99, id="the option precedes both"),
        pytest.param(Policy(0.9, BASELINE), 0.9, (), 0.9, id="a replay is not compared with the baseline"),
    ],
)
def test_a_replay_takes_the_policy_of_the_run(
    stored: Policy | None,
    verdict: float | None,
    options: tuple[str, ...],
    confidence: float | None,
    run_directory: Path,
) -> None:
    if stored:
        write_policy(stored, run_directory)
    if verdict:
        (run_directory / "verdict.json").write_text(json.dumps({"policy": {"confidence": verdict}}))
    done = replay(run_directory, *options)
    assert done.exit_code == 3, done.output
    policy = {"confidence": confidence, "failed_requests": 0.01, "other_traffic": False, "coverage": 0.9}
    assert read_policies(run_directory) == ({"schema": 1, "baseline": None} | policy, policy)
    assert not (run_directory.parent / "out" / "comparison.json").exists()


def test_a_damaged_policy_ends_the_replay(run_directory: Path) -> None:
    write_policy(Policy(0.9, replace(BASELINE, tolerance=7.0)), run_directory)
    done = replay(run_directory)
    assert done.exit_code == 2
    assert f"{run_directory / 'policy.json'}: " in done.output
    assert "baseline.tolerance: " in done.output
    assert not (run_directory.parent / "out").exists()
