"""``report.html``: one file that opens offline; the verdict first, then why, pictures, evidence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.text import alert_text, formatting, interval_text
from reports.text.explanations import why
from reports.writers.markdown import ORDER
from slo.model import ObjectiveVerdict, Outcome, Proof

MARKS = {Outcome.MET: "✓", Outcome.MISSED: "✗", Outcome.UNDECIDED: "?"}
_MOST_BAR = 1.0


class HtmlWriter:
    """Writes ``report.html``. Everything from outside is escaped; nothing is loaded from anywhere."""

    name = "html"
    filename = "report.html"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write the whole page."""
        # pandas and matplotlib take longer to load than a past window to judge: only who wants charts pays.
        from reports.charts.gallery import gallery  # noqa: PLC0415
        from reports.text.evidence_tables import query_tables  # noqa: PLC0415

        page = _environment().get_template("report.html.j2")
        stream.writelines(
            page.generate(
                proof=proof,
                verdict=proof.verdict,
                objectives=sorted(proof.verdict.objectives, key=lambda one: ORDER[one.outcome]),
                counts=_tally(proof.verdict.objectives),
                alerts=alert_text.ordered(proof.verdict.alerts),
                sections=gallery(proof),
                tables=query_tables(proof.evidence),
                longest=max((seconds for _, seconds in proof.timings), default=0) or 1,
            )
        )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.globals.update(
        show=formatting, certainty=interval_text, alert=alert_text, why=why, marks=MARKS, bar=_bar
    )
    return environment


def _cleaned(value: Any) -> Any:
    return formatting.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _bar(ratio: float | None) -> str:
    """Give the width of a bar in percent, for CSS; what is overspent fills it."""
    return f"{100 * min(max(ratio or 0.0, 0.0), _MOST_BAR):.2f}%"


def _tally(objectives: Iterable[ObjectiveVerdict]) -> dict[Outcome, int]:
    outcomes = [one.outcome for one in objectives]
    return {outcome: outcomes.count(outcome) for outcome in Outcome}
