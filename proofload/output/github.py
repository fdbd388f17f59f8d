"""Report a verdict to GitHub Actions: ``python -m proofload.output.github EXIT_CODE FOLDER`` (``action.yml``).

Annotations are workflow commands on standard output, outputs and the job's summary are files that the runner
names. (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands)
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LEVELS = {"MISSED": "error", "UNDECIDED": "warning"}
_COMPARED = {"regression": "error", "cant_tell": "warning"}
_MOST = 10
"""GitHub shows ten errors and ten warnings of a step and drops the rest."""
_SUMMARY_BYTES = 1_000_000
"""A step's summary may have 1 MiB; beyond, GitHub shows none of it."""


def commands(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Give a workflow command for each objective that is not met, and one for what is left out."""
    for outcome, level in _LEVELS.items():
        found = [one for one in verdict["objectives"] if one["verdict"] == outcome]
        shown = found if len(found) <= _MOST else found[: _MOST - 1]
        for one in shown:
            yield command(level, f"{outcome}: {one['slo']}", f"{one['objective']}{_why(one)}")
        if len(shown) < len(found):
            yield command(level, outcome, f"{len(found) - len(shown)} more objectives; see the report")


def compared(folder: Path) -> Iterator[str]:
    """Give a workflow command where a run was held against a baseline and did not pass."""
    path = folder / "comparison.json"
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if level := _COMPARED.get(found["conclusion"]):
            yield command(level, "Baseline", found["headline"])


def _why(one: Mapping[str, Any]) -> str:
    if one["reason"]:
        return f": {one['reason']}: {one['detail']}"
    spent = one["budget_spent"]
    return "" if spent is None else f": {spent:.4g} times its error budget is spent"


def command(level: str, title: str, message: str) -> str:
    """Write a workflow command in one line, whatever the texts hold (``actions/toolkit``, ``command.ts``)."""
    return f"::{level} title={_escaped(title, ':,')}::{_escaped(message)}"


def _escaped(text: str, others: str = "") -> str:
    escaped = text.replace("%", "%25")
    for character in f"\r\n{others}":
        escaped = escaped.replace(character, f"%{ord(character):02X}")
    return escaped


def tell(code: int, folder: Path, environment: Mapping[str, str]) -> None:
    """Print the annotations; write outputs and summary where the runner wants them."""
    outputs = {"exit-code": str(code), "verdict": "", "report": ""}
    judged, report = folder / "verdict.json", folder / "report.md"
    if judged.exists():
        verdict = json.loads(judged.read_text(encoding="utf-8"))
        outputs |= {"verdict": verdict["verdict"], "report": str(report)}
        lines = [*compared(folder), *commands(verdict)]
        if code and verdict["verdict"] == "MET" and not lines:
            lines = [command("warning", "Proofload", f"MET, but exit code {code}; see the log")]
        _append(environment["GITHUB_STEP_SUMMARY"], _summary(folder / "comparison.md", report))
    else:
        lines = [command("error", "Proofload", f"no verdict: exit code {code}; see the log")]
    for line in lines:
        print(line)  # noqa: T201 - the runner reads it
    _append(environment["GITHUB_OUTPUT"], "".join(f"{name}={value}\n" for name, value in outputs.items()))


def _summary(*parts: Path) -> str:
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts if part.exists())
    if len(text.encode()) <= _SUMMARY_BYTES:
        return text
    return "The report is too long for a summary; it is among the artifacts.\n"


def _append(file: str, text: str) -> None:
    with Path(file).open("a", encoding="utf-8") as opened:
        opened.write(text)


if __name__ == "__main__":
    tell(int(sys.argv[1]), Path(sys.argv[2]), os.environ)
