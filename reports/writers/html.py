"""``report.html``: one file that opens offline: verdict, objectives, alerts, charts, evidence."""

from __future__ import annotations

from functools import cache
from typing import Any, TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.text import alert_text, failure_text, formatting, interval_text, objective_text
from slo.model import Outcome, Proof

OUTCOME_SYMBOLS = {Outcome.MET: "✓", Outcome.MISSED: "✗", Outcome.UNDECIDED: "?"}
_MAX_BAR_RATIO = 1.0


class HtmlWriter:
    """Writes ``report.html``; untrusted text is escaped, and the page loads no other file."""

    name = "html"
    filename = "report.html"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the whole page."""
        # Importing pandas and matplotlib takes longer than evaluating a window: only HTML reports pay for it.
        from reports.charts import build_chart_sections  # noqa: PLC0415
        from reports.writers.evidence_tables import build_query_tables  # noqa: PLC0415

        outcomes = [objective.outcome for objective in proof.verdict.objectives]
        page = _create_environment().get_template("report.html.j2")
        stream.writelines(
            page.generate(
                proof=proof,
                verdict=proof.verdict,
                objectives=objective_text.sort_by_outcome(proof.verdict.objectives),
                outcome_counts={outcome: outcomes.count(outcome) for outcome in Outcome},
                alerts=alert_text.sort_alerts(proof.verdict.alerts),
                sections=build_chart_sections(proof),
                tables=build_query_tables(proof),
                longest=max((seconds for _, seconds in proof.timings), default=0) or 1,
            )
        )


@cache
def _create_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_replace_unsafe,
    )
    environment.globals.update(
        alert_text=alert_text,
        failure_text=failure_text,
        explain_objective=objective_text.explain_objective,
        format_bar_width=_format_bar_width,
        formatting=formatting,
        interval_text=interval_text,
        objective_text=objective_text,
        outcome_symbols=OUTCOME_SYMBOLS,
    )
    return environment


def _replace_unsafe(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return formatting.replace_unsafe(value)
    return value


def _format_bar_width(ratio: float | None) -> str:
    """Return the CSS width of a bar; ratios above 1 fill it."""
    return f"{100 * min(max(ratio or 0.0, 0.0), _MAX_BAR_RATIO):.2f}%"
