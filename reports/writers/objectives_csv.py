"""``objectives.csv``: one row for each objective, for spreadsheets and pandas."""

from __future__ import annotations

import csv
from typing import Any, TextIO

from reports.writers.verdict_json import verdict_to_json
from slo.documents import escape_csv_text
from slo.model import Proof

_VERDICT_COLUMNS = (
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
    *_VERDICT_COLUMNS,
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
    """Writes ``objectives.csv``: the values of ``verdict.json``, not rounded; missing values are empty."""

    name = "csv"
    filename = "objectives.csv"

    def write(self, proof: Proof, stream: TextIO) -> None:
        """Write a header and one row for each objective, in the order of the spec."""
        data = verdict_to_json(proof.verdict)
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(COLUMNS)
        for objective in data["objectives"]:
            rows.writerow(map(_format_cell, _build_row(objective, data["window"])))


def _build_row(objective: dict[str, Any], window: dict[str, Any]) -> list[Any]:
    measured = objective["measured"] or {"bounds": (None, None)}
    intervals = objective["intervals"] or {"level": None, "combined": (None, None)}
    return [
        *(objective[name] for name in _VERDICT_COLUMNS),
        *objective["bounds"],
        objective["exact"],
        intervals["level"],
        *intervals["combined"],
        measured.get("value"),
        *measured["bounds"],
        *(measured.get(name) for name in ("op", "threshold", "unit", "quantile")),
        window["start"],
        window["end"],
        objective["detail"],
        "; ".join(objective["notes"]),
    ]


def _format_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return escape_csv_text(value) if isinstance(value, str) else value
