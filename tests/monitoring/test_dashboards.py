"""The dashboards without a Prometheus: files, panels, queries, and the command that writes them."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from promql_parser import parse

from monitoring.build import (
    BUILD_COMMAND,
    DASHBOARD_FOLDER,
    SPEC_FILE,
    encode_dashboards,
    find_stale_files,
    main,
)
from monitoring.dashboards.limits import find_allowed_error_ratio, find_threshold
from slo.openslo import load_spec
from tests.support.dashboards import Query, list_panels, list_queries, load_dashboards

BOARDS = load_dashboards()
GRID_WIDTH = 24
CURRENT_SCHEMA = 42
"""The last version of the classic schema (``DASHBOARD_SCHEMA_VERSION`` of Grafana 12)."""
every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())


def test_the_committed_files_are_those_that_the_generator_writes() -> None:
    changed = find_stale_files(encode_dashboards(load_spec([SPEC_FILE])), DASHBOARD_FOLDER)
    assert not changed, f"stale: {changed}; regenerate with: {BUILD_COMMAND}"


def test_there_are_four_dashboards() -> None:
    assert set(BOARDS) == {f"proofload-{name}" for name in ("service", "model", "slo", "load")}


# --- Grafana's format ------------------------------------------------------------------------


@every_board
def test_the_sdk_reads_back_what_it_wrote(board: Any) -> None:
    """Fields that the SDK's models do not know would be lost."""
    register_default_plugins()
    read_back = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    for control in (*read_back["links"], *read_back["annotations"]["list"]):
        assert control.pop("placement") == "inControlsMenu", "the SDK's default, which we remove"
    assert read_back == board


@every_board
def test_a_dashboard_has_the_common_parts(board: Any) -> None:
    assert board["schemaVersion"] == CURRENT_SCHEMA
    assert board["tags"] == ["proofload"]
    assert board["links"][0]["tags"] == ["proofload"]
    assert "placement" not in board["links"][0], "links must not be hidden in a menu"
    assert board["annotations"]["list"][0]["target"]["tags"] == ["proofload"]
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert "id" not in board, "an id is valid in one Grafana only"


# --- Panels -------------------------------------------------------------------------------------


@every_board
def test_panels_neither_overlap_nor_leave_the_grid(board: Any) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board["panels"]]
    for title, place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= GRID_WIDTH, title
    overlapping = [(first, second) for (first, a), (second, b) in combinations(places, 2) if _overlap(a, b)]
    assert not overlapping


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    side_by_side = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    stacked = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not (side_by_side or stacked)


@every_board
def test_panel_ids_are_unique(board: Any) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


@every_board
def test_every_panel_has_a_description_a_unit_and_a_text_for_no_data(board: Any) -> None:
    for panel in list_panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        required = (panel["description"], defaults["unit"], defaults["noValue"], panel["targets"])
        assert all(required), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_limits_are_those_of_the_spec() -> None:
    spec = load_spec([SPEC_FILE])
    assert find_threshold(spec, "model_feature_psi") == 0.25
    assert find_threshold(spec, "model_accuracy_ratio") == 0.9
    assert find_threshold(spec, "http_request_duration_seconds") == 1
    assert find_threshold(spec, "no_such_metric") is None
    assert find_allowed_error_ratio(spec, "http_requests_total") == 0.005
    assert find_allowed_error_ratio(spec, "model_feature_psi") is None


# --- Queries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", list(list_queries()), ids=str)
def test_a_query_is_valid_promql(query: Query) -> None:
    parse(query.expr)
    assert "$" not in query.expr, "a variable that the dashboard does not have"


@every_board
def test_rates_follow_the_scrape_interval(board: Any) -> None:
    for panel in list_panels(board):
        for target in panel["targets"]:
            assert "rate(" not in target["expr"] or "[$__rate_interval]" in target["expr"], target["expr"]


# --- The command --------------------------------------------------------------------------------


def test_the_command_writes_and_checks_and_names_the_command_that_regenerates(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path)]
    missing = CliRunner().invoke(main, [*out, "--check"])
    assert (missing.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"regenerate with: {BUILD_COMMAND}" in missing.output
    assert CliRunner().invoke(main, out).exit_code == 0
    assert CliRunner().invoke(main, [*out, "--check"]).exit_code == 0
    (tmp_path / "proofload-load.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    changed = CliRunner().invoke(main, [*out, "--check"])
    assert changed.exit_code == 1
    assert "stale: old.json, proofload-load.json" in changed.output


def test_an_invalid_spec_is_reported_in_one_message(tmp_path: Path) -> None:
    spec = tmp_path / "slo.yaml"
    spec.write_text("kind: SLO\n")
    done = CliRunner().invoke(main, ["--spec", str(spec), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "slo.yaml" in done.output
    assert not (tmp_path / "out").exists()
