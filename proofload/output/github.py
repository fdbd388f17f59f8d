"""Reports a verdict to GitHub Actions: ``python -m proofload.output.github EXIT_CODE DIRECTORY``.

``action.yml`` calls it. Annotations are workflow commands on standard output; outputs and job summary are
files that the runner names. (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands)
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slo.documents import flatten_text, replace_control_characters

_OUTCOME_LEVELS = {"MISSED": "error", "UNDECIDED": "warning"}
_CONCLUSION_LEVELS = {"regression": "error", "cant_tell": "warning"}
_CODES_WITHOUT_VERDICT = {70, 130}
"""Internal error, interrupted: a ``verdict.json`` is from an earlier run, or its reports are incomplete."""
_MAX_ANNOTATIONS = 10
"""GitHub shows ten errors and ten warnings of a step and drops the others."""
_MAX_SUMMARY_BYTES = 1_000_000
"""GitHub shows no summary of a step that is larger than 1 MiB."""


def format_annotations(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Yield a workflow command for each objective that is not MET, and one for those left out."""
    for outcome, level in _OUTCOME_LEVELS.items():
        objectives = [objective for objective in verdict["objectives"] if objective["verdict"] == outcome]
        shown = objectives if len(objectives) <= _MAX_ANNOTATIONS else objectives[: _MAX_ANNOTATIONS - 1]
        for objective in shown:
            message = f"{objective['objective']}{_explain_objective(objective)}"
            yield format_command(level, f"{outcome}: {objective['slo']}", message)
        if omitted := len(objectives) - len(shown):
            yield format_command(level, outcome, f"{omitted} more objectives; see the report")


def format_baseline_annotation(run_directory: Path) -> Iterator[str]:
    """Yield a workflow command if the comparison with the baseline did not pass."""
    path = run_directory / "comparison.json"
    if path.exists():
        comparison = json.loads(path.read_text(encoding="utf-8"))
        if level := _CONCLUSION_LEVELS.get(comparison["conclusion"]):
            yield format_command(level, "Baseline", comparison["headline"])


def _explain_objective(objective: Mapping[str, Any]) -> str:
    if objective["reason"]:
        return f": {objective['reason']}: {objective['detail']}"
    spent = objective["budget_spent"]
    return "" if spent is None else f": {spent:.4g} times its error budget is spent"


def format_command(level: str, title: str, message: str) -> str:
    """Format a workflow command in one line, with escapes as in ``actions/toolkit``, ``command.ts``."""
    return f"::{level} title={_escape_text(title, ':,')}::{_escape_text(message)}"


def _escape_text(text: str, more_characters: str = "") -> str:
    escaped = replace_control_characters(text).replace("%", "%25")
    for character in f"\r\n{more_characters}":
        escaped = escaped.replace(character, f"%{ord(character):02X}")
    return escaped


def report_verdict(exit_code: int, run_directory: Path, environment: Mapping[str, str]) -> None:
    """Print the annotations; write outputs and summary to the files that the runner names."""
    outputs = {"exit-code": str(exit_code), "verdict": "", "report": ""}
    verdict_file, report = run_directory / "verdict.json", run_directory / "report.md"
    if verdict_file.exists() and exit_code not in _CODES_WITHOUT_VERDICT:
        verdict = json.loads(verdict_file.read_text(encoding="utf-8"))
        outputs |= {"verdict": verdict["verdict"], "report": str(report)}
        lines = [*format_baseline_annotation(run_directory), *format_annotations(verdict)]
        if exit_code and verdict["verdict"] == "MET" and not lines:
            lines = [format_command("warning", "Proofload", f"MET, but exit code {exit_code}; see the log")]
        summary = _build_summary(run_directory / "comparison.md", report)
        _append_text(environment["GITHUB_STEP_SUMMARY"], summary)
    else:
        lines = [format_command("error", "Proofload", f"no verdict: exit code {exit_code}; see the log")]
    for line in lines:
        print(line)  # noqa: T201 - the runner reads it
    lines = [f"{name}={flatten_text(value)}\n" for name, value in outputs.items()]
    _append_text(environment["GITHUB_OUTPUT"], "".join(lines))


def _build_summary(*parts: Path) -> str:
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts if part.exists())
    if len(text.encode()) <= _MAX_SUMMARY_BYTES:
        return text
    return "The report is too long for a job summary; see the artifacts of the job.\n"


def _append_text(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    report_verdict(int(sys.argv[1]), Path(sys.argv[2]), os.environ)
