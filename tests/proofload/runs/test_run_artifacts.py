"""What a run leaves behind is read again as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofload.runs.run_artifacts import PACKED, PLAIN, keep, kept
from slo.documents.yaml_source import ProblemsError
from slo.model import Evidence, Policy, QueryResult, Series, Window


def seen(samples: int) -> Evidence:
    times = tuple(float(n) for n in range(samples))
    one = Series({"__name__": "a_total", "job": "api"}, times, times)
    return Evidence(Window(1, 9), {"a_total": QueryResult("a_total[9s]", 9, (one,))}, 10, 300)


@pytest.mark.parametrize(
    ("samples", "name"),
    [pytest.param(10, PLAIN, id="small"), pytest.param(100_000, PACKED, id="large")],
)
def test_evidence_is_kept_in_one_file_and_read_again(samples: int, name: str, tmp_path: Path) -> None:
    evidence = seen(samples)
    for earlier in (1, 100_000, samples):  # what another judgement left there gives way
        keep(seen(earlier), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert kept(tmp_path).evidence == evidence


def test_the_same_evidence_is_the_same_file(tmp_path: Path) -> None:
    keep(seen(100_000), tmp_path)
    before = (tmp_path / PACKED).read_bytes()
    keep(seen(100_000), tmp_path)
    assert (tmp_path / PACKED).read_bytes() == before


def test_the_policy_is_that_of_the_verdict(tmp_path: Path) -> None:
    keep(seen(1), tmp_path)
    assert kept(tmp_path).policy == Policy()
    (tmp_path / "verdict.json").write_text(json.dumps({"policy": {"confidence": 0.9}}))
    assert kept(tmp_path).policy == Policy(0.9)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"\x1f\x8b\x08", "can't be read: Compressed file ended", id="cut off"),
        pytest.param(b"{}", "can't be read: Not a gzipped file", id="not compressed"),
    ],
)
def test_compressed_evidence_that_is_broken(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / PACKED).write_bytes(data)
    with pytest.raises(ProblemsError, match=says):
        kept(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        pytest.param("evidence.json", "[" * 100_000, "holds no evidence of a run", id="nested without end"),
        pytest.param(
            "evidence.json", f'{{"schema": 1{"0" * 400}}}', "evidence of schema", id="a huge schema"
        ),
        pytest.param(
            "verdict.json",
            '{"policy": {"confidence": "x"}}',
            "policy.confidence: .* valid number",
            id="a text",
        ),
        pytest.param("verdict.json", '{"policy": {"confidence": 2}}', "less than 1", id="more than sure"),
        pytest.param("verdict.json", '{"policy": {"confidence": NaN}}', "finite", id="no number"),
        pytest.param("verdict.json", '{"policy": []}', "valid dictionary", id="a list"),
    ],
)
def test_what_was_edited_is_refused_in_one_sentence(file: str, text: str, says: str, tmp_path: Path) -> None:
    keep(seen(10), tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(ProblemsError, match=says) as refused:
        kept(tmp_path)
    assert "\n" not in str(refused.value)
