from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proofload.cli.compare import compare_command, history_command
from proofload.history import history
from proofload.history.history import HistoryError, add_entries, add_run, read_entries, rebuild_history
from proofload.history.run_entry import (
    FIGURES_FILE,
    REFERENCE_TARGET,
    RunEntry,
    create_entry,
    entries_from_json,
    entries_to_json,
)
from slo.model import CheckStatus, Outcome
from tests.support.proofs import met, missed, undecided

HERE = {"profile": "p1", "spec": "s1", "target": "reference service", "faults": "", "machine": "2 CPUs"}
SPREAD = (1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0)


def entry(name: str, time: float, by: float = 1.0, **changes: object) -> RunEntry:
    run = RunEntry(
        id=name,
        time=time,
        verdict=Outcome.MET,
        profile="steady",
        rate=100.0,
        sent=3000,
        objectives=5,
        fingerprint=HERE,
        figures={
            "response_time_p50": 0.1 * by,
            "response_time_p95": 0.2 * by,
            "response_time_p99": 0.3 * by,
            "error_ratio": 0.0,
            "requests": 3000.0,
            "throughput": 100.0,
            "sli/availability/none failed": 1.0,
            "events/availability/none failed": 3000.0,
        },
    )
    return replace(run, **changes)  # type: ignore[arg-type] # the fields of an entry


def entry_series(name: str, start: float, by: float = 1.0, **changes: object) -> list[RunEntry]:
    return [entry(f"{name}{n}", start + n, by * spread, **changes) for n, spread in enumerate(SPREAD)]


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory without a history."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proofload(command: str, *arguments: str) -> Result:
    commands = {"compare": compare_command, "history": history_command}
    return CliRunner().invoke(commands[command], arguments, catch_exceptions=False)


# --- Entries ----------------------------------------------------------------------


def test_an_entry_contains_the_figures_of_a_run() -> None:
    proof = missed()
    assert proof.run is not None
    created = create_entry(proof, proof.run, REFERENCE_TARGET)
    assert created.verdict is Outcome.MISSED
    assert created.sent == proof.run.total.sent
    assert created.figures["response_time_p95"] == proof.run.total.response_time.p95
    assert created.figures["error_ratio"] == proof.run.total.failed / proof.run.total.sent
    assert created.figures["sli/availability/No server error"] == proof.verdict.objectives[0].sli
    assert created.is_sound
    assert entries_from_json(json.loads(json.dumps(entries_to_json([created])))) == [created]


def test_seed_and_file_names_do_not_change_the_fingerprint() -> None:
    proof = met()
    assert proof.run is not None
    profile = {**proof.run.profile, "seed": 99}
    moved = replace(proof.spec, slos=tuple(replace(slo, source="else.yaml:1") for slo in proof.spec.slos))
    stricter = replace(proof.spec, slos=proof.spec.slos[1:])
    first = create_entry(proof, proof.run, "")
    same = create_entry(replace(proof, spec=moved), replace(proof.run, profile=profile), "")
    other = create_entry(
        replace(proof, spec=stricter), replace(proof.run, profile={**profile, "name": "x"}), ""
    )
    assert same.fingerprint == first.fingerprint
    assert {name for name in other.fingerprint if other.fingerprint[name] != first.fingerprint[name]} == {
        "profile",
        "spec",
    }


def test_an_entry_lists_failed_checks() -> None:
    proof = undecided()
    assert proof.run is not None
    failed = [check.name for check in proof.verdict.checks if check.status is CheckStatus.FAIL]
    assert list(create_entry(proof, proof.run, "").failed_checks) == failed != []


# --- The file -----------------------------------------------------------------------------------


def test_runs_are_listed_once_and_newest_first(at: Path) -> None:
    add_entries([entry("a", 1), entry("b", 2)])
    add_entries([entry("a", 1, verdict=Outcome.MISSED)])
    assert [(run.id, run.verdict) for run in read_entries()] == [("b", Outcome.MET), ("a", Outcome.MISSED)]
    assert [path.name for path in (at / "runs").iterdir()] == ["history.sqlite"]


def test_the_history_is_rebuilt_from_the_figures_of_runs(at: Path) -> None:
    for name in ("one", "two"):
        run_directory = at / "runs" / name
        run_directory.mkdir(parents=True)
        proof = met()
        assert proof.run is not None
        record = replace(proof.run, id=name)
        assert add_run(create_entry(proof, record, REFERENCE_TARGET), run_directory) is None
    (at / "runs" / "latest").symlink_to("two")
    (at / "runs" / "broken").mkdir()
    (at / "runs" / "broken" / FIGURES_FILE).write_text("{")
    before = read_entries()
    (at / history.HISTORY_FILE).write_text("not a database, but a text that is long enough to be read")
    number, problems = rebuild_history()
    assert (number, read_entries()) == (2, before)
    assert [f"broken/{FIGURES_FILE}" in problem for problem in problems] == [True]


def test_concurrent_runs_are_all_added(at: Path) -> None:
    assert not list(at.iterdir())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add_entries([entry(f"r{n}", n)]), range(24)))
    assert {run.id for run in read_entries()} == {f"r{n}" for n in range(24)}


def write_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def write_other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


def write_invalid_row(path: Path) -> None:
    add_entries([entry("a", 1)], path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET entry = '{}'")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a text": (
        lambda path: path.write_text("not a database, but long enough to look like one\n"),
        "--rebuild",
    ),
    "a newer version": (write_newer_version, "has version 99, but this Proofload supports version 1"),
    "a database of another program": (write_other_database, "an SQLite file of another program"),
    "a directory": (lambda path: path.mkdir(), "history.sqlite"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_unusable_history_is_reported_and_unchanged(broken: str, at: Path) -> None:
    path = at / history.HISTORY_FILE
    path.parent.mkdir()
    write, message = BROKEN[broken]
    write(path)
    before = path.read_bytes() if path.is_file() else None
    for act in (read_entries, lambda: add_entries([entry("a", 1)])):
        with pytest.raises(HistoryError) as error:
            act()
        assert message in str(error.value)
    assert before is None or path.read_bytes() == before
    proof = met()
    assert proof.run is not None
    warning = add_run(create_entry(proof, proof.run, REFERENCE_TARGET), path.parent)
    assert warning is not None
    assert message in warning
    assert "\n" not in warning
    assert (path.parent / FIGURES_FILE).is_file()
    done = proofload("history")
    assert (done.exit_code, done.output.count("\n")) == (2, 1)


def test_a_history_without_a_committed_transaction_is_empty(at: Path) -> None:
    (at / "runs").mkdir()
    (at / history.HISTORY_FILE).touch()
    assert read_entries() == []
    add_entries([entry("a", 1)])
    assert [run.id for run in read_entries()] == ["a"]


def test_an_invalid_entry_is_reported(at: Path) -> None:
    del at
    write_invalid_row(history.HISTORY_FILE)
    with pytest.raises(HistoryError, match=r"runs\.0\.id: Field required"):
        read_entries()


# --- proofload history --------------------------------------------------------------------------


def test_history_lists_newest_first(at: Path) -> None:
    add_entries([entry("old", 1), entry("new", 2, profile="spike", verdict=Outcome.MISSED)])
    done = proofload("history")
    assert [line.split()[0] for line in done.output.splitlines()] == ["run", "new", "old"]
    assert "MISSED" in done.output
    shown = json.loads(proofload("history", "--json", "--profile", "steady").stdout)
    assert [run["id"] for run in shown["runs"]] == ["old"]
    assert proofload("history", "--limit", "1", "--plot", "a.png").exit_code == 2
    assert not list(at.glob("a.*"))


@pytest.mark.usefixtures("at")
def test_a_regression_is_listed_until_it_is_accepted() -> None:
    add_entries([entry("better", 1.0), entry("worse", 2.0, regression=True)])
    assert "MET, regression" in proofload("history").output
    accepted = proofload("history", "--accept", "worse")
    assert (accepted.exit_code, "MET, accepted" in accepted.output) == (0, True)
    assert [run.accepted for run in read_entries()] == [True, False]


@pytest.mark.usefixtures("at")
def test_a_run_that_can_not_be_a_baseline_is_not_accepted() -> None:
    add_entries([entry("missed", 1.0, verdict=Outcome.MISSED)])
    rejected = proofload("history", "--accept", "missed")
    assert rejected.exit_code == 2
    assert "missed: can't be a baseline: not MET" in rejected.output


def test_a_missing_history_is_no_error(at: Path) -> None:
    done = proofload("history")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no runs" in done.stderr
    assert not list(at.iterdir())


@pytest.mark.parametrize("name", ["trend.svg", "trend.html"])
def test_history_is_drawn(name: str, at: Path) -> None:
    add_entries([entry("a", 1), entry("b", 2, 2.0, verdict=Outcome.MISSED), entry("c", 3, figures={})])
    assert proofload("history", "--plot", name).exit_code == 0
    text = (at / name).read_text(encoding="utf-8")
    assert "response time" in text
    assert "3 runs of steady" in text
    assert "nan" not in text


# --- proofload compare --------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    arguments: tuple[str, ...]
    code: int
    message: str
    history: tuple[RunEntry, ...] = (*entry_series("a", 0), *entry_series("b", 100, 1.2))


SIDE_B = tuple(f"b{n}" for n in range(6))
SIDE_A = tuple(word for n in range(6) for word in ("--baseline", f"a{n}"))
COMPARED = {
    "20 % slower than the named runs": Case(
        (*SIDE_B, *SIDE_A), 1, "regression in response_time_p50, response_time_p95"
    ),
    "20 % faster": Case(
        (*(f"a{n}" for n in range(6)), *(word for b in SIDE_B for word in ("--baseline", b))),
        0,
        "improvement in",
    ),
    "only the figures that are not slower": Case(
        (*SIDE_B, *SIDE_A, "--figure", "throughput", "--figure", "sli/*"), 0, "no difference shown"
    ),
    "one run against the newest MET run, with noise from the history": Case(
        ("b0",), 1, "regression in", (*entry_series("a", 0), entry("b0", 100, 1.2))
    ),
    "one run against one, without other runs": Case(
        ("b0",), 3, "can't tell in", (entry("a0", 1), entry("b0", 100, 1.2))
    ),
    "no earlier run": Case(("a0",), 3, "UNDECIDED: no_baseline"),
    "no earlier MET run": Case(
        ("b0",), 3, "no_baseline", (entry("a0", 1, verdict=Outcome.MISSED), entry("b0", 2))
    ),
    "an earlier run with faults is no baseline": Case(
        ("b0",), 3, "no_baseline", (entry("a0", 1, fingerprint={**HERE, "faults": "x=1"}), entry("b0", 2))
    ),
    "a run with another profile": Case(
        ("b0", "--baseline", "a0"),
        3,
        "not_comparable: different profile: spike, p2; baseline: steady, p1",
        (entry("a0", 1), entry("b0", 2, profile="spike", fingerprint={**HERE, "profile": "p2"})),
    ),
    "a run with another spec": Case(
        ("b0", "--baseline", "a0"),
        3,
        "not_comparable: different spec: s2",
        (entry("a0", 1), entry("b0", 2, fingerprint={**HERE, "spec": "s2"})),
    ),
    "a run with a failed check": Case(
        ("b0", "--baseline", "a0"),
        3,
        "unsound_run: checks failed in b0 (load_delivered)",
        (entry("a0", 1), entry("b0", 2, failed_checks=("load_delivered",))),
    ),
    "runs on another machine are compared with a warning": Case(
        (*SIDE_B, *SIDE_A),
        1,
        "different machine: 64 CPUs; baseline: 2 CPUs",
        (*entry_series("a", 0), *entry_series("b", 100, 1.2, fingerprint={**HERE, "machine": "64 CPUs"})),
    ),
    "a name too long for a path": Case(("z" * 5000,), 2, "z" * 100),
    "an empty name": Case(("",), 2, "no run ''"),
    "an unknown run": Case(("zzz",), 2, "no run 'zzz'"),
    "a prefix of several ids": Case(("a",), 2, "'a' matches 6 ids"),
    "a run against itself": Case(("b0", "--baseline", "b0"), 2, "b0: both candidate and baseline"),
    "an unknown figure": Case((*SIDE_B, *SIDE_A, "--figure", "p95"), 2, "no figure 'p95'"),
    "a file without figures": Case(("b0", "--baseline", "empty.json"), 2, "contains no figures of runs"),
    "a directory that is not a run directory": Case(("folder",), 2, "folder/figures.json: can't be read"),
}


@pytest.mark.parametrize("case", COMPARED.values(), ids=COMPARED.keys())
def test_comparisons(case: Case, at: Path) -> None:
    add_entries(case.history)
    (at / "empty.json").write_text("{}")
    (at / "folder").mkdir()
    done = proofload("compare", *case.arguments)
    assert case.message in done.output.replace("\n", " ")
    assert done.exit_code == case.code


def test_an_exported_baseline_works_without_a_history(at: Path) -> None:
    add_entries(entry_series("a", 0))
    assert proofload("compare", *(f"a{n}" for n in range(6)), "--export", "base.json").exit_code == 0
    add_entries(entry_series("b", 100, 1.2), at / "else" / "history.sqlite")
    done = proofload(
        "compare", *SIDE_B, "--baseline", "base.json", "--history", "else/history.sqlite", "--json",
        "--markdown", "compared.md",
    )  # fmt: skip
    comparison = json.loads(done.stdout)
    assert (done.exit_code, comparison["conclusion"]) == (1, "regression")
    p95 = next(row for row in comparison["figures"] if row["figure"] == "response_time_p95")
    assert p95["effect"] == pytest.approx(0.2)
    assert 0.05 < p95["low"] < 0.2 < p95["high"]
    text = (at / "compared.md").read_text(encoding="utf-8")
    assert text.startswith("## ❌ Regression in response\\_time\\_p50")
    assert "| response\\_time\\_p95 | 200 ms | 240 ms | +20 % |" in text
