"""A crash between any two writes of the last stages leaves no regression that could be a baseline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from proofload import pipeline
from proofload.history import history
from proofload.history.history import add_run, read_entries, rebuild_history
from proofload.history.run_entry import create_entry
from proofload.history.run_selection import find_last_met
from proofload.pipeline import FinishedRun, finish_run
from slo.model import Conclusion
from tests.proofload.history.test_baseline import BASELINE, STEADY, proof_of

REPORTS = {"verdict.json", "junit.xml", "objectives.csv", "report.md"}
COMPARISON = {"comparison.json", "comparison.md"}
RUN = Path("runs") / "worse"


class Crash(BaseException):
    """Ends the process, as SIGKILL does: no ``except Exception`` sees it."""


@dataclass(frozen=True)
class CrashCase:
    """Crash in call number ``call`` of a function; ``files`` are there afterwards."""

    module: Any
    name: str
    files: set[str]
    call: int = 1
    is_recorded: bool = False


EVIDENCE = {"evidence.json"}
WRITTEN = EVIDENCE | REPORTS | COMPARISON
CASES = {
    "before the evidence": CrashCase(pipeline, "write_evidence", set()),
    "between evidence and reports": CrashCase(pipeline, "write_reports", EVIDENCE),
    "between reports and comparison": CrashCase(pipeline, "write_text", EVIDENCE | REPORTS),
    "between the files of the comparison": CrashCase(
        pipeline, "write_text", EVIDENCE | REPORTS | {"comparison.json"}, call=2
    ),
    "between comparison and figures": CrashCase(history, "write_text", WRITTEN),
    "between figures and history": CrashCase(history, "add_entries", WRITTEN | {"figures.json"}),
    "between history and link": CrashCase(
        pipeline, "update_latest_link", WRITTEN | {"figures.json"}, is_recorded=True
    ),
    "between link and annotation": CrashCase(
        pipeline, "annotate_run", WRITTEN | {"figures.json"}, is_recorded=True
    ),
}


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory whose history has a baseline."""
    monkeypatch.chdir(tmp_path)
    for number, value in enumerate(STEADY):
        run_directory = Path("runs") / f"run-{number}"
        run_directory.mkdir(parents=True)
        proof = proof_of(number, value)
        assert proof.run is not None
        assert add_run(create_entry(proof, proof.run, "http://target"), run_directory) is None
    RUN.mkdir()
    return tmp_path


def finish_worse_run() -> FinishedRun:
    """Finish a run that is twice as slow as its baseline."""
    return finish_run(proof_of(len(STEADY), 0.2, BASELINE), RUN, "http://target", {})


def crash_in_call(function: Callable[..., object], number: int) -> Callable[..., object]:
    calls = 0

    def call_or_crash(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            raise Crash
        return function(*arguments, **options)

    return call_or_crash


def assert_no_unmarked_regression() -> None:
    """Check the history, the history rebuilt from the directories, and each file of the run."""
    for path in RUN.iterdir():
        assert not path.name.startswith("."), "a temporary file is left"
        if path.suffix == ".json":
            json.loads(path.read_text())
    for _ in range(2):
        runs = read_entries()
        steady = [run for run in runs if run.figures["response_time_p95"] < 0.15]
        assert len(steady) == len(STEADY)
        assert all(run.regression and not run.can_be_baseline for run in runs if run not in steady)
        later = replace(runs[0], id="next", time=runs[0].time + 600)
        assert find_last_met([later], runs, 9) == steady
        assert rebuild_history()[1] == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.usefixtures("at")
def test_a_crash_leaves_no_unmarked_regression(case: CrashCase, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(case.module, case.name, crash_in_call(getattr(case.module, case.name), case.call))
        with pytest.raises(Crash):
            finish_worse_run()
    assert {path.name for path in RUN.iterdir()} == case.files
    assert len(read_entries()) == len(STEADY) + case.is_recorded
    assert_no_unmarked_regression()


@pytest.mark.usefixtures("at")
def test_a_crash_before_the_commit_leaves_the_history_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    before, open_history = read_entries(), history._open_history

    @contextmanager
    def crash_before_commit(path: Path, *, write: bool) -> Iterator[object]:
        with open_history(path, write=write) as connection:
            yield connection
            if write:
                raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(history, "_open_history", crash_before_commit)
        with pytest.raises(Crash):
            finish_worse_run()
    assert read_entries() == before
    assert_no_unmarked_regression()


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.usefixtures("at")
def test_a_file_is_whole_or_missing_after_a_crash(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file gets its name by a rename; so does the link ``latest``, which comes last."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash_in_call(Path.replace, number))
        with pytest.raises(Crash):
            finish_worse_run()
    assert len([path for path in RUN.iterdir() if path.is_file()]) == number - 1
    assert_no_unmarked_regression()


@pytest.mark.usefixtures("at")
def test_nothing_is_written_before_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_entries()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "compare_with_baseline", crash_in_call(lambda: None, 1))
        with pytest.raises(Crash):
            finish_worse_run()
    assert list(RUN.iterdir()) == []
    assert read_entries() == before


def test_a_finished_regression_is_written_once_and_marked(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = list[str]()
    add_entries = history.add_entries

    def count_entries(entries: Any, *arguments: Any) -> None:
        written.extend(run.id for run in entries)
        add_entries(entries, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(history, "add_entries", count_entries)
        finished = finish_worse_run()
    assert finished.comparison is not None
    assert finished.comparison.conclusion is Conclusion.REGRESSION
    assert (finished.comparison_problem, finished.warnings) == (None, ())
    assert written == [f"{run.id}" for run in read_entries()[:1]]
    assert (at / "runs" / "latest").resolve() == (at / RUN).resolve()
    assert_no_unmarked_regression()
