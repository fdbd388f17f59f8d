"""The committed dashboards, and their queries as Grafana sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.build import DASHBOARD_FOLDER

VARIABLES = {"$__rate_interval": "5s", "$__range": "60s"}
"""Values that Grafana would fill in: four scrape intervals of 1 s plus one; the time range of the load."""
LISTED_VALUE = "target"
"""Value of a variable with "All" selected and without ``allValue``: the values that it lists."""


@dataclass(frozen=True)
class Query:
    """One query of one panel."""

    dashboard: str
    panel: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard} | {self.panel} | {self.expr}"


def load_dashboards() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(Path(DASHBOARD_FOLDER).glob("*.json"))}


def list_panels(board: Any) -> list[Any]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def substitute_variables(text: str, board: Any) -> str:
    """Replace the variables that Grafana replaces; longest names first, as one may be a prefix of another."""
    values = VARIABLES | {
        f"${v['name']}": v.get("allValue", LISTED_VALUE) for v in board["templating"]["list"]
    }
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, values[name])
    return text


def list_queries() -> Iterator[Query]:
    for name, board in load_dashboards().items():
        yield from list_dashboard_queries(name, board)


def list_dashboard_queries(name: str, board: Any) -> Iterator[Query]:
    for panel in list_panels(board):
        for target in panel["targets"]:
            expr = substitute_variables(target["expr"], board)
            yield Query(name, panel["title"], expr, bool(target.get("instant")))
