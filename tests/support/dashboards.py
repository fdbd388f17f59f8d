"""The committed dashboards, as Grafana would read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.build import FOLDER

VARIABLES = {"$__rate_interval": "5s", "$__range": "60s"}
"""What Grafana would put in: four scrapes of a second and one more; the range of the load."""
LISTED = "target"
"""What a variable with "All" chosen becomes when it has no ``allValue``: the values that it lists."""


@dataclass(frozen=True)
class Query:
    """One query of one panel."""

    dashboard: str
    panel: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard} | {self.panel} | {self.expr}"


def boards() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(Path(FOLDER).glob("*.json"))}


def panels(board: Any) -> list[Any]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def substituted(text: str, board: Any) -> str:
    """Replace what Grafana replaces; longest names first, for one may begin another."""
    known = VARIABLES | {f"${v['name']}": v.get("allValue", LISTED) for v in board["templating"]["list"]}
    for name in sorted(known, key=len, reverse=True):
        text = text.replace(name, known[name])
    return text


def queries() -> Iterator[Query]:
    for name, board in boards().items():
        yield from queries_of(name, board)


def queries_of(name: str, board: Any) -> Iterator[Query]:
    for panel in panels(board):
        for target in panel["targets"]:
            expr = substituted(target["expr"], board)
            yield Query(name, panel["title"], expr, bool(target.get("instant")))
