"""Texts of others are printed without control characters and without commands of CI systems."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from proofload.output import github, terminal
from tests.support.http_faults import respond_error, respond_success, run_server
from tests.support.proofs import hostile
from tests.support.specs import EVENTS_SPEC

HOSTILE = "=cmd\n::error::pwned\n  ::add-mask::a\x1b[31mred\x1b]0;title\x07 ##vso[task.complete]x\r\x9b1m"
HOSTILE_YAML = json.dumps(HOSTILE)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def assert_safe(text: str) -> None:
    assert not CONTROL.search(text)
    assert not [line for line in text.split("\n") if line.lstrip().startswith("::")]
    assert not re.search(r"##\w*\[", text)


def run_proofload(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "proofload", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_a_summary_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.print_summary(hostile(HOSTILE), Path(HOSTILE))
    record = hostile(HOSTILE).run
    assert record
    terminal.print_load_summary(record, Path(HOSTILE))
    assert "pwned" in stream.getvalue()
    assert_safe(stream.getvalue())


def test_a_wrapped_line_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    terminal.print_status("x" * (terminal.PLAIN_WIDTH - 4) + " ::error::pwned")
    assert "pwned" in stream.getvalue()
    assert_safe(stream.getvalue())


def test_annotations_contain_no_control_character() -> None:
    command = github.format_command("error", HOSTILE, HOSTILE)
    assert not CONTROL.search(command)
    assert command.count("\n") == 0


REFUSED_URL = "http://127.0.0.1:9"
COMMANDS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "check prints the name of an objective": (
        ("check", "--spec", "named.yaml", "--prometheus", REFUSED_URL, "--start", "-10m", "--end", "-5m"), 3,
    ),
    "lint prints what is wrong in a spec": (("lint", "--spec", "wrong.yaml"), 2),
    "a file name in an error": (("lint", "--spec", HOSTILE.replace("\x00", "")), 2),
    "an option that does not exist": ((f"--x{HOSTILE[1:]}",), 2),
    "a command that does not exist": ((HOSTILE,), 2),
    "a value that can't be used": (("check", "--start", HOSTILE), 2),
    "an address that can't be used": (("load", "--target", HOSTILE), 2),
    "rules are printed": (("rules", "--spec", "named.yaml"), 0),
    "a profile with a wrong value": (("load", "--profile", "profile.yaml", "--target", REFUSED_URL), 2),
    "a run directory that does not exist": (("check", "--spec", "named.yaml", "--replay", HOSTILE), 2),
    "a run that is not in the history": (("compare", HOSTILE), 2),
    "an access log that can't be read": (("profile", "from-access-log", HOSTILE, "--rate", "5"), 2),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_prints_only_safe_lines(case: str, tmp_path: Path) -> None:
    arguments, code = COMMANDS[case]
    named = re.sub(r"objectives:.*", "", EVENTS_SPEC, flags=re.DOTALL).rstrip()
    objective = f"  objectives:\n    - {{displayName: {HOSTILE_YAML}, target: 0.99}}\n"
    (tmp_path / "named.yaml").write_text(f"{named}\n{objective}")
    (tmp_path / "wrong.yaml").write_text(EVENTS_SPEC.replace("Occurrences", HOSTILE_YAML))
    (tmp_path / "profile.yaml").write_text(f"name: x\narrivals: {HOSTILE_YAML}\nrequests: [{{path: /}}]\n")
    done = run_proofload(tmp_path, *arguments)
    assert done.returncode == code, done.stderr
    assert "pwned" in done.stdout + done.stderr
    assert_safe(done.stdout)
    assert_safe(done.stderr)


@pytest.mark.parametrize("kind", ["an error", "a warning", "a label"])
def test_texts_of_prometheus_are_printed_safely(kind: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(EVENTS_SPEC)
    series = {"metric": {"__name__": "up", "job": HOSTILE}, "values": [[1, "1"]]}
    responder = {
        "an error": respond_error(422, HOSTILE),
        "a warning": respond_success({"resultType": "matrix", "result": []}, warnings=[HOSTILE]),
        "a label": respond_success({"resultType": "matrix", "result": [series]}),
    }[kind]
    with run_server(responder) as server:
        done = run_proofload(
            tmp_path, "check", "--spec", "spec.yaml", "--prometheus", server.url, "--start", "-10m",
            "--end", "-5m", "--out", "out",
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert_safe(done.stdout)
    assert_safe(done.stderr)


def test_an_output_of_the_action_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "verdict.json").write_text(json.dumps({"verdict": "MET\nexit-code=0", "objectives": []}))
    files = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    github.report_verdict(3, tmp_path, files)
    lines = (tmp_path / "GITHUB_OUTPUT").read_text().splitlines()
    assert [line.partition("=")[0] for line in lines] == ["exit-code", "verdict", "report"]
    assert "\n" not in capsys.readouterr().out.strip()
