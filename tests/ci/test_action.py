"""The shell steps of ``action.yml``, taken from it and run by bash as GitHub's runner would."""

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

from proofload.output.github import command, commands
from proofload.stack.stack import free_ports
from reports.writers.comparison import comparison_to_json, markdown
from slo.model.comparison import Conclusion
from tests.reports.writers.test_comparison import compared

ROOT = Path(__file__).resolve().parents[2]
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
GOLD = ROOT / "tests" / "gold" / "reports"
PREPARED = """\
#!/bin/bash
# In the place of the command stands what one run of it left; all else is the real thing.
if [ "$2" = proofload ] && [ -n "$GIVE" ]; then
  printf '%s\\n' "$@" > "$SEEN"
  mkdir -p "$OUT"
  [ "$GIVE" = none ] || cp "$GIVE"/* "$OUT"
  exit "$GIVE_CODE"
fi
exec "$REAL_PYTHON" "$@"
"""


@dataclass
class Runner:
    folder: Path

    def step(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        [script] = [step["run"] for step in STEPS if step.get("name") == name]
        plain = {
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "REAL_PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT),
            "SEEN": str(self.folder / "seen"),
            "GIVE": "",
        }
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]  # as `shell: bash` is run
        return subprocess.run(
            bash,
            cwd=self.folder,
            env=os.environ | plain | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def gate(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        names = ["TARGET", "PROFILE", "START", "END"]
        given = {"COMMAND": "run", "SPEC": "slo", "PROMETHEUS": "http://p", "OUT": "out"}
        return self.step("Gate", **(dict.fromkeys(names, "") | given | inputs))

    @property
    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    program = tmp_path / "proofload" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(PREPARED)
    program.chmod(0o755)
    return Runner(tmp_path)


VERDICTS = {"met": ("MET", 0, 0, 0), "missed": ("MISSED", 1, 2, 1), "undecided": ("UNDECIDED", 3, 0, 5)}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_verdict_is_told_by_summary_outputs_and_annotations(name: str, runner: Runner) -> None:
    verdict, code, errors, warnings = VERDICTS[name]
    done = runner.gate(GIVE=str(GOLD / name), GIVE_CODE=str(code))
    assert done.returncode == 0, done.stderr
    assert runner.outputs == {"verdict": verdict, "exit-code": str(code), "report": "out/report.md"}
    assert (runner.folder / "summary").read_text() == (GOLD / name / "report.md").read_text()
    levels = [line.split(" ")[0] for line in done.stdout.splitlines()]
    assert (levels.count("::error"), levels.count("::warning")) == (errors, warnings)
    assert runner.step("Verdict", CODE=runner.outputs["exit-code"]).returncode == code


COMPARED = {
    Conclusion.REGRESSION: (1, "::error title=Baseline::regression"),
    Conclusion.CANT_TELL: (3, "::warning title=Baseline::can't tell"),
    Conclusion.NO_DIFFERENCE: (0, ""),
}


@pytest.mark.parametrize("conclusion", COMPARED)
def test_what_a_baseline_makes_of_a_met_run_is_told(conclusion: Conclusion, runner: Runner) -> None:
    code, annotation = COMPARED[conclusion]
    left = runner.folder / "left"
    shutil.copytree(GOLD / "met", left)
    comparison = replace(compared(), conclusion=conclusion)
    (left / "comparison.json").write_text(json.dumps(comparison_to_json(comparison)))
    (left / "comparison.md").write_text(markdown(comparison))
    done = runner.gate(GIVE=str(left), GIVE_CODE=str(code))
    told = [line for line in done.stdout.splitlines() if line.startswith("::")]
    assert (len(told), "".join(told).startswith(annotation)) == (bool(annotation), True)
    summary = (runner.folder / "summary").read_text()
    assert summary == f"{markdown(comparison)}\n{(GOLD / 'met' / 'report.md').read_text()}"


def test_a_met_run_whose_baseline_is_not_there_is_no_silent_failure(runner: Runner) -> None:
    done = runner.gate(GIVE=str(GOLD / "met"), GIVE_CODE="3")
    assert "::warning title=Proofload::MET, but exit code 3; see the log" in done.stdout


def test_nothing_to_judge_is_told_and_an_older_verdict_is_not_taken_for_it(runner: Runner) -> None:
    runner.gate(GIVE=str(GOLD / "met"), GIVE_CODE="0")
    (runner.folder / "output").unlink()
    done = runner.gate(GIVE="none", GIVE_CODE="2")
    assert "::error title=Proofload::no verdict: exit code 2" in done.stdout
    assert runner.outputs == {"verdict": "", "exit-code": "2", "report": ""}


@pytest.mark.slow
def test_the_real_command_says_undecided_where_prometheus_is_away(runner: Runner) -> None:
    away = f"http://127.0.0.1:{free_ports(1)[0]}"
    spec = str(ROOT / "slo" / "objectives.yaml")
    done = runner.gate(COMMAND="check", SPEC=spec, PROMETHEUS=away, START="-20m", END="-10m")
    assert done.returncode == 0, done.stderr
    assert runner.outputs == {"verdict": "UNDECIDED", "exit-code": "3", "report": "out/report.md"}
    assert done.stdout.count("::warning ") == 5
    assert "UNDECIDED" in (runner.folder / "summary").read_text()


def test_the_real_command_refuses_a_bad_spec(runner: Runner) -> None:
    done = runner.gate(SPEC="nowhere.yaml", TARGET="http://127.0.0.1:1", PROMETHEUS="http://127.0.0.1:1")
    assert runner.outputs["exit-code"] == "2"
    assert "nowhere.yaml" in done.stderr


def test_options_are_those_that_were_given(runner: Runner) -> None:
    runner.gate(TARGET="http://t", PROFILE="load.yaml", GIVE="none", GIVE_CODE="0")
    options = ["--spec=slo", "--prometheus=http://p", "--out=out", "--target=http://t", "--profile=load.yaml"]
    assert (runner.folder / "seen").read_text().splitlines() == ["-m", "proofload", "run", *options]


HOSTILE = ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "a' b; touch pwned"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["SPEC", "PROMETHEUS", "TARGET", "PROFILE", "OUT"])
def test_inputs_are_data(name: str, text: str, runner: Runner) -> None:
    runner.gate(**{name: text}, GIVE="none", GIVE_CODE="0")
    assert f"--{name.lower()}={text}" in (runner.folder / "seen").read_text().splitlines()
    assert not list(runner.folder.rglob("pwned"))


REFUSED = {"a command that is none": {"COMMAND": "ui"}, "a folder of two lines": {"OUT": "a\nverdict=MET"}}


@pytest.mark.parametrize("case", REFUSED)
def test_inputs_that_cannot_be_used_are_refused(case: str, runner: Runner) -> None:
    done = runner.gate(**REFUSED[case])
    assert (done.returncode, done.stdout.split(" ")[0]) == (2, "::error")
    assert not (runner.folder / "output").exists()


def test_no_expression_stands_in_a_script() -> None:
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_actions_of_others_are_pinned_by_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)


def test_texts_cannot_begin_a_command_of_their_own() -> None:
    line = command("error", "a:b,c", "50 %\n::set-env name=PATH::x")
    assert line == "::error title=a%3Ab%2Cc::50 %25%0A::set-env name=PATH::x"


def test_what_github_would_drop_is_counted() -> None:
    missed = {"verdict": "MISSED", "slo": "s", "objective": "o", "reason": None, "budget_spent": 2.0}
    lines = list(commands({"objectives": [missed] * 12}))
    assert len(lines) == 10
    assert lines[-1] == "::error title=MISSED::3 more objectives; see the report"


def test_the_gitlab_template_keeps_reports_and_lets_undecided_pass_only_where_asked() -> None:
    jobs = YAML(typ="safe").load(ROOT / "ci" / "gitlab.yml")
    strict, lenient = jobs[".proofload"], jobs[".proofload-undecided-passes"]
    assert "allow_failure" not in strict
    assert lenient == {"extends": ".proofload", "allow_failure": {"exit_codes": 3}}
    assert strict["artifacts"]["when"] == "always"
    assert strict["artifacts"]["reports"]["junit"] == "proofload-report/junit.xml"
