"""``report.md``: the verdict for a GitHub job summary (at most 1 MiB) or a pull request comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from reports.text import alert_text, failure_text, formatting, interval_text, objective_text
from slo.model import CheckStatus, ObjectiveVerdict, Outcome, Proof

OUTCOME_SYMBOLS = {Outcome.MET: "✅", Outcome.MISSED: "❌", Outcome.UNDECIDED: "❓"}

_CHECK_SYMBOLS = {CheckStatus.PASS: "✅", CheckStatus.FAIL: "❌", CheckStatus.SKIP: "\N{HEAVY MINUS SIGN}"}
_MARKUP = re.compile(r"[\\`*_\[\]|~$]|(?<=:)//|(?<=www)\.")
"""Characters that start inline markup in GitHub-flavoured Markdown, including mathematics and bare links."""
_REFERENCE = re.compile(r"@|#(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
"""What GitHub turns into a mention or a link, even after a backslash; a zero-width space prevents it."""
_MAX_ROWS, _MAX_NAME_LENGTH, _MAX_EXPLANATION_LENGTH = 100, 120, 500
_MAX_FAILURE_ROWS = 20
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class MarkdownWriter:
    """Writes ``report.md``: headline, table of objectives, explanations, alerts, checks, failed requests."""

    name = "markdown"
    filename = "report.md"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write GitHub-flavoured Markdown; MISSED objectives come first, MET ones last."""
        outcome = proof.verdict.outcome
        objectives = objective_text.sort_by_outcome(proof.verdict.objectives)
        headline = escape_markdown(objective_text.format_headline(proof))
        blocks = [
            [f"## {OUTCOME_SYMBOLS[outcome]} {outcome}: {headline}"],
            list(_format_table(objectives)),
            list(_format_explanations(objectives)),
            list(_format_alerts(proof)),
            list(_format_checks(proof)),
            list(_format_failures(proof)),
            list(_format_footer(proof)),
        ]
        stream.write("\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n")


def escape_markdown(text: str) -> str:
    """Escape untrusted text for GitHub-flavoured Markdown, also inside a table cell."""
    one_line = " ".join(formatting.replace_unsafe(text).split())
    escaped = _MARKUP.sub(lambda match: f"\\{match.group()}", one_line)
    with_entities = re.sub("[&<>]", lambda match: _ENTITIES[match.group()], escaped)
    return _REFERENCE.sub(lambda match: f"{match.group()}&#8203;", with_entities)


def _escape_short(text: str, max_length: int) -> str:
    return escape_markdown(formatting.truncate(text, max_length))


def _format_table(objectives: list[ObjectiveVerdict]) -> Iterator[str]:
    if not objectives:
        return
    interval = interval_text.format_interval_heading(objectives).capitalize()
    yield f"| Objective | Measured | {interval} | Target | Budget spent | Events | Verdict |"
    yield "| :-- | :-- | :-- | :-- | --: | --: | :-- |"
    for objective in objectives[:_MAX_ROWS]:
        approximate = "" if objective.exact else " (approximate)"
        cells = (
            _escape_short(objective_text.format_objective_name(objective), _MAX_NAME_LENGTH),
            escape_markdown(objective_text.format_measured(objective) + approximate),
            escape_markdown(interval_text.format_confidence_interval(objective)),
            escape_markdown(objective_text.format_target(objective)),
            escape_markdown(objective_text.format_budget_spent(objective)),
            escape_markdown(objective_text.format_events(objective)),
            f"{OUTCOME_SYMBOLS[objective.outcome]} {objective.outcome}",
        )
        yield f"| {' | '.join(cells)} |"
    if (omitted := len(objectives) - _MAX_ROWS) > 0:
        yield ""
        yield f"… and {formatting.format_count(omitted)} more: `objectives.csv` has them all."


def _format_explanations(objectives: Iterable[ObjectiveVerdict]) -> Iterator[str]:
    explained = [
        objective for objective in objectives if objective.outcome is not Outcome.MET or objective.notes
    ]
    if explained:
        yield "### Why"
        yield ""
    for objective in explained[:_MAX_ROWS]:
        name = _escape_short(objective_text.format_objective_name(objective), _MAX_NAME_LENGTH)
        explanation = _escape_short(objective_text.explain_objective(objective), _MAX_EXPLANATION_LENGTH)
        yield f"- {OUTCOME_SYMBOLS[objective.outcome]} **{name}**: {explanation}"


def _format_alerts(proof: Proof) -> Iterator[str]:
    if not proof.verdict.alerts:
        return
    yield f"### {alert_text.HEADING}"
    yield ""
    for alert in alert_text.sort_alerts(proof.verdict.alerts)[:_MAX_ROWS]:
        name = f"{alert_text.format_alert_name(alert)}, {alert_text.format_alert_objective(alert)}"
        title = _escape_short(f"{alert.policy.condition.severity}: {name}", _MAX_NAME_LENGTH)
        condition = f"{alert_text.format_condition(alert)}, peak {alert_text.format_peak(alert)}"
        text = _escape_short(f"{condition}. {alert_text.describe_firings(alert)}", _MAX_EXPLANATION_LENGTH)
        yield f"- {alert_text.format_state(alert)}: **{title}**: {text}"


def _format_checks(proof: Proof) -> Iterator[str]:
    if not proof.verdict.checks:
        return
    yield "### Checks of the evidence"
    yield ""
    for check in proof.verdict.checks:
        name = escape_markdown(check.name.replace("_", " "))
        detail = _escape_short(check.detail, _MAX_EXPLANATION_LENGTH)
        yield f"- {_CHECK_SYMBOLS[check.status]} {name}: {detail}"


def _format_failures(proof: Proof) -> Iterator[str]:
    failed = proof.verdict.failed_requests
    if failed is None or not failed.failed:
        return
    yield f"### {failure_text.HEADING}"
    yield ""
    yield f"{failure_text.format_failed_share(failed)}:"
    yield ""
    for count, request, reason in failure_text.build_failure_rows(failed, _MAX_FAILURE_ROWS):
        yield f"- {count} **{escape_markdown(request)}**: {escape_markdown(reason)}"
    if omitted := failure_text.format_omitted(failed, _MAX_FAILURE_ROWS):
        yield f"- {omitted}"


def _format_footer(proof: Proof) -> Iterator[str]:
    window = proof.verdict.window
    times = f"{formatting.format_time(window.start)} to {formatting.format_time(window.end)}"
    load = ""
    if proof.run:
        load = f", load: {escape_markdown(proof.run.engine)} to {escape_markdown(proof.run.target)}"
    yield f"Window: {times} ({formatting.format_seconds(window.seconds)}){load}."
    yield "Charts and evidence: `report.html`; data: `verdict.json`, `objectives.csv`, `junit.xml`."
