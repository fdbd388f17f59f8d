"""Inputs that can't be sent as written: refused with file, line and value, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loadtests.profile import load_profile
from slo.documents import ProblemsError

_HEAD = "name: p\narrivals: constant\n"
_STAGES = "stages: [{duration: 1s, rate: 5}]\n"
_ONE_REQUEST = "requests: [{name: r, path: /}]\n"
_FED_REQUEST = "requests: [{name: r, path: '/${id}'}]\n"
_HEADER = "p.yaml:5: requests[0].headers.X-Name"
_TRACE = "name: p\narrivals: trace\ntrace: t.csv\n" + _ONE_REQUEST


@dataclass(frozen=True)
class Bad:
    profile: str
    messages: tuple[str, ...]
    """A part of each line of the error, in order; ``FILE:LINE`` first."""
    files: dict[str, bytes] = field(default_factory=dict)


def _with_request(request: str) -> str:
    return f"{_HEAD}{_STAGES}requests:\n  - {request}\n"


def _with_feeder(name: str) -> str:
    return f"{_HEAD}{_STAGES}feeder: {name}\n{_FED_REQUEST}"


BAD = {
    "a header with characters beyond Latin-1": Bad(
        _with_request("{path: /, headers: {X-Name: 日本}}"), (f"{_HEADER}: contains",)
    ),
    "a header with an emoji": Bad(
        _with_request("{path: /, headers: {X-Name: a😀}}"), (f"{_HEADER}: contains",)
    ),
    "a JSON body that is NaN": Bad(_with_request("{path: /, json: .nan}"), ("p.yaml:5: requests[0].json:",)),
    "a JSON body that contains infinity": Bad(
        _with_request("{path: /, json: {a: [1, -.inf]}}"), ("p.yaml:5: requests[0].json:",)
    ),
    "a rate beyond reason": Bad(
        f"{_HEAD}stages: [{{duration: 1s, rate: 1e18}}]\n{_ONE_REQUEST}", ("p.yaml:3: stages[0].rate:",)
    ),
    "a ramp to a rate beyond reason": Bad(
        f"{_HEAD}stages: [{{duration: 1s, rate: 1, to: 1e9}}]\n{_ONE_REQUEST}", ("p.yaml:3: stages[0].to:",)
    ),
    "an infinite rate": Bad(
        f"{_HEAD}stages: [{{duration: 1s, rate: .inf}}]\n{_ONE_REQUEST}", ("p.yaml:3: stages[0].rate:",)
    ),
    "a rate that is not a number": Bad(
        f"{_HEAD}stages: [{{duration: 1s, rate: .nan}}]\n{_ONE_REQUEST}", ("p.yaml:3: stages[0].rate:",)
    ),
    "a duration beyond reason": Bad(
        f"{_HEAD}stages: [{{duration: 99999999w, rate: 1}}]\n{_ONE_REQUEST}",
        ("p.yaml:3: stages[0].duration: '99999999w' is longer than 366 days",),
    ),
    "a timeout beyond reason": Bad(
        f"{_HEAD}{_STAGES}timeout: {'9' * 400}d\n{_ONE_REQUEST}", ("p.yaml:4: timeout:",)
    ),
    "more users than any machine runs": Bad(
        f"name: p\narrivals: closed\nstages: [{{duration: 1s, users: 1000000000}}]\n{_ONE_REQUEST}",
        ("p.yaml:3: stages[0].users:",),
    ),
    "a weight beyond reason": Bad(
        _with_request("{path: /, weight: 1000000000000}"), ("p.yaml:5: requests[0].weight:",)
    ),
    "a trace with a time beyond reason": Bad(
        _TRACE, ("t.csv:2: time_seconds: '1e300' is more than",), {"t.csv": b"time_seconds\n1e300\n"}
    ),
    "a trace with short and long rows": Bad(
        _TRACE,
        ("t.csv:3: the row has 1 fields, the header 2", "t.csv:4: the row has 3 fields, the header 2"),
        {"t.csv": b"time_seconds,request\n0,r\n1\n2,r,x\n"},
    ),
    "a CSV file with short and long rows": Bad(
        _with_feeder("f.csv"),
        ("f.csv:3: the row has 1 fields, the header 2", "f.csv:4: the row has 3 fields, the header 2"),
        {"f.csv": b"id,name\n1,A\n2\n3,C,x\n"},
    ),
    "a CSV file with the same column twice": Bad(
        _with_feeder("f.csv"), ("f.csv:1: has the column 'id' twice",), {"f.csv": b"id,id\n1,2\n"}
    ),
    "a CSV file with an unfinished quote": Bad(
        _with_feeder("f.csv"), ("f.csv:3: is not CSV:",), {"f.csv": b'id\n"1\n2\n'}
    ),
    "a JSON integer of 6,000 digits": Bad(
        _with_feeder("f.jsonl"),
        ("f.jsonl:2: is not JSON: Exceeds the limit",),
        {"f.jsonl": b'{"id": 1}\n{"id": ' + b"9" * 6000 + b"}\n"},
    ),
    "JSON rows with NaN and without syntax, both reported": Bad(
        _with_feeder("f.jsonl"),
        ("f.jsonl:1: is not JSON: NaN", "f.jsonl:3: is not JSON:"),
        {"f.jsonl": b'{"id": NaN}\n{"id": 1}\n{"id":\n'},
    ),
    "a JSON row nested beyond reason": Bad(
        _with_feeder("f.jsonl"),
        ("f.jsonl:1: is not JSON:",),
        {"f.jsonl": b'{"id":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"},
    ),
    "a JSON row with half of a surrogate pair": Bad(
        _with_feeder("f.jsonl"),
        ("f.jsonl:1: column 'id': contains '\\ud83d'",),
        {"f.jsonl": b'{"id": "\\ud83d"}'},
    ),
    "JSON rows that are no objects, also empty ones": Bad(
        _with_feeder("f.jsonl"),
        tuple(f"f.jsonl:{line}: should be a mapping" for line in (1, 2, 3)),
        {"f.jsonl": b"null\n0\n[]\n"},
    ),
    "empty rows of a Python function": Bad(
        _with_feeder("f.py:rows"),
        tuple(f"f.py:rows: row {row} should be a mapping" for row in (2, 3, 4)),
        {"f.py": b"def rows():\n    return [{'id': 1}, None, 0, []]\n"},
    ),
    "values of a Python function that JSON can't express": Bad(
        _with_feeder("f.py:rows"),
        ("row 1 column 'id': can't be written as JSON", "row 2 column 'id': can't be written as JSON"),
        {"f.py": b"def rows():\n    return [{'id': float('nan')}, {'id': object()}]\n"},
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_a_bad_input_is_refused_with_its_place(case: Bad, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(case.profile, encoding="utf-8")
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ProblemsError) as raised:
        load_profile(path)
    lines = str(raised.value).splitlines()
    assert len(lines) == len(case.messages), lines
    for line, message in zip(lines, case.messages, strict=True):
        assert message in line


@pytest.mark.parametrize(
    "override",
    [{"rate": 1e18}, {"rate": float("inf")}, {"rate": float("nan")}, {"duration": 1e300}],
    ids=["rate 1e18", "infinite rate", "rate NaN", "duration 1e300"],
)
def test_an_override_beyond_reason_is_refused(override: dict[str, float], tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"{_HEAD}{_STAGES}{_ONE_REQUEST}")
    with pytest.raises(ProblemsError, match="should be above 0 and at most"):
        load_profile(path, **override)


WITH_BYTE_ORDER_MARK = {
    "CSV": ("f.csv", b"\xef\xbb\xbfid,name\n1,A\n"),
    "CSV with quoted columns": ("f.csv", b'\xef\xbb\xbf"id","name"\r\n"1","A"\r\n'),
    "JSONL": ("f.jsonl", b'\xef\xbb\xbf{"id": 1}\n'),
}


@pytest.mark.parametrize("file", WITH_BYTE_ORDER_MARK.values(), ids=WITH_BYTE_ORDER_MARK)
def test_a_feeder_may_begin_with_a_byte_order_mark(file: tuple[str, bytes], tmp_path: Path) -> None:
    name, content = file
    (tmp_path / name).write_bytes(content)
    path = tmp_path / "p.yaml"
    path.write_text(_with_feeder(name))
    assert load_profile(path).feeder == str(tmp_path / name)


def test_a_trace_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbftime_seconds\r\n0\r\n\r\n1.5\r\n")
    path = tmp_path / "p.yaml"
    path.write_text(_TRACE)
    stage = load_profile(path).schedule[0]
    assert stage.duration_seconds == 3.0
