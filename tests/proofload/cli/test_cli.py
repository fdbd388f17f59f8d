from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofload.cli import main
from tests.proofload.cli.usage_cases import FILES, USAGE, Bad
from tests.support.http_faults import Answer, envelope, refused_url, serving, text
from tests.support.specs import REFERRED, changed


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds the files, without this machine's settings."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PROOFLOAD_PROMETHEUS_URL", raising=False)
    return tmp_path


@pytest.fixture
def proofload(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run the command line as ``proofload`` does; what it does to signals is undone."""
    del folder
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, **environment: str) -> Done:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["proofload", *arguments])
        try:
            main.main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
    }


# --- Bad usage and bad input --------------------------------------------------------------------


@pytest.mark.parametrize("bad", USAGE.values(), ids=USAGE.keys())
def test_what_is_wrong_is_told_and_nothing_is_written(bad: Bad, folder: Path, proofload: Run) -> None:
    before = contents(folder)
    done = proofload(*bad.arguments, **bad.environment)
    assert done.code == 2
    assert bad.says in done.err
    assert "Traceback" not in done.err
    assert not done.out
    assert contents(folder) == before


# --- No verdict ---------------------------------------------------------------------------------


def test_a_prometheus_that_is_not_there_leaves_all_undecided(folder: Path, proofload: Run) -> None:
    before, url = contents(folder), refused_url()
    window = ("--start", "-20m", "--end", "-10m")
    done = proofload("check", "--spec", "spec.yaml", "--prometheus", url, *window)
    assert done.code == 3
    assert "UNDECIDED" in done.out
    assert f"prometheus_unreachable: {url} does not answer (Connection refused)" in " ".join(done.out.split())
    assert "MET" not in done.out.split()
    assert contents(folder) == before


def test_a_check_writes_its_reports_where_it_is_told(folder: Path, proofload: Run) -> None:
    window = ("--start", "-20m", "--end", "-10m")
    done = proofload("check", "--prometheus", refused_url(), *window, "--out", "out/deep")
    assert done.code == 3
    assert (folder / "out" / "deep" / "report.html").is_file()
    assert (folder / "out" / "deep" / "verdict.json").is_file()


def test_a_prometheus_that_is_not_there_is_a_bad_input_of_lint(proofload: Run) -> None:
    url = refused_url()
    done = proofload("lint", "--spec", "spec.yaml", "--prometheus", url)
    assert (done.code, done.err) == (2, f"proofload: {url} does not answer (Connection refused)\n")


def test_a_wish_for_a_prometheus_that_can_not_be_met_gives_no_verdict(proofload: Run) -> None:
    missing = {"PROMETHEUS_BIN": "nowhere/prometheus"}
    done = proofload("run", "--profile", "profile.yaml", "--out", "out", **missing)
    assert done.code == 3
    _, _, said = done.err.partition("proofload: ")
    tried = Path("nowhere/prometheus").absolute()
    assert said == (
        "no verdict: no Prometheus to run; tried\n"
        f"  PROMETHEUS_BIN: {tried} does not run: No such file or directory\n"
    )
    assert not Path("out/verdict.json").exists()


# --- What works ---------------------------------------------------------------------------------


def rows(*metrics: dict[str, str]) -> Answer:
    found = [{"metric": metric, "value": [1, "1"]} for metric in metrics]
    return envelope({"resultType": "vector", "result": found})


def test_the_spec_of_the_reference_service_is_good(proofload: Run) -> None:
    done = proofload("lint")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("no problem found\n")


def test_a_good_spec_has_no_problem(proofload: Run) -> None:
    done = proofload("lint", "--spec", "spec.yaml")
    assert (done.code, done.out) == (0, "1 SLOs with 1 objectives: no problem found\n")


def test_lint_warns_of_what_is_approximate(proofload: Run) -> None:
    spec = Path("spec.yaml")
    spec.write_text(spec.read_text().replace("query: orders_total", "query: avg(rate(orders_total[5m]))"))
    spec.write_text(spec.read_text().replace("query: paid_total", "query: avg(rate(paid_total[5m]))"))
    done = proofload("lint", "--spec", "spec.yaml")
    assert (done.code, done.out) == (0, "1 SLOs with 1 objectives: no problem found\n")
    assert "warning: spec.yaml:4: SLO checkout, total: avg(rate(orders_total[5m])) is left to Pro" in done.err


BUILD = envelope({"version": "3.5.0"})
LINTS = {
    "both queries find something": ((BUILD, rows({"a": "b"})), 0, "no problem found"),
    "one finds nothing": (
        (BUILD, rows({"a": "b"}), rows()),
        2,
        "proofload: spec.yaml:4: SLO checkout, total: orders_total matches no series\n",
    ),
    "none finds anything": (
        (BUILD, rows()),
        2,
        "SLO checkout, good: paid_total matches no series\nspec.yaml:4: ",
    ),
    "they are refused": ((text("", 401),), 2, "answered 401: it wants other credentials"),
}


@pytest.mark.parametrize(("answers", "code", "says"), LINTS.values(), ids=LINTS.keys())
def test_lint_asks_a_prometheus_for_the_queries(
    answers: tuple[Answer, ...], code: int, says: str, proofload: Run
) -> None:
    with serving(*answers) as server:
        done = proofload("lint", "--spec", "spec.yaml", "--prometheus", server.url)
    assert done.code == code
    assert says in done.out + done.err


def test_lint_asks_a_backend_as_check_does(proofload: Run) -> None:
    thanos = envelope({"version": "0.41.0"})
    with serving(thanos, rows({"a": "b"})) as server:
        assert proofload("lint", "--spec", "spec.yaml", "--prometheus", server.url).code == 0
    assert {one.parameters.get("partial_response") for one in server.asked if "query" in one.parameters} == {
        "false"
    }


SOURCE = "  type: Thanos\n  connectionDetails: {{url: '{}', tenant: shop}}\n"


@pytest.mark.parametrize("named", [True, False], ids=["by the spec", "by the option, elsewhere"])
def test_a_data_source_chooses_who_is_asked_and_how(named: bool, folder: Path, proofload: Run) -> None:
    with serving(text("", 404)) as server:
        url = server.url if named else refused_url()
        spec = (
            REFERRED[: REFERRED.index("  type: ")] + SOURCE.format(url) + REFERRED[REFERRED.index("---\n") :]
        )
        (folder / "named.yaml").write_text(spec)
        option = () if named else ("--prometheus", server.url)
        done = proofload("check", "--spec", "named.yaml", "--start", "-20m", "--end", "-10m", *option)
    assert done.code == 3
    queries = [one for one in server.asked if "query" in one.parameters]
    assert queries
    assert {one.parameters.get("dedup") for one in queries} == {"true" if named else None}
    assert {one.headers.get("THANOS-TENANT") for one in server.asked} == {"shop" if named else None}


PLACES = {
    "the option comes first": {"option": "right", "environment": "wrong", "spec": "wrong"},
    "then the environment": {"option": "", "environment": "right", "spec": "wrong"},
    "then the spec": {"option": "", "environment": "", "spec": "right"},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_the_prometheus_to_ask(place: dict[str, str], folder: Path, proofload: Run) -> None:
    with serving(text("", 404)) as right, serving(text("", 404)) as wrong:
        urls = {
            name: {"right": right.url, "wrong": wrong.url, "": ""}[which] for name, which in place.items()
        }
        spec = changed(REFERRED, ("https://prometheus.example/path", urls["spec"]))
        (folder / "named.yaml").write_text(spec)
        option = ("--prometheus", urls["option"]) if urls["option"] else ()
        window = ("--start", "-20m", "--end", "-10m")
        environment = {"PROOFLOAD_PROMETHEUS_URL": urls["environment"]}
        assert proofload("check", "--spec", "named.yaml", *option, *window, **environment).code == 3
    assert right.asked
    assert not wrong.asked


HELP = {
    "the command": ((), "Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 130 interrupted."),
    "run": (("run",), "--profile PATH"),
    "check": (("check",), "--start TIME"),
    "lint": (("lint",), "--prometheus URL"),
    "ui": (("ui",), "--port INTEGER RANGE"),
}


@pytest.mark.parametrize(("command", "says"), HELP.values(), ids=HELP.keys())
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_given(option: str, command: tuple[str, ...], says: str, proofload: Run) -> None:
    done = proofload(*command, option)
    assert done.code == 0
    assert says in " ".join(done.out.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_module_is_the_command(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "proofload", option],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "proofload" in done.stdout
