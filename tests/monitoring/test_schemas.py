"""The dashboards are valid against the schemas of Grafana's Foundation SDK, which are in ``schemas/``."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.dashboards import list_panels, load_dashboards

FOLDER = Path(__file__).with_name("schemas")
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
BOARDS = load_dashboards()


def validate(schema: str, value: Any, definition: str | None = None) -> Iterator[str]:
    """Yield the errors of a value against a schema, or against one of its definitions."""
    content = SCHEMAS[schema]
    validated = content if definition is None else {**content, "$ref": f"#/definitions/{definition}"}
    for error in jsonschema.Draft7Validator(validated).iter_errors(value):
        yield f"{schema}: {error.json_path}: {error.message}"


def list_errors(board: Any) -> list[str]:
    """Return the schema errors of a dashboard, its panels' options and their queries."""
    errors = list(validate("dashboard", board))
    for panel in list_panels(board):
        kind = panel["type"]
        errors += validate(kind, panel["options"], "Options")
        if "FieldConfig" in SCHEMAS[kind]["definitions"]:
            errors += validate(kind, panel["fieldConfig"]["defaults"]["custom"], "FieldConfig")
        for target in panel["targets"]:
            errors += validate("prometheus", target)
    return errors


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())
def test_a_dashboard_is_valid(board: Any) -> None:
    assert list_errors(board) == []


def test_every_kind_of_panel_has_a_schema() -> None:
    kinds = {panel["type"] for board in BOARDS.values() for panel in list_panels(board)}
    assert kinds | {"dashboard", "prometheus"} == SCHEMAS.keys()


def find_panel(board: Any, kind: str) -> Any:
    return next(panel for panel in list_panels(board) if panel["type"] == kind)


INVALID: dict[str, Callable[[Any], object]] = {
    "an unknown field of a dashboard": lambda board: board.update(colour="blue"),
    "an invalid type of a link": lambda board: board["links"][0].update(type="dashboard"),
    "a variable without a type": lambda board: board["templating"]["list"][0].pop("type"),
    "an unknown field of a panel": lambda board: find_panel(board, "stat").update(kind="stat"),
    "a panel id as text": lambda board: find_panel(board, "stat").update(id="1"),
    "an unknown option of a panel kind": lambda board: find_panel(board, "stat")["options"].update(legend={}),
    "an invalid value of an option": lambda board: find_panel(board, "table")["options"].update(
        cellHeight="tall"
    ),
    "an invalid line style": lambda board: find_panel(board, "timeseries")["fieldConfig"]["defaults"][
        "custom"
    ].update(showPoints="some"),
    "an invalid query format": lambda board: find_panel(board, "table")["targets"][0].update(format="rows"),
    "a query without PromQL": lambda board: find_panel(board, "table")["targets"][0].pop("expr"),
}


@pytest.mark.parametrize("change", INVALID.values(), ids=INVALID.keys())
def test_the_schemas_report(change: Callable[[Any], object]) -> None:
    board = copy.deepcopy(BOARDS["proofload-load"])
    change(board)
    assert len(list_errors(board)) == 1
