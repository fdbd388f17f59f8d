"""``junit.xml``: one test suite for each SLO and one test case for each objective, for CI viewers.

MISSED is a failure, UNDECIDED an error: both fail the CI job, and viewers show them separately.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import TextIO
from xml.etree import ElementTree as ET

from reports.text import failure_text, formatting, objective_text
from reports.writers.verdict_json import verdict_to_json
from slo.model import CheckStatus, ObjectiveVerdict, Outcome, Proof

_MAX_MESSAGE_LENGTH = 500
_MAX_FAILURE_ROWS = 20
_OUTCOME_TAGS = {Outcome.MISSED: "failure", Outcome.UNDECIDED: "error"}


class JunitWriter:
    """Writes ``junit.xml``; the attribute ``time`` is the length of the window in seconds."""

    name = "junit"
    filename = "junit.xml"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the suites in the order of the spec."""
        verdict = proof.verdict
        root = ET.Element("testsuites", {"name": "proofload", **_count_outcomes(verdict.objectives, proof)})
        data = verdict_to_json(verdict)["objectives"]
        pairs = zip(verdict.objectives, data, strict=True)
        for slo, group in groupby(pairs, key=lambda pair: pair[0].slo):
            _add_suite(root, slo, list(group), proof)
        ET.indent(root)
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write(ET.tostring(root, encoding="unicode"))
        stream.write("\n")


def _count_outcomes(objectives: Iterable[ObjectiveVerdict], proof: Proof) -> dict[str, str]:
    outcomes = [objective.outcome for objective in objectives]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.MISSED)),
        "errors": str(outcomes.count(Outcome.UNDECIDED)),
        "skipped": "0",
        "time": f"{proof.verdict.window.seconds:.3f}",
    }


def _add_suite(
    root: ET.Element, slo: str, pairs: list[tuple[ObjectiveVerdict, dict[str, object]]], proof: Proof
) -> None:
    counts = _count_outcomes((objective for objective, _ in pairs), proof)
    start = datetime.fromtimestamp(proof.verdict.window.start, UTC)
    timestamp = f"{start:%Y-%m-%dT%H:%M:%S}"
    suite = ET.SubElement(
        root, "testsuite", {"name": formatting.replace_unsafe(slo), **counts, "timestamp": timestamp}
    )
    for objective, data in pairs:
        _add_case(suite, objective, data, counts["time"])
    ET.SubElement(suite, "system-out").text = formatting.replace_unsafe(_format_evidence(proof))


def _add_case(suite: ET.Element, objective: ObjectiveVerdict, data: dict[str, object], time: str) -> None:
    name = formatting.replace_unsafe(objective.objective or objective.slo)
    case = ET.SubElement(
        suite, "testcase", name=name, classname=formatting.replace_unsafe(objective.slo), time=time
    )
    if tag := _OUTCOME_TAGS.get(objective.outcome):
        kind = str(objective.reason or objective.outcome)
        measured, target = objective_text.format_measured(objective), objective_text.format_target(objective)
        text = formatting.replace_unsafe(objective_text.explain_objective(objective))
        summary = f"measured: {measured}, target: {target}. {text}"
        message = formatting.truncate(
            formatting.replace_unsafe(" ".join(summary.split())), _MAX_MESSAGE_LENGTH
        )
        ET.SubElement(case, tag, type=kind, message=message).text = text
    ET.SubElement(case, "system-out").text = formatting.replace_unsafe(
        json.dumps(data, ensure_ascii=False, indent=2)
    )


def _format_evidence(proof: Proof) -> str:
    """Return the headline, the checks of the evidence and the failed requests, one a line."""
    lines = [f"{proof.verdict.outcome}: {objective_text.format_headline(proof)}"]
    for check in proof.verdict.checks:
        status = "FAILED" if check.status is CheckStatus.FAIL else str(check.status)
        lines.append(f"check {check.name}: {status}: {check.detail}")
    if failed := proof.verdict.failed_requests:
        lines.append(failure_text.format_failed_share(failed))
        rows = failure_text.build_failure_rows(failed, _MAX_FAILURE_ROWS)
        lines += [f"failed: {count} {request}: {reason}" for count, request, reason in rows]
        lines += filter(None, [failure_text.format_omitted(failed, _MAX_FAILURE_ROWS)])
    return "\n".join(lines)
