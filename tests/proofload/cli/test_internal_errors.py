"""Internal errors and failing output: real commands, whose exit codes never look like another verdict."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from proofload.artifacts import write_evidence
from slo.model import Evidence, Window
from tests.support.specs import EVENTS_SPEC

COMMAND = (sys.executable, "-m", "proofload")
REPLAY = ("check", "--spec", "spec.yaml", "--replay", "run")
UNDECIDED, USAGE, INTERNAL, INTERRUPTED = 3, 2, 70, 130
LONG_NAME = "n" * 5_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a spec, a run whose verdict is UNDECIDED, and a link that leads to itself."""
    (tmp_path / "run").mkdir()
    (tmp_path / "spec.yaml").write_text(EVENTS_SPEC)
    write_evidence(Evidence(Window(1_000, 1_030), {}, 1_040, 300), tmp_path / "run")
    (tmp_path / "loop").symlink_to("loop")
    profile = "name: p\nlocustfile: {}\nstages: [{{duration: 1s, rate: 1}}]\n"
    (tmp_path / "loop.yaml").write_text(profile.format("loop"))
    (tmp_path / "long.yaml").write_text(profile.format(LONG_NAME))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "good.yaml").write_text(EVENTS_SPEC)
    (tmp_path / "specs" / "loop.yaml").symlink_to("loop.yaml")
    return tmp_path


def run(
    folder: Path, *arguments: str, command: tuple[str, ...] = COMMAND, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder)} | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )


# --- Faults of Proofload itself -----------------------------------------------------------------


def break_command(place: str, error: str) -> tuple[str, ...]:
    """Return a command line whose function at ``place`` raises ``error``."""
    module, _, name = place.rpartition(".")
    code = f"""
import sys, importlib
def fail(*_, **__):
    raise {error}
from proofload.cli.main import main
setattr(importlib.import_module({module!r}), {name!r}, fail)
sys.argv[0] = "proofload"
main()
"""
    return sys.executable, "-c", code


EVALUATE = "proofload.pipeline.evaluate"
FAULTS: dict[str, tuple[str, str, str]] = {
    "an error in the evaluation": (EVALUATE, "KeyError('counter')", "KeyError: 'counter'"),
    "no memory": (EVALUATE, "MemoryError", "MemoryError"),
    "a recursion without end": (EVALUATE, "RecursionError('too deep')", "RecursionError: too deep"),
    "a message of several lines with an escape": (
        EVALUATE,
        r"ValueError('a\nb\x1b[1m')",
        "ValueError: a b [1m",
    ),
    "a message of 10,000 characters": (EVALUATE, "ValueError('x' * 10_000)", "ValueError: xxx"),
    "half a surrogate pair in the message": (EVALUATE, r"ValueError('\ud800')", "ValueError"),
    "an operating system error that nothing handles": (EVALUATE, "OSError(5, 'I/O error')", "I/O error"),
    "an error in a report": ("reports.writers.write._write_report", "TypeError('svg')", "TypeError: svg"),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
def test_an_internal_error_is_70_one_line_a_file_and_an_error_in_junit(
    case: tuple[str, str, str], folder: Path
) -> None:
    place, error, message = case
    done = run(folder, *REPLAY, "--out", "out", command=break_command(place, error))
    assert (done.returncode, done.stdout) == (INTERNAL, "")
    *_, line = done.stderr.splitlines()
    assert re.fullmatch(r"proofload: internal error: .*; traceback in out/logs/internal-error\.txt", line)
    assert message in line
    assert len(line) < 500
    assert "Traceback" in (folder / "out" / "logs" / "internal-error.txt").read_text()
    root = ET.parse(folder / "out" / "junit.xml").getroot()  # noqa: S314 - our own file
    assert (root.get("tests"), root.get("errors"), root.get("failures")) == ("1", "1", "0")
    [element] = root.iter("error")
    assert element.get("type") == "internal_error"
    assert not (folder / "out" / "verdict.json").exists()


def test_without_a_run_directory_the_traceback_is_in_a_temporary_file(folder: Path) -> None:
    done = run(folder, *REPLAY, command=break_command(EVALUATE, "KeyError('x')"))
    assert done.returncode == INTERNAL
    [path] = re.findall(r"traceback in (\S+)", done.stderr)
    assert "KeyError" in Path(path).read_text()
    assert Path(path).parent == folder


def test_a_verdict_that_can_not_be_shown_stands(folder: Path) -> None:
    command = break_command("proofload.cli.exit_status.print_summary", "RuntimeError('no table')")
    done = run(folder, *REPLAY, "--out", "out", command=command)
    assert done.returncode == UNDECIDED
    assert "UNDECIDED, but it can't be shown: RuntimeError: no table; traceback in out/logs" in done.stderr
    assert (folder / "out" / "verdict.json").exists()


# --- Output that can't be written ---------------------------------------------------------------


@dataclass(frozen=True)
class OutputCase:
    arguments: tuple[str, ...]
    redirection: str
    code: int
    message: str = ""
    encoding: str = ""


HISTORY = ("history", "--json")
FULL = "can't write to standard output: No space left on device"
OUTPUTS: dict[str, OutputCase] = {
    "a verdict on a full disk": OutputCase(REPLAY, ">/dev/full", UNDECIDED),
    "a verdict and its status lines on a full disk": OutputCase(REPLAY, ">/dev/full 2>&1", UNDECIDED),
    "a verdict without standard output": OutputCase(REPLAY, ">&-", UNDECIDED),
    "a verdict without any standard stream": OutputCase(REPLAY, "<&- >&- 2>&-", UNDECIDED),
    "a verdict into a closed pipe": OutputCase(REPLAY, "| true", UNDECIDED),
    "a verdict in ASCII": OutputCase(REPLAY, "", UNDECIDED, encoding="ascii"),
    "a verdict in Latin 1": OutputCase(REPLAY, "", UNDECIDED, encoding="latin-1"),
    "a verdict with reports on a full disk": OutputCase((*REPLAY, "--out", "out"), ">/dev/full", UNDECIDED),
    "help on a full disk": OutputCase(("--help",), ">/dev/full", USAGE, FULL),
    "a listing on a full disk": OutputCase(HISTORY, ">/dev/full", USAGE, FULL),
    "a listing into a closed pipe": OutputCase(HISTORY, "| true", 0),
    "a listing without standard output": OutputCase(HISTORY, ">&-", 0),
    "bad usage on a full disk": OutputCase(("runn",), ">/dev/full 2>&1", USAGE),
}


@pytest.mark.parametrize("case", OUTPUTS.values(), ids=OUTPUTS.keys())
def test_output_that_can_not_be_written(case: OutputCase, folder: Path) -> None:
    script = f'"$0" "$@" {case.redirection}; exit "${{PIPESTATUS[0]}}"'
    environment = {"PYTHONIOENCODING": case.encoding} if case.encoding else {}
    done = run(folder, *case.arguments, command=("bash", "-c", script, *COMMAND), **environment)
    assert done.returncode == case.code, done.stderr
    assert case.message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    if case.encoding:
        assert "UNDECIDED 1 of 1 objective undecided" in done.stdout


# --- Files that can't be read or written --------------------------------------------------------

RUN = ("load", "--target", "http://127.0.0.1:9")
LOOP, TOO_LONG = "Too many levels of symbolic links", "File name too long"
PATHS: dict[str, tuple[tuple[str, ...], str]] = {
    **{
        f"{name}: {' '.join(arguments)}": ((*arguments, path), message)
        for name, path, message in (("a link to itself", "loop", LOOP), ("a long name", LONG_NAME, TOO_LONG))
        for arguments in (
            (*REPLAY, "--out"),
            (*REPLAY, "--config"),
            ("check", "--spec", "spec.yaml", "--replay"),
            ("check", "--replay", "run", "--spec"),
            ("lint", "--spec", "spec.yaml", "--profile"),
            (*RUN, "--profile"),
            (*RUN, "--out"),
            ("rules", "--spec", "spec.yaml", "--out"),
            ("rules", "--spec", "spec.yaml", "--tests"),
            ("history", "--history"),
            ("history", "--rebuild", "--history"),
            ("compare", "latest", "--history"),
            ("import", "sloth"),
            ("profile", "from-har"),
        )
    },
    "a locustfile that is a link to itself": (
        (*RUN, "--profile", "loop.yaml"),
        f"loop.yaml:2: locustfile: 'loop' can't be read: {LOOP}",
    ),
    "a locustfile with a long name": ((*RUN, "--profile", "long.yaml"), TOO_LONG),
    "a spec folder with a link to itself": (
        ("check", "--replay", "run", "--spec", "specs"),
        f"specs/loop.yaml: can't be read: {LOOP}",
    ),
    "an empty spec": (("check", "--replay", "run", "--spec", ""), "a path can't be empty"),
    "an empty run directory": ((*REPLAY, "--out", ""), "a path can't be empty"),
    "an empty target": (("load", "--target", ""), "is empty; write a URL"),
    "an empty target of a run is not the reference service": (
        ("run", "--target", "", "--prometheus", ""),
        "is empty; write a URL",
    ),
    "confidence nan": ((*REPLAY, "--confidence", "nan"), "nan is not in the range 0.5<=x<1."),
    "confidence inf": ((*REPLAY, "--confidence", "inf"), "inf is not in the range 0.5<=x<1."),
    "tolerance nan": (("compare", "latest", "--tolerance", "nan"), "nan is not in the range 0<x<=1."),
}  # fmt: skip


@pytest.mark.parametrize("case", PATHS.values(), ids=PATHS.keys())
def test_a_path_or_number_that_can_not_be_used_is_bad_usage(
    case: tuple[tuple[str, ...], str], folder: Path
) -> None:
    arguments, message = case
    before = sorted(folder.rglob("*"))
    done = run(folder, *arguments)
    assert (done.returncode, done.stdout) == (USAGE, ""), done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["verdict.json", "junit.xml", "report.html", "policy.json", "evidence.json"])
def test_a_folder_in_the_place_of_a_report_is_found_before_anything_happens(name: str, folder: Path) -> None:
    (folder / "out" / name).mkdir(parents=True)
    done = run(folder, *REPLAY, "--out", "out")
    assert (done.returncode, done.stderr) == (USAGE, f"proofload: can't write out/{name}: it is a folder\n")


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """Return the folder of a disk of 64 KiB; skip the test where it can't be mounted."""
    with ExitStack() as resources:
        path = folder / "disk"
        path.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a disk can't be mounted")
        resources.callback(subprocess.run, ["umount", str(path)], check=True)
        yield path


@pytest.mark.parametrize("arguments", [REPLAY, RUN], ids=["check", "load"])
def test_a_full_disk_is_found_before_anything_is_sent(arguments: tuple[str, ...], small_disk: Path) -> None:
    done = run(small_disk.parent, *arguments, "--out", "disk/out")
    message = "proofload: can't write to the run directory disk/out: No space left on device\n"
    assert (done.returncode, done.stdout, done.stderr) == (USAGE, "", message)


def test_a_disk_that_fills_up_does_not_lose_the_verdict(small_disk: Path) -> None:
    command = break_command("proofload.cli.cli_validation.find_output_problems", "")
    code = command[-1].replace("raise ", "return []  # as if it had filled up after the check")
    (small_disk / "rest").write_bytes(bytes(count_free_bytes(small_disk) - 8_192))
    done = run(small_disk.parent, *REPLAY, "--out", "disk/out", command=(sys.executable, "-c", code))
    assert done.returncode == USAGE, done.stderr
    assert "UNDECIDED 1 of 1 objective undecided" in done.stdout
    assert re.search(
        r"^proofload: can't write the results.*No space left on device$", done.stderr, re.MULTILINE
    )


def count_free_bytes(path: Path) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


@pytest.mark.parametrize("limit", [40_000, 60_000, 100_000, 120_000, 160_000, 200_000, 400_000])
def test_a_small_address_space_is_told_at_once(limit: int, folder: Path) -> None:
    script = f'ulimit -v {limit}; exec "$0" "$@"'
    done = run(folder, *REPLAY, command=("bash", "-c", script, *COMMAND))
    message = f"limited to {limit:,} KiB (ulimit -v); at least 409,600 KiB are needed\n"
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == f"proofload: the address space is {message}"


def test_the_smallest_address_space_is_enough_for_a_verdict_with_reports(folder: Path) -> None:
    script = 'ulimit -v 410000; exec "$0" "$@"'
    done = run(folder, *REPLAY, "--out", "out", command=("bash", "-c", script, *COMMAND))
    assert done.returncode == UNDECIDED, done.stderr
    assert (folder / "out" / "report.html").exists()


# --- Interrupts ---------------------------------------------------------------------------------

INTERRUPT_AT_IMPORT = """
import os, signal, sys
class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Interrupter())
sys.argv = ["proofload", "lint", "--spec", "spec.yaml"]
from proofload.__main__ import main
main()
"""
IMPORTS = ["click", "proofload.cli.main", "proofload.cli.lint", "pydantic", "ruamel.yaml", "requests"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", IMPORTS)
def test_an_interrupt_during_an_import_has_no_traceback(
    module: str, number: signal.Signals, folder: Path
) -> None:
    code = INTERRUPT_AT_IMPORT.format(module=module, number=int(number))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restore_interrupts,  # noqa: PLW1509 - it takes no lock
    ) as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (INTERRUPTED, "", "interrupted\n")


def restore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
