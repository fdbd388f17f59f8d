"""What can be said of the dashboards without a Prometheus."""

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

from monitoring.build import COMMAND, FOLDER, SPEC, files, main, stale
from monitoring.dashboards.limits import error_ratio_of, threshold_of
from slo.openslo.spec_reader import load_spec
from tests.support.dashboards import Query, boards, panels, queries

BOARDS = boards()
GRID_WIDTH = 24
CURRENT_SCHEMA = 42
"""The last of the classic kind (``DASHBOARD_SCHEMA_VERSION`` of Grafana 12)."""
every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())


def test_the_committed_files_are_what_the_generator_writes() -> None:
    changed = stale(files(load_spec([SPEC])), FOLDER)
    assert not changed, f"stale: {changed}; renew with: {COMMAND}"


def test_there_are_four() -> None:
    assert set(BOARDS) == {f"proofload-{name}" for name in ("service", "model", "slo", "load")}


# --- Grafana's own words ------------------------------------------------------------------------


@every_board
def test_the_sdk_reads_what_it_wrote(board: Any) -> None:
    """Whatever the SDK's models do not know would be lost on the way."""
    register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    for one in (*again["links"], *again["annotations"]["list"]):
        assert one.pop("placement") == "inControlsMenu", "the SDK's own, which we leave out"
    assert again == board


@every_board
def test_a_dashboard_has_what_all_have(board: Any) -> None:
    assert board["schemaVersion"] == CURRENT_SCHEMA
    assert board["tags"] == ["proofload"]
    assert board["links"][0]["tags"] == ["proofload"]
    assert "placement" not in board["links"][0], "hidden in a menu"
    assert board["annotations"]["list"][0]["target"]["tags"] == ["proofload"]
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert "id" not in board, "an id is of one Grafana alone"


# --- Panels -------------------------------------------------------------------------------------


@every_board
def test_panels_neither_overlap_nor_leave_the_grid(board: Any) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board["panels"]]
    for title, place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= GRID_WIDTH, title
    overlapping = [(one, other) for (one, a), (other, b) in combinations(places, 2) if _overlap(a, b)]
    assert not overlapping


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
    above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
    return not (apart or above)


@every_board
def test_panel_ids_are_told_apart(board: Any) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


@every_board
def test_every_panel_says_what_it_shows(board: Any) -> None:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        given = (panel["description"], defaults["unit"], defaults["noValue"], panel["targets"])
        assert all(given), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_limits_are_those_of_the_spec() -> None:
    spec = load_spec([SPEC])
    assert threshold_of(spec, "model_feature_psi") == 0.25
    assert threshold_of(spec, "model_accuracy_ratio") == 0.9
    assert threshold_of(spec, "http_request_duration_seconds") == 1
    assert threshold_of(spec, "no_such_metric") is None
    assert error_ratio_of(spec, "http_requests_total") == 0.005
    assert error_ratio_of(spec, "model_feature_psi") is None


# --- Queries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", list(queries()), ids=str)
def test_a_query_is_promql(query: Query) -> None:
    parse(query.expr)
    assert "$" not in query.expr, "a variable that the dashboard does not have"


@every_board
def test_rates_follow_the_scrape_interval(board: Any) -> None:
    for panel in panels(board):
        for target in panel["targets"]:
            assert "rate(" not in target["expr"] or "[$__rate_interval]" in target["expr"], target["expr"]


# --- The command --------------------------------------------------------------------------------


def test_the_command_writes_checks_and_names_what_renews(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path)]
    missing = CliRunner().invoke(main, [*out, "--check"])
    assert (missing.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"renew with: {COMMAND}" in missing.output
    assert CliRunner().invoke(main, out).exit_code == 0
    assert CliRunner().invoke(main, [*out, "--check"]).exit_code == 0
    (tmp_path / "proofload-load.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    changed = CliRunner().invoke(main, [*out, "--check"])
    assert changed.exit_code == 1
    assert "stale: old.json, proofload-load.json" in changed.output


def test_a_bad_spec_is_one_message(tmp_path: Path) -> None:
    spec = tmp_path / "slo.yaml"
    spec.write_text("kind: SLO\n")
    done = CliRunner().invoke(main, ["--spec", str(spec), "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "slo.yaml" in done.output
    assert not (tmp_path / "out").exists()
