"""The shell steps of ``action.yml``, run by bash as on a GitHub runner."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from proofload.output.github import format_annotations, format_command
from proofload.stack import find_free_ports
from reports.writers import comparison_to_json, comparison_to_markdown
from slo.model import Conclusion
from tests.support.comparisons import comparison_of_figures

ROOT = Path(__file__).resolve().parents[2]
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
GOLD = ROOT / "tests" / "gold" / "reports"
STAND_IN = """\
#!/bin/bash
# Instead of running the command, copies the files of an earlier run; everything else is real.
if [ "$2" = proofload ] && [ -n "$STAND_IN_FILES" ]; then
  printf '%s\\n' "$@" > "$ARGUMENTS_FILE"
  mkdir -p "$OUT"
  [ "$STAND_IN_FILES" = none ] || cp "$STAND_IN_FILES"/* "$OUT"
  exit "$STAND_IN_CODE"
fi
exec "$REAL_PYTHON" "$@"
"""


@dataclass
class Runner:
    directory: Path

    def step(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        [script] = [step["run"] for step in STEPS if step.get("name") == name]
        variables = {
            "RUNNER_TEMP": str(self.directory),
            "GITHUB_STEP_SUMMARY": str(self.directory / "summary"),
            "GITHUB_OUTPUT": str(self.directory / "output"),
            "REAL_PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "ARGUMENTS_FILE": str(self.directory / "arguments"),
            "STAND_IN_FILES": "",
        }
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]  # like `shell: bash`
        return subprocess.run(
            bash,
            cwd=self.directory,
            env=os.environ | variables | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def gate(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        names = ["TARGET", "PROFILE", "START", "END"]
        defaults = {"COMMAND": "run", "SPEC": "slo", "PROMETHEUS": "http://p", "OUT": "out"}
        return self.step("Gate", **(dict.fromkeys(names, "") | defaults | inputs))

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.directory / "output").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    program = tmp_path / "proofload" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return Runner(tmp_path)


VERDICTS = {"met": ("MET", 0, 0, 0), "missed": ("MISSED", 1, 2, 1), "undecided": ("UNDECIDED", 3, 0, 5)}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_verdict_is_reported_as_summary_outputs_and_annotations(name: str, runner: Runner) -> None:
    verdict, code, errors, warnings = VERDICTS[name]
    done = runner.gate(STAND_IN_FILES=str(GOLD / name), STAND_IN_CODE=str(code))
    assert done.returncode == 0, done.stderr
    assert runner.outputs == {"verdict": verdict, "exit-code": str(code), "report": "out/report.md"}
    assert (runner.directory / "summary").read_text() == (GOLD / name / "report.md").read_text()
    levels = [line.split(" ")[0] for line in done.stdout.splitlines()]
    assert (levels.count("::error"), levels.count("::warning")) == (errors, warnings)
    assert runner.step("Verdict", CODE=runner.outputs["exit-code"]).returncode == code


COMPARED = {
    Conclusion.REGRESSION: (1, "::error title=Baseline::regression"),
    Conclusion.CANT_TELL: (3, "::warning title=Baseline::can't tell"),
    Conclusion.NO_DIFFERENCE: (0, ""),
}


@pytest.mark.parametrize("conclusion", COMPARED)
def test_the_comparison_with_a_baseline_is_reported(conclusion: Conclusion, runner: Runner) -> None:
    code, annotation = COMPARED[conclusion]
    run_directory = runner.directory / "run"
    shutil.copytree(GOLD / "met", run_directory)
    comparison = replace(comparison_of_figures(), conclusion=conclusion)
    (run_directory / "comparison.json").write_text(json.dumps(comparison_to_json(comparison)))
    (run_directory / "comparison.md").write_text(comparison_to_markdown(comparison))
    done = runner.gate(STAND_IN_FILES=str(run_directory), STAND_IN_CODE=str(code))
    annotations = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert (len(annotations), "".join(annotations).startswith(annotation)) == (bool(annotation), True)
    summary = (runner.directory / "summary").read_text()
    assert summary == f"{comparison_to_markdown(comparison)}\n{(GOLD / 'met' / 'report.md').read_text()}"


def test_a_missing_baseline_is_reported(runner: Runner) -> None:
    done = runner.gate(STAND_IN_FILES=str(GOLD / "met"), STAND_IN_CODE="3")
    assert "::warning title=Proofload::MET, but exit code 3; see the log" in done.stdout


def test_a_run_without_a_verdict_is_reported_and_ignores_an_older_verdict(runner: Runner) -> None:
    runner.gate(STAND_IN_FILES=str(GOLD / "met"), STAND_IN_CODE="0")
    (runner.directory / "output").unlink()
    done = runner.gate(STAND_IN_FILES="none", STAND_IN_CODE="2")
    assert "::error title=Proofload::no verdict: exit code 2" in done.stdout
    assert runner.outputs == {"verdict": "", "exit-code": "2", "report": ""}


@pytest.mark.slow
def test_the_real_command_is_undecided_without_prometheus(runner: Runner) -> None:
    unreachable = f"http://127.0.0.1:{find_free_ports(1)[0]}"
    spec = str(ROOT / "slo" / "objectives.yaml")
    done = runner.gate(COMMAND="check", SPEC=spec, PROMETHEUS=unreachable, START="-20m", END="-10m")
    assert done.returncode == 0, done.stderr
    assert runner.outputs == {"verdict": "UNDECIDED", "exit-code": "3", "report": "out/report.md"}
    assert done.stdout.count("::warning ") == 5
    assert "UNDECIDED" in (runner.directory / "summary").read_text()


def test_the_real_command_rejects_a_missing_spec(runner: Runner) -> None:
    done = runner.gate(SPEC="nowhere.yaml", TARGET="http://127.0.0.1:1", PROMETHEUS="http://127.0.0.1:1")
    assert runner.outputs["exit-code"] == "2"
    assert "nowhere.yaml" in done.stderr


def test_inputs_become_options(runner: Runner) -> None:
    runner.gate(TARGET="http://t", PROFILE="load.yaml", STAND_IN_FILES="none", STAND_IN_CODE="0")
    options = ["--spec=slo", "--prometheus=http://p", "--out=out", "--target=http://t", "--profile=load.yaml"]
    assert (runner.directory / "arguments").read_text().splitlines() == ["-m", "proofload", "run", *options]


HOSTILE = ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "a' b; touch pwned"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["SPEC", "PROMETHEUS", "TARGET", "PROFILE", "OUT"])
def test_inputs_are_not_executed(name: str, text: str, runner: Runner) -> None:
    runner.gate(**{name: text}, STAND_IN_FILES="none", STAND_IN_CODE="0")
    assert f"--{name.lower()}={text}" in (runner.directory / "arguments").read_text().splitlines()
    assert not list(runner.directory.rglob("pwned"))


INVALID = {
    "an unknown command": {"COMMAND": "ui"},
    "a directory with a line break": {"OUT": "a\nverdict=MET"},
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_inputs_are_rejected(case: str, runner: Runner) -> None:
    done = runner.gate(**INVALID[case])
    assert (done.returncode, done.stdout.split(" ")[0]) == (2, "::error")
    assert not (runner.directory / "output").exists()


def test_scripts_contain_no_expressions() -> None:
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_other_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)


def test_texts_are_escaped_in_commands() -> None:
    line = format_command("error", "a:b,c", "50 %\n::set-env name=PATH::x")
    assert line == "::error title=a%3Ab%2Cc::50 %25%0A::set-env name=PATH::x"


def test_annotations_beyond_the_limit_are_counted() -> None:
    missed = {"verdict": "MISSED", "slo": "s", "objective": "o", "reason": None, "budget_spent": 2.0}
    lines = list(format_annotations({"objectives": [missed] * 12}))
    assert len(lines) == 10
    assert lines[-1] == "::error title=MISSED::3 more objectives; see the report"


def test_the_gitlab_template_keeps_reports_and_allows_undecided_only_by_choice() -> None:
    jobs = YAML(typ="safe").load(ROOT / "ci" / "gitlab.yml")
    strict, lenient = jobs[".proofload"], jobs[".proofload-undecided-passes"]
    assert "allow_failure" not in strict
    assert lenient == {"extends": ".proofload", "allow_failure": {"exit_codes": 3}}
    assert strict["artifacts"]["when"] == "always"
    assert strict["artifacts"]["reports"]["junit"] == "proofload-report/junit.xml"
