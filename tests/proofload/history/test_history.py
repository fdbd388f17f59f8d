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
from proofload.history.history import HistoryError, add, add_run, entries, rebuild
from proofload.history.run_entry import FIGURES_FILE, OWN_TARGET, Entry, entry_of, from_json, to_json
from slo.model import CheckStatus, Outcome
from tests.support.proofs import met, missed, undecided

HERE = {"profile": "p1", "spec": "s1", "target": "reference service", "faults": "", "machine": "2 CPUs"}
SPREAD = (1.0, 1.001, 0.999, 1.0005, 0.9995, 1.0)


def entry(name: str, time: float, by: float = 1.0, **changes: object) -> Entry:
    made = Entry(
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
    return replace(made, **changes)  # type: ignore[arg-type] # the fields of an entry


def series(name: str, start: float, by: float = 1.0, **changes: object) -> list[Entry]:
    return [entry(f"{name}{n}", start + n, by * spread, **changes) for n, spread in enumerate(SPREAD)]


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that has no history yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proofload(command: str, *arguments: str) -> Result:
    chosen = {"compare": compare_command, "history": history_command}[command]
    return CliRunner().invoke(chosen, arguments, catch_exceptions=False)


# --- What is kept of a run ----------------------------------------------------------------------


def test_an_entry_tells_the_figures_of_a_run() -> None:
    proof = missed()
    assert proof.run is not None
    made = entry_of(proof, proof.run, OWN_TARGET)
    assert made.verdict is Outcome.MISSED
    assert made.sent == proof.run.total.sent
    assert made.figures["response_time_p95"] == proof.run.total.response_time.p95
    assert made.figures["error_ratio"] == proof.run.total.failed / proof.run.total.sent
    assert made.figures["sli/availability/No server error"] == proof.verdict.objectives[0].sli
    assert made.sound
    assert from_json(json.loads(json.dumps(to_json([made])))) == [made]


def test_neither_seed_nor_place_makes_another_profile_or_spec() -> None:
    proof = met()
    assert proof.run is not None
    profile = {**proof.run.profile, "seed": 99}
    moved = replace(proof.spec, slos=tuple(replace(slo, source="else.yaml:1") for slo in proof.spec.slos))
    stricter = replace(proof.spec, slos=proof.spec.slos[1:])
    first = entry_of(proof, proof.run, "")
    same = entry_of(replace(proof, spec=moved), replace(proof.run, profile=profile), "")
    other = entry_of(replace(proof, spec=stricter), replace(proof.run, profile={**profile, "name": "x"}), "")
    assert same.fingerprint == first.fingerprint
    assert {name for name in other.fingerprint if other.fingerprint[name] != first.fingerprint[name]} == {
        "profile",
        "spec",
    }


def test_a_run_whose_checks_failed_is_not_sound() -> None:
    proof = undecided()
    assert proof.run is not None
    failed = [one.name for one in proof.verdict.checks if one.status is CheckStatus.FAIL]
    assert list(entry_of(proof, proof.run, "").failed_checks) == failed != []


# --- The file -----------------------------------------------------------------------------------


def test_runs_are_kept_newest_first_and_once(at: Path) -> None:
    add([entry("a", 1), entry("b", 2)])
    add([entry("a", 1, verdict=Outcome.MISSED)])
    assert [(one.id, one.verdict) for one in entries()] == [("b", Outcome.MET), ("a", Outcome.MISSED)]
    assert [path.name for path in (at / "runs").iterdir()] == ["history.sqlite"]


def test_a_run_is_kept_with_its_figures_and_the_history_made_anew_from_them(at: Path) -> None:
    for name in ("one", "two"):
        folder = at / "runs" / name
        folder.mkdir(parents=True)
        proof = met()
        assert proof.run is not None
        assert add_run(replace(proof, run=replace(proof.run, id=name)), folder, OWN_TARGET) is None
    (at / "runs" / "latest").symlink_to("two")
    (at / "runs" / "broken").mkdir()
    (at / "runs" / "broken" / FIGURES_FILE).write_text("{")
    before = entries()
    (at / history.HISTORY).write_text("no database at all, but a text that is long enough to be read")
    number, problems = rebuild()
    assert (number, entries()) == (2, before)
    assert [f"broken/{FIGURES_FILE}" in problem for problem in problems] == [True]


def test_runs_that_end_at_once_are_all_kept(at: Path) -> None:
    assert not list(at.iterdir())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add([entry(f"r{n}", n)]), range(24)))
    assert {one.id for one in entries()} == {f"r{n}" for n in range(24)}


def write_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def write_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


def write_row(path: Path) -> None:
    add([entry("a", 1)], path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET entry = '{}'")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a text": (
        lambda path: path.write_text("not a database, but long enough to look like one\n"),
        "--rebuild",
    ),
    "of a newer version": (write_newer, "is of version 99, and this Proofload knows 1"),
    "of another program": (write_else, "an SQLite file of something else"),
    "a folder": (lambda path: path.mkdir(), "history.sqlite"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_history_that_cannot_be_used_is_told_and_left_alone(broken: str, at: Path) -> None:
    path = at / history.HISTORY
    path.parent.mkdir()
    breaks, says = BROKEN[broken]
    breaks(path)
    before = path.read_bytes() if path.is_file() else None
    for act in (entries, lambda: add([entry("a", 1)])):
        with pytest.raises(HistoryError) as told:
            act()
        assert says in str(told.value)
    assert before is None or path.read_bytes() == before
    said = add_run(met(), path.parent, OWN_TARGET)
    assert said is not None
    assert says in said
    assert "\n" not in said
    assert (path.parent / FIGURES_FILE).is_file()
    done = proofload("history")
    assert (done.exit_code, done.output.count("\n")) == (2, 1)


def test_a_history_whose_first_transaction_never_ended_is_empty(at: Path) -> None:
    (at / "runs").mkdir()
    (at / history.HISTORY).touch()
    assert entries() == []
    add([entry("a", 1)])
    assert [one.id for one in entries()] == ["a"]


def test_an_entry_that_is_none_is_told(at: Path) -> None:
    del at
    write_row(history.HISTORY)
    with pytest.raises(HistoryError, match=r"runs\.0\.id: Field required"):
        entries()


# --- proofload history --------------------------------------------------------------------------


def test_history_lists_newest_first(at: Path) -> None:
    add([entry("old", 1), entry("new", 2, profile="spike", verdict=Outcome.MISSED)])
    done = proofload("history")
    assert [line.split()[0] for line in done.output.splitlines()] == ["run", "new", "old"]
    assert "MISSED" in done.output
    shown = json.loads(proofload("history", "--json", "--profile", "steady").stdout)
    assert [run["id"] for run in shown["runs"]] == ["old"]
    assert proofload("history", "--limit", "1", "--plot", "a.png").exit_code == 2
    assert not list(at.glob("a.*"))


@pytest.mark.usefixtures("at")
def test_a_regression_is_listed_as_one_until_it_is_accepted() -> None:
    add([entry("better", 1.0), entry("worse", 2.0, regression=True)])
    assert "MET, regression" in proofload("history").output
    accepted = proofload("history", "--accept", "worse")
    assert (accepted.exit_code, "MET, accepted" in accepted.output) == (0, True)
    assert [one.accepted for one in entries()] == [True, False]


@pytest.mark.usefixtures("at")
def test_what_can_be_no_baseline_is_not_accepted() -> None:
    add([entry("missed", 1.0, verdict=Outcome.MISSED)])
    refused = proofload("history", "--accept", "missed")
    assert refused.exit_code == 2
    assert "missed: not MET" in refused.output


def test_no_history_yet_is_no_error(at: Path) -> None:
    done = proofload("history")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no runs" in done.stderr
    assert not list(at.iterdir())


@pytest.mark.parametrize("name", ["trend.svg", "trend.html"])
def test_history_is_drawn(name: str, at: Path) -> None:
    add([entry("a", 1), entry("b", 2, 2.0, verdict=Outcome.MISSED), entry("c", 3, figures={})])
    assert proofload("history", "--plot", name).exit_code == 0
    text = (at / name).read_text(encoding="utf-8")
    assert "response time" in text
    assert "3 runs of steady" in text
    assert "nan" not in text


# --- proofload compare --------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    arguments: tuple[str, ...]
    code: int
    says: str
    known: tuple[Entry, ...] = (*series("a", 0), *series("b", 100, 1.2))


SIDE_B = tuple(f"b{n}" for n in range(6))
SIDE_A = tuple(word for n in range(6) for word in ("--baseline", f"a{n}"))
COMPARED = {
    "a fifth slower than the runs named": Told(
        (*SIDE_B, *SIDE_A), 1, "regression in response_time_p50, response_time_p95"
    ),
    "a fifth faster": Told(
        (*(f"a{n}" for n in range(6)), *(word for b in SIDE_B for word in ("--baseline", b))),
        0,
        "improvement in",
    ),
    "the figures that are no slower alone": Told(
        (*SIDE_B, *SIDE_A, "--figure", "throughput", "--figure", "sli/*"), 0, "no difference shown"
    ),
    "one run against the newest that met its objectives, with noise from the history": Told(
        ("b0",), 1, "regression in", (*series("a", 0), entry("b0", 100, 1.2))
    ),
    "one run against one, with no others": Told(
        ("b0",), 3, "can't tell in", (entry("a0", 1), entry("b0", 100, 1.2))
    ),
    "no run before it": Told(("a0",), 3, "UNDECIDED: no_baseline"),
    "no run before it that met its objectives": Told(
        ("b0",), 3, "no_baseline", (entry("a0", 1, verdict=Outcome.MISSED), entry("b0", 2))
    ),
    "a run with faults before it is no baseline": Told(
        ("b0",), 3, "no_baseline", (entry("a0", 1, fingerprint={**HERE, "faults": "x=1"}), entry("b0", 2))
    ),
    "a run of another profile": Told(
        ("b0", "--baseline", "a0"),
        3,
        "not_comparable: not the same profile: spike, p2; the baseline's: steady, p1",
        (entry("a0", 1), entry("b0", 2, profile="spike", fingerprint={**HERE, "profile": "p2"})),
    ),
    "a run of another spec": Told(
        ("b0", "--baseline", "a0"),
        3,
        "not_comparable: not the same spec: s2",
        (entry("a0", 1), entry("b0", 2, fingerprint={**HERE, "spec": "s2"})),
    ),
    "a run whose load was not delivered": Told(
        ("b0", "--baseline", "a0"),
        3,
        "unsound_run: checks failed in b0 (load_delivered)",
        (entry("a0", 1), entry("b0", 2, failed_checks=("load_delivered",))),
    ),
    "runs on another machine are compared with a warning": Told(
        (*SIDE_B, *SIDE_A),
        1,
        "not the same machine: 64 CPUs; the baseline's: 2 CPUs",
        (*series("a", 0), *series("b", 100, 1.2, fingerprint={**HERE, "machine": "64 CPUs"})),
    ),
    "a name too long for a path": Told(("z" * 5000,), 2, "z" * 100),
    "no name at all": Told(("",), 2, "no run ''"),
    "a run that is not there": Told(("zzz",), 2, "no run 'zzz'"),
    "a beginning of several ids": Told(("a",), 2, "'a' begins 6 ids"),
    "a run against itself": Told(("b0", "--baseline", "b0"), 2, "b0: on both sides"),
    "a figure that is not there": Told((*SIDE_B, *SIDE_A, "--figure", "p95"), 2, "no figure 'p95'"),
    "a file that holds no figures": Told(("b0", "--baseline", "empty.json"), 2, "holds no figures of runs"),
    "a folder that is no run's": Told(("folder",), 2, "folder/figures.json: can't be read"),
}


@pytest.mark.parametrize("told", COMPARED.values(), ids=COMPARED.keys())
def test_comparisons(told: Told, at: Path) -> None:
    add(told.known)
    (at / "empty.json").write_text("{}")
    (at / "folder").mkdir()
    done = proofload("compare", *told.arguments)
    assert told.says in done.output.replace("\n", " ")
    assert done.exit_code == told.code


def test_an_exported_baseline_serves_where_there_is_no_history(at: Path) -> None:
    add(series("a", 0))
    assert proofload("compare", *(f"a{n}" for n in range(6)), "--export", "base.json").exit_code == 0
    add(series("b", 100, 1.2), at / "else" / "history.sqlite")
    done = proofload(
        "compare", *SIDE_B, "--baseline", "base.json", "--history", "else/history.sqlite", "--json",
        "--markdown", "compared.md",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (done.exit_code, found["conclusion"]) == (1, "regression")
    p95 = next(one for one in found["figures"] if one["figure"] == "response_time_p95")
    assert p95["effect"] == pytest.approx(0.2)
    assert 0.05 < p95["low"] < 0.2 < p95["high"]
    text = (at / "compared.md").read_text(encoding="utf-8")
    assert text.startswith("## ❌ Regression in response\\_time\\_p50")
    assert "| response\\_time\\_p95 | 200 ms | 240 ms | +20 % |" in text
