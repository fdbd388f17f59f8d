"""What the generator saw, as objectives: on the real things, from request to verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slo.model import EventsSLI
from slo.openslo.spec_reader import load_spec
from tests.proofload.test_main_job import Finished, run
from tests.support.processes import RUN_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(RUN_SECONDS)]

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "examples" / "client_side" / "objectives.yaml"
OTHER_SIDE = ROOT / "slo" / "objectives.yaml"


@dataclass(frozen=True)
class Case:
    code: int
    verdicts: dict[str, str]
    bad: dict[str, str]
    """SLO name to the figure of run.json that its bad events have to equal."""
    options: tuple[str, ...] = ()
    fails: bool = False


CASES = {
    "a healthy service is met": Case(
        0, {"client-latency": "MET", "client-availability": "MET"}, {"client-availability": "failed"}
    ),
    "300 ms more are missed": Case(
        1,
        {"client-latency": "MISSED", "client-availability": "MET"},
        {"client-latency": "sent", "client-availability": "failed"},
        ("--fault", "latency_seconds=0.3"),
    ),
    "errors are missed": Case(
        1,
        {"client-latency": "MET", "client-availability": "MISSED"},
        {"client-availability": "failed"},
        ("--fault", "error_ratio=0.05"),
        fails=True,
    ),
    "requests declared without Python": Case(
        0,
        {"client-latency": "MET", "client-availability": "MET"},
        {"client-availability": "failed"},
        ("--profile", str(ROOT / "loadtests" / "profiles" / "declared.yaml")),
    ),
}


def scraped(done: Finished, metric: str) -> float:
    """Sum the last samples of a metric's series, read from the evidence."""
    found: list[Any] = [
        series
        for selector, result in done.read("evidence.json")["results"].items()
        if selector.startswith(metric + "{")
        for series in result["series"]
    ]
    assert found, metric
    return sum(float(series["samples"][-1][1]) for series in found)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_client_is_judged_by_counts_that_equal_its_books(case: Case, tmp_path: Path) -> None:
    done = run(tmp_path / "run", "--spec", str(SPEC), *case.options)
    assert done.code == case.code, done.stdout + done.stderr
    assert {name: done.objective(name)["verdict"] for name in case.verdicts} == case.verdicts
    total = done.read("run.json")["total"]
    assert total["sent"] == 1_000
    assert {done.objective(name)["total"] for name in case.verdicts} == {total["sent"]}
    assert {name: done.objective(name)["bad"] for name in case.bad} == {
        name: total[figure] for name, figure in case.bad.items()
    }
    assert (total["failed"] > 0) is case.fails
    assert scraped(done, "proofload_requests_sent_total") == total["sent"]
    assert scraped(done, "proofload_requests_dropped_total") == total["dropped"]
    assert not done.left


def test_both_sides_stand_in_one_report(tmp_path: Path) -> None:
    """Both specs define the data source and the service, so only the objectives are taken of the second."""
    both = tmp_path / "both.yaml"
    _, slos = SPEC.read_text().split("displayName: Breast cancer classifier, as its callers see it")
    both.write_text(OTHER_SIDE.read_text() + "---\n" + slos.split("---\n", 1)[1])
    done = run(tmp_path / "run", "--spec", str(both))
    assert done.code == 0, done.stdout + done.stderr
    assert {o["slo"] for o in done.read("verdict.json")["objectives"]} >= {"availability", "client-latency"}
    assert not done.left


def test_the_example_asks_the_generator_alone() -> None:
    for slo in load_spec([SPEC]).slos:
        assert isinstance(slo.sli, EventsSLI)
        for metric in (slo.sli.good or slo.sli.bad, slo.sli.total):
            assert 'job="proofload-load"' in str(metric)
