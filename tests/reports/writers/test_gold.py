"""Reports compared with golden files and schemas.

``PROOFLOAD_RENEW_GOLD=1 pytest tests/reports/writers/test_gold.py`` rewrites them and fails, so that
it is not mistaken for a pass; review the difference before committing it.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from reports.writers.write import WRITERS, write_reports
from slo.model import Outcome, Proof, Reason
from tests.support.proofs import bare, hostile, many, met, missed, nothing, past_window, undecided

ROOT = Path(__file__).resolve().parents[3]
GOLD = ROOT / "tests" / "gold" / "reports"
PROOFS: dict[str, Callable[[], Proof]] = {
    "met": met,
    "missed": missed,
    "undecided": undecided,
    "past_window": past_window,
    "nothing": nothing,
}
ALL = PROOFS | {"bare": bare, "hostile": lambda: hostile("<b>&\"'|`\n\x00"), "many": lambda: many(120)}
TEXT = [name for name in WRITERS if name != "html"]


def write(proof: Proof, name: str) -> str:
    stream = io.StringIO()
    WRITERS[name].write(proof, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("proof", PROOFS)
def test_a_report_equals_its_golden_file(proof: str, name: str) -> None:
    path = GOLD / proof / WRITERS[name].filename
    text = write(PROOFS[proof](), name)
    if os.environ.get("PROOFLOAD_RENEW_GOLD"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was rewritten")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("proof", ALL)
def test_the_verdict_matches_its_schema(proof: str) -> None:
    schema = json.loads((ROOT / "reports" / "writers" / "verdict.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(write(ALL[proof](), "json")), schema)


def test_the_schema_lists_every_reason() -> None:
    schema = json.loads((ROOT / "reports" / "writers" / "verdict.schema.json").read_text())
    assert schema["$defs"]["reason"]["enum"] == [None, *Reason]


@pytest.mark.parametrize("proof", ALL)
def test_junit_has_one_case_for_each_objective(proof: str) -> None:
    tested_proof = ALL[proof]()
    cases = list(ET.fromstring(write(tested_proof, "junit")).iter("testcase"))  # noqa: S314 - trusted input
    outcomes = [objective.outcome for objective in tested_proof.verdict.objectives]
    assert len(cases) == len(outcomes)
    assert sum(case.find("failure") is not None for case in cases) == outcomes.count(Outcome.MISSED)
    assert sum(case.find("error") is not None for case in cases) == outcomes.count(Outcome.UNDECIDED)


@pytest.mark.parametrize("proof", ALL)
def test_csv_has_one_row_for_each_objective(proof: str) -> None:
    tested_proof = ALL[proof]()
    rows = list(csv.DictReader(io.StringIO(write(tested_proof, "csv"))))
    assert [row["verdict"] for row in rows] == [
        objective.outcome for objective in tested_proof.verdict.objectives
    ]


@pytest.mark.parametrize("proof", ALL)
def test_markdown_tables_have_the_same_columns_in_each_row(proof: str) -> None:
    lines = write(ALL[proof](), "markdown").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    columns = {row.replace("\\|", "").count("|") for row in rows}
    assert len(columns) <= 1, "a cell broke its row"
    assert lines[0].startswith("## ")
    assert len("\n".join(lines).encode()) < 1024 * 1024, "too large for a job summary"


def test_no_csv_cell_is_a_formula() -> None:
    for row in csv.reader(io.StringIO(write(hostile("=1+1"), "csv"))):
        assert not any(cell.startswith("=") for cell in row)


def test_all_reports_are_written(tmp_path: Path) -> None:
    files = write_reports(met(), tmp_path / "new")
    assert {path.name for path in files} == {
        "verdict.json",
        "junit.xml",
        "objectives.csv",
        "report.md",
        "report.html",
    }
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(path.name for path in files)


def test_a_failed_writer_leaves_the_old_file_and_no_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.md").write_text("old")

    def fail(self: object, proof: Proof, stream: io.StringIO) -> None:
        del self, proof
        stream.write("half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(type(WRITERS["markdown"]), "write", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_reports(met(), tmp_path, ["markdown"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert (tmp_path / "report.md").read_text() == "old"


def test_an_unknown_format_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"unknown report format 'pdf'; available: json, junit, csv, markdown, html"
    ):
        write_reports(met(), tmp_path, ["pdf"])
    assert not list(tmp_path.iterdir())
