"""``junit.xml``: one test case an objective, one suite an SLO, for CI viewers.

MISSED is a failure: what was asserted is not so. UNDECIDED is an error: it could not be found out. Both
make CI red, as they must, and viewers tell them apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import TextIO
from xml.etree import ElementTree as ET

from reports.text import formatting
from reports.text.explanations import why
from reports.writers.verdict_json import verdict_to_json
from slo.model import CheckStatus, ObjectiveVerdict, Outcome, Proof

_MOST_MESSAGE = 500
_TAGS = {Outcome.MISSED: "failure", Outcome.UNDECIDED: "error"}


class JunitWriter:
    """Writes ``junit.xml``; ``time`` is how long each objective was watched: the window's seconds."""

    name = "junit"
    filename = "junit.xml"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the suites in the order of the spec."""
        verdict = proof.verdict
        root = ET.Element("testsuites", {"name": "proofload", **_counts(verdict.objectives, proof)})
        data = verdict_to_json(verdict)["objectives"]
        pairs = zip(verdict.objectives, data, strict=True)
        for slo, group in groupby(pairs, key=lambda pair: pair[0].slo):
            _suite(root, slo, list(group), proof)
        ET.indent(root)
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write(ET.tostring(root, encoding="unicode"))
        stream.write("\n")


def _counts(objectives: Iterable[ObjectiveVerdict], proof: Proof) -> dict[str, str]:
    outcomes = [one.outcome for one in objectives]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.MISSED)),
        "errors": str(outcomes.count(Outcome.UNDECIDED)),
        "skipped": "0",
        "time": f"{proof.verdict.window.seconds:.3f}",
    }


def _suite(
    root: ET.Element, slo: str, pairs: list[tuple[ObjectiveVerdict, dict[str, object]]], proof: Proof
) -> None:
    counts = _counts((objective for objective, _ in pairs), proof)
    begin = datetime.fromtimestamp(proof.verdict.window.start, UTC)
    stamp = f"{begin:%Y-%m-%dT%H:%M:%S}"
    suite = ET.SubElement(root, "testsuite", {"name": formatting.clean(slo), **counts, "timestamp": stamp})
    for objective, data in pairs:
        _case(suite, objective, data, counts["time"])
    ET.SubElement(suite, "system-out").text = formatting.clean(_evidence(proof))


def _case(suite: ET.Element, objective: ObjectiveVerdict, data: dict[str, object], time: str) -> None:
    name = formatting.clean(objective.objective or objective.slo)
    case = ET.SubElement(suite, "testcase", name=name, classname=formatting.clean(objective.slo), time=time)
    if tag := _TAGS.get(objective.outcome):
        kind = str(objective.reason or objective.outcome)
        text = formatting.clean(why(objective))
        said = f"measured {formatting.measured(objective)}, asked {formatting.asked(objective)}. {text}"
        message = formatting.shortened(" ".join(said.split()), _MOST_MESSAGE)
        ET.SubElement(case, tag, type=kind, message=message).text = text
    ET.SubElement(case, "system-out").text = formatting.clean(json.dumps(data, ensure_ascii=False, indent=2))


def _evidence(proof: Proof) -> str:
    """Give the headline and the checks: what every objective of the run stands on."""
    lines = [f"{proof.verdict.outcome}: {formatting.headline(proof)}"]
    for check in proof.verdict.checks:
        status = "FAILED" if check.status is CheckStatus.FAIL else str(check.status)
        lines.append(f"check {check.name}: {status}: {check.detail}")
    return "\n".join(lines)
