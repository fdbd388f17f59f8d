"""The files of a run directory are read as they were written."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proofload.artifacts.run_artifacts import (
    COMPRESSED_EVIDENCE_FILE,
    EVIDENCE_FILE,
    read_run_artifacts,
    write_evidence,
    write_policy,
)
from slo.documents import ProblemsError
from slo.model import BaselinePolicy, Evidence, Policy, QueryResult, Series, Window, make_samples_key


def create_evidence(samples: int) -> Evidence:
    times = tuple(float(n) for n in range(samples))
    series = Series({"__name__": "a_total", "job": "api"}, times, times)
    return Evidence(
        Window(1, 9), {make_samples_key("a_total"): QueryResult("a_total[9s]", 9, (series,))}, 10, 300
    )


@pytest.mark.parametrize(
    ("samples", "name"),
    [
        pytest.param(10, EVIDENCE_FILE, id="small"),
        pytest.param(100_000, COMPRESSED_EVIDENCE_FILE, id="large"),
    ],
)
def test_evidence_is_written_to_one_file_and_read_again(samples: int, name: str, tmp_path: Path) -> None:
    evidence = create_evidence(samples)
    for earlier in (1, 100_000, samples):  # evidence of an earlier evaluation is replaced
        write_evidence(create_evidence(earlier), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read_run_artifacts(tmp_path).evidence == evidence


def test_the_same_evidence_yields_the_same_bytes(tmp_path: Path) -> None:
    write_evidence(create_evidence(100_000), tmp_path)
    before = (tmp_path / COMPRESSED_EVIDENCE_FILE).read_bytes()
    write_evidence(create_evidence(100_000), tmp_path)
    assert (tmp_path / COMPRESSED_EVIDENCE_FILE).read_bytes() == before


BASELINE = BaselinePolicy(("last-met:5", "é.json"), ("sli/*",), 0.05, 0.0, 0.001, 0.95, 3)
POLICY_SCHEMA = Path(__file__).resolve().parents[3] / "proofload" / "artifacts" / "policy.schema.json"
POLICY_VALIDATOR = jsonschema.Draft202012Validator(json.loads(POLICY_SCHEMA.read_text()))
STORED = {"schema": 1, "confidence": 0.9, "baseline": None}


@pytest.mark.parametrize(
    "policy",
    [
        *(Policy(), Policy(0.9), Policy(None, BASELINE), Policy(0.5, BASELINE)),
        Policy(None, None, 0.25, other_traffic=True),
    ],
)
def test_the_policy_is_read_as_it_was_written(policy: Policy, tmp_path: Path) -> None:
    write_evidence(create_evidence(1), tmp_path)
    write_policy(policy, tmp_path)
    (tmp_path / "verdict.json").write_text(json.dumps({"policy": {"confidence": 0.7}}))
    assert read_run_artifacts(tmp_path).policy == policy
    written = json.loads((tmp_path / "policy.json").read_text())
    assert list(written) == [
        *("schema", "confidence", "baseline"),
        *("failed_requests", "other_traffic", "coverage"),
    ]
    POLICY_VALIDATOR.validate(written)


STORED_BASELINE = {"schema": 1, "confidence": None, "baseline": json.loads(json.dumps(asdict(BASELINE)))}
UNDESCRIBED: dict[str, tuple[tuple[str, ...], object]] = {
    "another schema version": (("schema",), 2),
    "an unknown field": (("confidnce",), 1),
    "a confidence in percent": (("confidence",), 95),
    "a confidence that is no more than chance": (("confidence",), 0.4),
    "a baseline of no runs": (("baseline", "runs"), []),
    "an empty name of a figure": (("baseline", "figures"), [""]),
    "a tolerance of 0": (("baseline", "tolerance"), 0),
    "a negative duration": (("baseline", "min_effect_seconds"), -1),
    "a ratio above 1": (("baseline", "min_effect_ratio"), 1.5),
    "a single run": (("baseline", "minimum_runs"), 1),
    "an unknown field of the baseline": (("baseline", "least_time"), 1),
}


@pytest.mark.parametrize(("place", "value"), UNDESCRIBED.values(), ids=UNDESCRIBED)
def test_schema_and_reader_refuse_the_same_policies(
    place: tuple[str, ...], value: object, tmp_path: Path
) -> None:
    write_evidence(create_evidence(1), tmp_path)
    document: Any = copy.deepcopy(STORED_BASELINE)
    assert POLICY_VALIDATOR.is_valid(document)
    parent = document[place[0]] if len(place) > 1 else document
    parent[place[-1]] = value
    (tmp_path / "policy.json").write_text(json.dumps(document))
    assert not POLICY_VALIDATOR.is_valid(document)
    with pytest.raises(ProblemsError, match=r"policy\.json"):
        read_run_artifacts(tmp_path)


@pytest.mark.parametrize("field", ["schema", "confidence", "baseline", *asdict(BASELINE)])
def test_schema_and_reader_need_every_field_of_the_policy(field: str, tmp_path: Path) -> None:
    write_evidence(create_evidence(1), tmp_path)
    document: Any = copy.deepcopy(STORED_BASELINE)
    parent = document if field in document else document["baseline"]
    del parent[field]
    (tmp_path / "policy.json").write_text(json.dumps(document))
    assert not POLICY_VALIDATOR.is_valid(document)
    with pytest.raises(ProblemsError, match=f"{field}: Field required"):
        read_run_artifacts(tmp_path)


def test_a_policy_of_an_older_version_has_the_defaults_of_newer_fields(tmp_path: Path) -> None:
    write_evidence(create_evidence(1), tmp_path)
    (tmp_path / "policy.json").write_text(json.dumps(STORED))
    assert read_run_artifacts(tmp_path).policy == Policy(0.9)
    (tmp_path / "policy.json").unlink()
    stored = {"confidence": 0.8, "failed_requests": 0.2, "other_traffic": True}
    (tmp_path / "verdict.json").write_text(json.dumps({"policy": stored}))
    assert read_run_artifacts(tmp_path).policy == Policy(0.8, None, 0.2, other_traffic=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("{", r"policy\.json:1: is not JSON", id="truncated"),
        pytest.param("[]", "valid policy file of a run", id="a list"),
        pytest.param(json.dumps({**STORED, "schema": 2}), "schema: .* equal to 1", id="a newer schema"),
        pytest.param(json.dumps({**STORED, "schema": True}), "schema: .* integer", id="a truth value"),
        pytest.param('{"schema": 1, "confidence": 0.9}', "baseline: Field required", id="a missing field"),
        pytest.param(json.dumps({**STORED, "confidnce": 1}), "confidnce: ", id="an unknown field"),
        pytest.param(
            json.dumps({**STORED, "baseline": {**asdict(BASELINE), "runs": [""]}}),
            r"baseline\.runs\.0: ",
            id="an empty name",
        ),
        pytest.param(
            json.dumps({**STORED, "failed_requests": 1.5}), "failed_requests: ", id="a share above 1"
        ),
        pytest.param(json.dumps({**STORED, "other_traffic": 1}), "other_traffic: ", id="a number as a flag"),
        pytest.param('{"schema": 1, "confidence": NaN, "baseline": null}', "confidence: .* finite", id="NaN"),
    ],
)
def test_a_damaged_policy_names_file_and_field(text: str, says: str, tmp_path: Path) -> None:
    write_evidence(create_evidence(1), tmp_path)
    (tmp_path / "verdict.json").write_text('{"policy": {"confidence": 0.9}}')  # does not stand in for it
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(ProblemsError, match=says) as error:
        read_run_artifacts(tmp_path)
    assert "policy.json" in str(error.value)
    assert "\n" not in str(error.value)


def test_without_policy_json_the_policy_is_read_from_the_verdict(tmp_path: Path) -> None:
    write_evidence(create_evidence(1), tmp_path)
    assert read_run_artifacts(tmp_path).policy == Policy()
    (tmp_path / "verdict.json").write_text(json.dumps({"policy": {"confidence": 0.9}}))
    assert read_run_artifacts(tmp_path).policy == Policy(0.9)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"\x1f\x8b\x08", "can't be read: Compressed file ended", id="truncated"),
        pytest.param(b"{}", "can't be read: Not a gzipped file", id="not compressed"),
    ],
)
def test_damaged_compressed_evidence_is_a_problem(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / COMPRESSED_EVIDENCE_FILE).write_bytes(data)
    with pytest.raises(ProblemsError, match=says):
        read_run_artifacts(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        pytest.param(
            "evidence.json", "[" * 100_000, "is not a valid evidence file of a run", id="deeply nested"
        ),
        pytest.param(
            "evidence.json",
            f'{{"schema": 1{"0" * 400}}}',
            "evidence of schema",
            id="a very large schema number",
        ),
        pytest.param(
            "verdict.json",
            '{"policy": {"confidence": "x"}}',
            "policy.confidence: .* valid number",
            id="a text",
        ),
        pytest.param(
            "verdict.json", '{"policy": {"confidence": 2}}', "less than 1", id="a confidence above 1"
        ),
        pytest.param("verdict.json", '{"policy": {"confidence": NaN}}', "finite", id="NaN"),
        pytest.param("verdict.json", '{"policy": []}', "valid dictionary", id="a list"),
    ],
)
def test_an_edited_file_is_rejected_in_one_line(file: str, text: str, says: str, tmp_path: Path) -> None:
    write_evidence(create_evidence(10), tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(ProblemsError, match=says) as error:
        read_run_artifacts(tmp_path)
    assert "\n" not in str(error.value)
