"""The dashboards against the schemas of Grafana's Foundation SDK; ``schemas/`` holds those needed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.dashboards import boards, panels

FOLDER = Path(__file__).with_name("schemas")
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
BOARDS = boards()


def refused(schema: str, value: Any, part: str | None = None) -> Iterator[str]:
    """Say what a schema, or one of its definitions, does not know or want."""
    whole = SCHEMAS[schema]
    wanted = whole if part is None else {**whole, "$ref": f"#/definitions/{part}"}
    for error in jsonschema.Draft7Validator(wanted).iter_errors(value):
        yield f"{schema}: {error.json_path}: {error.message}"


def faults(board: Any) -> list[str]:
    """List what Grafana's schemas refuse of a dashboard, its panels' options and their queries."""
    found = list(refused("dashboard", board))
    for panel in panels(board):
        kind = panel["type"]
        found += refused(kind, panel["options"], "Options")
        if "FieldConfig" in SCHEMAS[kind]["definitions"]:
            found += refused(kind, panel["fieldConfig"]["defaults"]["custom"], "FieldConfig")
        for target in panel["targets"]:
            found += refused("prometheus", target)
    return found


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())
def test_the_published_schemas_hold(board: Any) -> None:
    assert faults(board) == []


def test_every_kind_of_panel_has_its_schema() -> None:
    kinds = {panel["type"] for board in BOARDS.values() for panel in panels(board)}
    assert kinds | {"dashboard", "prometheus"} == SCHEMAS.keys()


def first(board: Any, kind: str) -> Any:
    return next(panel for panel in panels(board) if panel["type"] == kind)


SPOILED: dict[str, Callable[[Any], object]] = {
    "a field that no dashboard has": lambda board: board.update(colour="blue"),
    "a link's kind": lambda board: board["links"][0].update(type="dashboard"),
    "a variable without a kind": lambda board: board["templating"]["list"][0].pop("type"),
    "a field that no panel has": lambda board: first(board, "stat").update(kind="stat"),
    "a panel's number as a text": lambda board: first(board, "stat").update(id="1"),
    "an option that the kind of panel has not": lambda board: first(board, "stat")["options"].update(
        legend={}
    ),
    "a value that an option has not": lambda board: first(board, "table")["options"].update(
        cellHeight="tall"
    ),
    "how lines are drawn": lambda board: first(board, "timeseries")["fieldConfig"]["defaults"][
        "custom"
    ].update(showPoints="some"),
    "a query's format": lambda board: first(board, "table")["targets"][0].update(format="rows"),
    "a query without PromQL": lambda board: first(board, "table")["targets"][0].pop("expr"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_the_schemas_see(spoil: Callable[[Any], object]) -> None:
    board = copy.deepcopy(BOARDS["proofload-load"])
    spoil(board)
    assert len(faults(board)) == 1
