"""``report.md``: the verdict for a GitHub job summary (at most 1 MiB) or a pull request's comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from reports.text import alert_text, formatting, interval_text
from reports.text.explanations import why
from slo.model import CheckStatus, ObjectiveVerdict, Outcome, Proof

MARKS = {Outcome.MET: "✅", Outcome.MISSED: "❌", Outcome.UNDECIDED: "❓"}
ORDER = {Outcome.MISSED: 0, Outcome.UNDECIDED: 1, Outcome.MET: 2}
"""What needs a person comes first; within that the spec's order stays."""

_CHECKS = {CheckStatus.PASS: "✅", CheckStatus.FAIL: "❌", CheckStatus.SKIP: "\N{HEAVY MINUS SIGN}"}
_SPECIAL = re.compile(r"[\\`*_\[\]|~$]|(?<=:)//|(?<=www)\.")
"""What begins markup inside a line of GitHub-flavoured Markdown, mathematics and bare links too."""
_MOST_ROWS, _MOST_NAME, _MOST_WHY = 100, 120, 500
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class MarkdownWriter:
    """Writes ``report.md``: the verdict line, a table, the why, the checks, and where to look further."""

    name = "markdown"
    filename = "report.md"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write GitHub-flavoured Markdown; what needs a person comes first."""
        objectives = sorted(proof.verdict.objectives, key=lambda one: ORDER[one.outcome])
        blocks = [
            [
                f"## {MARKS[proof.verdict.outcome]} {proof.verdict.outcome}: {escaped(formatting.headline(proof))}"
            ],
            list(_table(objectives)),
            list(_reasons(objectives)),
            list(_alerts(proof)),
            list(_checks(proof)),
            list(_pointers(proof)),
        ]
        stream.write("\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n")


def escaped(text: str) -> str:
    """Make text from outside plain text in GitHub-flavoured Markdown, in a table's cell too."""
    one_line = " ".join(formatting.clean(text).split())
    marked = _SPECIAL.sub(lambda found: f"\\{found.group()}", one_line)
    return re.sub("[&<>]", lambda found: _ENTITIES[found.group()], marked)


def _table(objectives: list[ObjectiveVerdict]) -> Iterator[str]:
    if not objectives:
        return
    sure = interval_text.heading(objectives).capitalize()
    yield f"| Objective | Measured | {sure} | Asked | Budget spent | Events | Verdict |"
    yield "| :-- | :-- | :-- | :-- | --: | --: | :-- |"
    for one in objectives[:_MOST_ROWS]:
        name = escaped(formatting.shortened(formatting.title(one), _MOST_NAME))
        approximate = "" if one.exact else " (approximate)"
        cells = (
            formatting.measured(one) + approximate,
            interval_text.interval(one),
            formatting.asked(one),
            formatting.budget(one),
            formatting.events(one),
        )
        yield f"| {name} | {' | '.join(map(escaped, cells))} | {MARKS[one.outcome]} {one.outcome} |"
    if (left := len(objectives) - _MOST_ROWS) > 0:
        yield ""
        yield f"… and {formatting.count(left)} more: `objectives.csv` has them all."


def _reasons(objectives: Iterable[ObjectiveVerdict]) -> Iterator[str]:
    told = [one for one in objectives if one.outcome is not Outcome.MET or one.notes]
    if told:
        yield "### Why"
        yield ""
    for one in told[:_MOST_ROWS]:
        name = escaped(formatting.shortened(formatting.title(one), _MOST_NAME))
        yield f"- {MARKS[one.outcome]} **{name}**: {escaped(formatting.shortened(why(one), _MOST_WHY))}"


def _alerts(proof: Proof) -> Iterator[str]:
    if not proof.verdict.alerts:
        return
    yield f"### {alert_text.HEADING}"
    yield ""
    for alert in alert_text.ordered(proof.verdict.alerts)[:_MOST_ROWS]:
        head = f"{alert.policy.condition.severity}: {alert_text.title(alert)}, {alert_text.objective(alert)}"
        text = f"{alert_text.condition(alert)}, peak {alert_text.peak(alert)}. {alert_text.told(alert)}"
        shown = escaped(formatting.shortened(text, _MOST_WHY))
        yield f"- {alert_text.state(alert)}: **{escaped(formatting.shortened(head, _MOST_NAME))}**: {shown}"


def _checks(proof: Proof) -> Iterator[str]:
    if not proof.verdict.checks:
        return
    yield "### Checks of the evidence"
    yield ""
    for check in proof.verdict.checks:
        name = escaped(check.name.replace("_", " "))
        yield f"- {_CHECKS[check.status]} {name}: {escaped(formatting.shortened(check.detail, _MOST_WHY))}"


def _pointers(proof: Proof) -> Iterator[str]:
    window = proof.verdict.window
    judged = f"{formatting.moment(window.start)} to {formatting.moment(window.end)} ({formatting.seconds(window.seconds)})"
    load = f", load {escaped(proof.run.engine)} on {escaped(proof.run.target)}" if proof.run else ""
    yield f"Window {judged}{load}."
    yield "Charts and evidence: `report.html`; data: `verdict.json`, `objectives.csv`, `junit.xml`."
