"""Rows of a feeder, and what they make of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from loadtests.profile.data_rows import columns, feeds_headers, filled, read_rows
from loadtests.profile.declared_requests import Request


@dataclass(frozen=True)
class Case:
    request: dict[str, Any]
    row: dict[str, Any]
    expected: dict[str, Any]
    """Attributes of the filled request."""
    columns: set[str] = field(default_factory=set)


CASES = {
    "a path, percent-encoded": Case(
        {"path": "/u/${user}?q=${q}"},
        {"user": "ann/b", "q": "ä &"},
        {"path": "/u/ann%2Fb?q=%C3%A4%20%26"},
        {"user", "q"},
    ),
    "a header": Case(
        {"path": "/", "headers": {"X-A": "a ${n}"}}, {"n": 3}, {"headers": {"X-A": "a 3"}}, {"n"}
    ),
    "a body of text": Case({"path": "/", "body": "n=${n};"}, {"n": "x"}, {"body": "n=x;"}, {"n"}),
    "a number that stands alone in JSON stays a number": Case(
        {"path": "/", "json": {"a": ["${n}", "n ${n}"]}},
        {"n": 1.5},
        {"json_body": {"a": [1.5, "n 1.5"]}},
        {"n"},
    ),
    "a list that stands alone in JSON stays a list": Case(
        {"path": "/", "json": {"rows": "${rows}"}},
        {"rows": [[1, 2]]},
        {"json_body": {"rows": [[1, 2]]}},
        {"rows"},
    ),
    "two dollars are one, and name nothing": Case(
        {"path": "/", "body": "$${n} $5 ${n}"}, {"n": 1}, {"body": "${n} $5 1"}, {"n"}
    ),
    "the name is that of the request as it is written": Case(
        {"path": "/${n}"}, {"n": 1}, {"name": "GET /${n}", "path": "/1"}, {"n"}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_row_fills_a_request(case: Case) -> None:
    request = Request.model_validate(case.request)
    assert columns(request) == case.columns
    made = filled(request, case.row)
    assert {name: getattr(made, name) for name in case.expected} == case.expected


def test_a_value_that_would_begin_another_header_is_refused() -> None:
    request = Request.model_validate({"path": "/", "headers": {"X-A": "${a}"}})
    assert feeds_headers(request)
    with pytest.raises(ValueError, match="can't stand in the header X-A"):
        filled(request, {"a": "b\r\nX-B: c"})


FILES = {
    "rows.csv": "user,age\nann,3\nbob,4\n",
    "rows.jsonl": '{"user": "ann", "age": "3"}\n\n{"user": "bob", "age": "4"}\n',
    "rows.py": "def rows():\n    for user, age in (('ann', '3'), ('bob', '4')):\n"
    "        yield {'user': user, 'age': age}\n",
}


@pytest.mark.parametrize("feeder", ["rows.csv", "rows.jsonl", "rows.py:rows"])
def test_rows_come_from_files_of_three_kinds(feeder: str, tmp_path: Path) -> None:
    name = feeder.partition(":")[0]
    (tmp_path / name).write_text(FILES[name])
    assert [dict(row) for row in read_rows(str(tmp_path / feeder))] == [
        {"user": "ann", "age": "3"},
        {"user": "bob", "age": "4"},
    ]
