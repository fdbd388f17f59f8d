"""Objectives on the metrics of the load generator, end to end with the real programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slo.model import EventsSLI
from slo.openslo import load_spec
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
    """Figure of run.json, by SLO name, that the bad events must equal."""
    options: tuple[str, ...] = ()
    fails: bool = False


CASES = {
    "a healthy service is MET": Case(
        0, {"client-latency": "MET", "client-availability": "MET"}, {"client-availability": "failed"}
    ),
    "300 ms more latency is MISSED": Case(
        1,
        {"client-latency": "MISSED", "client-availability": "MET"},
        {"client-latency": "sent", "client-availability": "failed"},
        ("--fault", "latency_seconds=0.3"),
    ),
    "errors are MISSED": Case(
        1,
        {"client-latency": "MET", "client-availability": "MISSED"},
        {"client-availability": "failed"},
        ("--fault", "error_ratio=0.05"),
        fails=True,
    ),
    "requests declared in a profile without Python": Case(
        0,
        {"client-latency": "MET", "client-availability": "MET"},
        {"client-availability": "failed"},
        ("--profile", str(ROOT / "loadtests" / "profiles" / "declared.yaml")),
    ),
}


def sum_last_samples(done: Finished, metric: str) -> float:
    """Return the sum of the last samples of a metric's series in the evidence."""
    matching: list[Any] = [
        series
        for selector, result in done.read("evidence.json")["results"].items()
        if selector.startswith(metric + "{")
        for series in result["series"]
    ]
    assert matching, metric
    return sum(float(series["samples"][-1][1]) for series in matching)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_counts_of_the_client_equal_its_run_record(case: Case, tmp_path: Path) -> None:
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
    assert sum_last_samples(done, "proofload_requests_sent_total") == total["sent"]
    assert sum_last_samples(done, "proofload_requests_dropped_total") == total["dropped"]
    assert not done.remaining


def test_objectives_of_client_and_service_are_in_one_report(tmp_path: Path) -> None:
    """Both specs define the data source and the service, so only the objectives of the first are appended."""
    both = tmp_path / "both.yaml"
    _, slos = SPEC.read_text().split("displayName: Breast cancer classifier, as its callers see it")
    both.write_text(OTHER_SIDE.read_text() + "---\n" + slos.split("---\n", 1)[1])
    done = run(tmp_path / "run", "--spec", str(both))
    assert done.code == 0, done.stdout + done.stderr
    assert {o["slo"] for o in done.read("verdict.json")["objectives"]} >= {"availability", "client-latency"}
    assert not done.remaining


def test_the_example_queries_only_the_load_generator() -> None:
    for slo in load_spec([SPEC]).slos:
        assert isinstance(slo.sli, EventsSLI)
        for metric in (slo.sli.good or slo.sli.bad, slo.sli.total):
            assert 'job="proofload-load"' in str(metric)
