from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofload.cli import main
from tests.proofload.cli.usage_cases import FILES, USAGE, UsageCase
from tests.support.http_faults import Responder, find_refused_url, respond_success, respond_text, run_server
from tests.support.specs import SPEC_WITH_REFERENCES, replace_in_text


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with the files of the cases, without this machine's settings."""
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
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run the command line as ``proofload`` does; the signal handlers are restored afterwards."""
    del directory
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*arguments: str, **environment: str) -> Finished:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["proofload", *arguments])
        try:
            main.main()
            code: object = 0
        except SystemExit as error:
            code = error.code or 0
        assert isinstance(code, int)
        return Finished(code, *capsys.readouterr())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def read_files(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text() if path.is_file() else ""
        for path in directory.rglob("*")
    }


# --- Invalid usage and input --------------------------------------------------------------------


@pytest.mark.parametrize("case", USAGE.values(), ids=USAGE.keys())
def test_invalid_usage_is_reported_and_nothing_is_written(
    case: UsageCase, directory: Path, proofload: Run
) -> None:
    before = read_files(directory)
    done = proofload(*case.arguments, **case.environment)
    assert done.code == 2
    assert case.message in done.err
    assert "Traceback" not in done.err
    assert not done.out
    assert read_files(directory) == before


# --- No verdict ---------------------------------------------------------------------------------


def test_an_unreachable_prometheus_is_undecided(directory: Path, proofload: Run) -> None:
    before, url = read_files(directory), find_refused_url()
    window = ("--start", "-20m", "--end", "-10m")
    done = proofload("check", "--spec", "spec.yaml", "--prometheus", url, *window)
    assert done.code == 3
    assert "UNDECIDED" in done.out
    assert f"prometheus_unreachable: {url} does not respond (Connection refused)" in " ".join(
        done.out.split()
    )
    assert "MET" not in done.out.split()
    assert read_files(directory) == before


def test_a_check_writes_its_reports_to_out(directory: Path, proofload: Run) -> None:
    window = ("--start", "-20m", "--end", "-10m")
    done = proofload("check", "--prometheus", find_refused_url(), *window, "--out", "out/deep")
    assert done.code == 3
    assert (directory / "out" / "deep" / "report.html").is_file()
    assert (directory / "out" / "deep" / "verdict.json").is_file()


def test_an_unreachable_prometheus_is_an_error_of_lint(proofload: Run) -> None:
    url = find_refused_url()
    done = proofload("lint", "--spec", "spec.yaml", "--prometheus", url)
    assert (done.code, done.err) == (2, f"proofload: {url} does not respond (Connection refused)\n")


def test_an_explicit_prometheus_that_does_not_run_gives_no_verdict(proofload: Run) -> None:
    missing = {"PROMETHEUS_BIN": "nowhere/prometheus"}
    done = proofload("run", "--profile", "profile.yaml", "--out", "out", **missing)
    assert done.code == 3
    _, _, message = done.err.partition("proofload: ")
    binary = Path("nowhere/prometheus").absolute()
    assert message == (
        "no verdict: no working Prometheus found; tried\n"
        f"  PROMETHEUS_BIN: {binary} does not run: No such file or directory\n"
    )
    assert not Path("out/verdict.json").exists()


# --- Valid usage ---------------------------------------------------------------------------------


def rows(*metrics: dict[str, str]) -> Responder:
    result = [{"metric": metric, "value": [1, "1"]} for metric in metrics]
    return respond_success({"resultType": "vector", "result": result})


def test_the_spec_of_the_reference_service_has_no_problems(proofload: Run) -> None:
    done = proofload("lint")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("no problem found\n")


def test_a_valid_spec_has_no_problems(proofload: Run) -> None:
    done = proofload("lint", "--spec", "spec.yaml")
    assert (done.code, done.out) == (0, "1 SLOs with 1 objectives: no problem found\n")


def test_lint_warns_about_approximate_queries(proofload: Run) -> None:
    spec = Path("spec.yaml")
    spec.write_text(spec.read_text().replace("query: orders_total", "query: avg(rate(orders_total[5m]))"))
    spec.write_text(spec.read_text().replace("query: paid_total", "query: avg(rate(paid_total[5m]))"))
    done = proofload("lint", "--spec", "spec.yaml")
    assert (done.code, done.out) == (0, "1 SLOs with 1 objectives: no problem found\n")
    assert (
        "warning: spec.yaml:4: SLO checkout, total: avg(rate(orders_total[5m])) is evaluated by Pro"
        in done.err
    )


BUILD = respond_success({"version": "3.5.0"})
LINTS = {
    "both queries match series": ((BUILD, rows({"a": "b"})), 0, "no problem found"),
    "one query matches no series": (
        (BUILD, rows({"a": "b"}), rows()),
        2,
        "proofload: spec.yaml:4: SLO checkout, total: orders_total matches no series\n",
    ),
    "no query matches series": (
        (BUILD, rows()),
        2,
        "SLO checkout, good: paid_total matches no series\nspec.yaml:4: ",
    ),
    "the credentials are rejected": (
        (respond_text("", 401),),
        2,
        "responded with 401: it refuses the credentials",
    ),
}


@pytest.mark.parametrize(("responders", "code", "message"), LINTS.values(), ids=LINTS.keys())
def test_lint_sends_the_queries_to_prometheus(
    responders: tuple[Responder, ...], code: int, message: str, proofload: Run
) -> None:
    with run_server(*responders) as server:
        done = proofload("lint", "--spec", "spec.yaml", "--prometheus", server.url)
    assert done.code == code
    assert message in done.out + done.err


def test_lint_detects_the_backend(proofload: Run) -> None:
    thanos = respond_success({"version": "0.41.0"})
    with run_server(thanos, rows({"a": "b"})) as server:
        assert proofload("lint", "--spec", "spec.yaml", "--prometheus", server.url).code == 0
    queries = [request for request in server.requests if "query" in request.parameters]
    assert {query.parameters.get("partial_response") for query in queries} == {"false"}


SOURCE = "  type: Thanos\n  connectionDetails: {{url: '{}', tenant: shop}}\n"


@pytest.mark.parametrize("in_spec", [True, False], ids=["URL in the spec", "another URL by option"])
def test_a_data_source_chooses_server_and_backend(in_spec: bool, directory: Path, proofload: Run) -> None:
    with run_server(respond_text("", 404)) as server:
        url = server.url if in_spec else find_refused_url()
        spec = (
            SPEC_WITH_REFERENCES[: SPEC_WITH_REFERENCES.index("  type: ")]
            + SOURCE.format(url)
            + SPEC_WITH_REFERENCES[SPEC_WITH_REFERENCES.index("---\n") :]
        )
        (directory / "named.yaml").write_text(spec)
        option = () if in_spec else ("--prometheus", server.url)
        done = proofload("check", "--spec", "named.yaml", "--start", "-20m", "--end", "-10m", *option)
    assert done.code == 3
    queries = [request for request in server.requests if "query" in request.parameters]
    assert queries
    assert {query.parameters.get("dedup") for query in queries} == {"true" if in_spec else None}
    assert {request.headers.get("THANOS-TENANT") for request in server.requests} == {
        "shop" if in_spec else None
    }


PRECEDENCE = {
    "the option comes first": {"option": "right", "environment": "wrong", "spec": "wrong"},
    "the environment comes second": {"option": "", "environment": "right", "spec": "wrong"},
    "the spec comes last": {"option": "", "environment": "", "spec": "right"},
}


@pytest.mark.parametrize("sources", PRECEDENCE.values(), ids=PRECEDENCE.keys())
def test_the_prometheus_url_has_a_precedence(
    sources: dict[str, str], directory: Path, proofload: Run
) -> None:
    with run_server(respond_text("", 404)) as right, run_server(respond_text("", 404)) as wrong:
        urls = {
            name: {"right": right.url, "wrong": wrong.url, "": ""}[which] for name, which in sources.items()
        }
        spec = replace_in_text(SPEC_WITH_REFERENCES, ("https://prometheus.example/path", urls["spec"]))
        (directory / "named.yaml").write_text(spec)
        option = ("--prometheus", urls["option"]) if urls["option"] else ()
        window = ("--start", "-20m", "--end", "-10m")
        environment = {"PROOFLOAD_PROMETHEUS_URL": urls["environment"]}
        assert proofload("check", "--spec", "named.yaml", *option, *window, **environment).code == 3
    assert right.requests
    assert not wrong.requests


HELP = {
    "the command": (
        (),
        "Exit codes: 0 MET, 1 MISSED, 2 bad usage or input, 3 UNDECIDED, 70 internal error, 130 interrupted.",
    ),
    "run": (("run",), "--profile PATH"),
    "check": (("check",), "--start TIME"),
    "lint": (("lint",), "--prometheus URL"),
    "ui": (("ui",), "--port INTEGER RANGE"),
}


@pytest.mark.parametrize(("command", "message"), HELP.values(), ids=HELP.keys())
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_printed(option: str, command: tuple[str, ...], message: str, proofload: Run) -> None:
    done = proofload(*command, option)
    assert done.code == 0
    assert message in " ".join(done.out.split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_module_runs_the_command(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "proofload", option],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "proofload" in done.stdout
