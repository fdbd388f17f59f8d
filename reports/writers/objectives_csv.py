"""``objectives.csv``: a row an objective, for spreadsheets and pandas."""

from __future__ import annotations

import csv
from typing import Any, TextIO

from reports.text import formatting
from reports.writers.verdict_json import verdict_to_json
from slo.model import Proof

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is run as a formula by spreadsheets (OWASP, CSV injection)."""
_PLAIN = (
    "slo",
    "objective",
    "kind",
    "verdict",
    "reason",
    "good",
    "bad",
    "total",
    "sli",
    "target",
    "budget_allowed",
    "budget_spent",
    "burn_rate",
    "days_to_exhaustion",
    "window_days",
)
COLUMNS = (
    *_PLAIN,
    "sli_low",
    "sli_high",
    "exact",
    "confidence_level",
    "confidence_low",
    "confidence_high",
    "measured",
    "measured_low",
    "measured_high",
    "op",
    "threshold",
    "unit",
    "quantile",
    "window_start",
    "window_end",
    "detail",
    "notes",
)


class CsvWriter:
    """Writes ``objectives.csv``: the figures of ``verdict.json``, unrounded; empty where there is none."""

    name = "csv"
    filename = "objectives.csv"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write a header and a row for each objective, in the order of the spec."""
        data = verdict_to_json(proof.verdict)
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        for objective in data["objectives"]:
            rows.writerow(map(_cell, _row(objective, data["window"])))


def _row(objective: dict[str, Any], window: dict[str, Any]) -> list[Any]:
    measured = objective["measured"] or {"bounds": (None, None)}
    sure = objective["intervals"] or {"level": None, "combined": (None, None)}
    return [
        *(objective[name] for name in _PLAIN),
        *objective["bounds"],
        objective["exact"],
        sure["level"],
        *sure["combined"],
        measured.get("value"),
        *measured["bounds"],
        *(measured.get(name) for name in ("op", "threshold", "unit", "quantile")),
        window["start"],
        window["end"],
        objective["detail"],
        "; ".join(objective["notes"]),
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = formatting.clean(value)
    # Excel skips spaces before it looks for a formula.
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
