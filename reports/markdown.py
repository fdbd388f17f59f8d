"""``report.md``: the verdict for a GitHub job summary (at most 1 MiB) or a pull request's comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from reports import alerts, certainty, show
from reports.reasons import why
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
            [f"## {MARKS[proof.verdict.outcome]} {proof.verdict.outcome}: {escaped(show.headline(proof))}"],
            list(_table(objectives)),
            list(_reasons(objectives)),
            list(_alerts(proof)),
            list(_checks(proof)),
            list(_pointers(proof)),
        ]
        stream.write("\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n")


def escaped(text: str) -> str:
    """Make text from outside plain text in GitHub-flavoured Markdown, in a table's cell too."""
    one_line = " ".join(show.clean(text).split())
    marked = _SPECIAL.sub(lambda found: f"\\{found.group()}", one_line)
    return re.sub("[&<>]", lambda found: _ENTITIES[found.group()], marked)


def _table(objectives: list[ObjectiveVerdict]) -> Iterator[str]:
    if not objectives:
        return
    sure = certainty.heading(objectives).capitalize()
    yield f"| Objective | Measured | {sure} | Asked | Budget spent | Events | Verdict |"
    yield "| :-- | :-- | :-- | :-- | --: | --: | :-- |"
    for one in objectives[:_MOST_ROWS]:
        name = escaped(show.shortened(show.title(one), _MOST_NAME))
        approximate = "" if one.exact else " (approximate)"
        cells = (
            show.measured(one) + approximate,
            certainty.interval(one),
            show.asked(one),
            show.budget(one),
            show.events(one),
        )
        yield f"| {name} | {' | '.join(map(escaped, cells))} | {MARKS[one.outcome]} {one.outcome} |"
    if (left := len(objectives) - _MOST_ROWS) > 0:
        yield ""
        yield f"… and {show.count(left)} more: `objectives.csv` has them all."


def _reasons(objectives: Iterable[ObjectiveVerdict]) -> Iterator[str]:
    told = [one for one in objectives if one.outcome is not Outcome.MET or one.notes]
    if told:
        yield "### Why"
        yield ""
    for one in told[:_MOST_ROWS]:
        name = escaped(show.shortened(show.title(one), _MOST_NAME))
        yield f"- {MARKS[one.outcome]} **{name}**: {escaped(show.shortened(why(one), _MOST_WHY))}"


def _alerts(proof: Proof) -> Iterator[str]:
    if not proof.verdict.alerts:
        return
    yield f"### {alerts.HEADING}"
    yield ""
    for alert in alerts.ordered(proof.verdict.alerts)[:_MOST_ROWS]:
        head = f"{alert.policy.condition.severity}: {alerts.title(alert)}, {alerts.objective(alert)}"
        text = f"{alerts.condition(alert)}, peak {alerts.peak(alert)}. {alerts.told(alert)}"
        shown = escaped(show.shortened(text, _MOST_WHY))
        yield f"- {alerts.state(alert)}: **{escaped(show.shortened(head, _MOST_NAME))}**: {shown}"


def _checks(proof: Proof) -> Iterator[str]:
    if not proof.verdict.checks:
        return
    yield "### Checks of the evidence"
    yield ""
    for check in proof.verdict.checks:
        name = escaped(check.name.replace("_", " "))
        yield f"- {_CHECKS[check.status]} {name}: {escaped(show.shortened(check.detail, _MOST_WHY))}"


def _pointers(proof: Proof) -> Iterator[str]:
    window = proof.verdict.window
    judged = f"{show.moment(window.start)} to {show.moment(window.end)} ({show.seconds(window.seconds)})"
    load = f", load {escaped(proof.run.engine)} on {escaped(proof.run.target)}" if proof.run else ""
    yield f"Window {judged}{load}."
    yield "Charts and evidence: `report.html`; data: `verdict.json`, `objectives.csv`, `junit.xml`."
