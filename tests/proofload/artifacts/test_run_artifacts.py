"""The files of a run directory are read as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofload.artifacts.run_artifacts import (
    COMPRESSED_EVIDENCE_FILE,
    EVIDENCE_FILE,
    read_run_artifacts,
    write_evidence,
)
from slo.documents import ProblemsError
from slo.model import Evidence, Policy, QueryResult, Series, Window, make_samples_key


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


def test_the_policy_is_read_from_the_verdict(tmp_path: Path) -> None:
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
