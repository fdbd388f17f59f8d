"""Rows of a feeder, and the requests that they fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from loadtests.profile.data_rows import fill_request, find_columns, has_header_placeholder, read_rows
from loadtests.profile.declared_requests import DeclaredRequest


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
    "a text body": Case({"path": "/", "body": "n=${n};"}, {"n": "x"}, {"body": "n=x;"}, {"n"}),
    "a JSON string that is one placeholder becomes the number": Case(
        {"path": "/", "json": {"a": ["${n}", "n ${n}"]}},
        {"n": 1.5},
        {"json_body": {"a": [1.5, "n 1.5"]}},
        {"n"},
    ),
    "a JSON string that is one placeholder becomes the list": Case(
        {"path": "/", "json": {"rows": "${rows}"}},
        {"rows": [[1, 2]]},
        {"json_body": {"rows": [[1, 2]]}},
        {"rows"},
    ),
    "two dollar signs become one and start no placeholder": Case(
        {"path": "/", "body": "$${n} $5 ${n}"}, {"n": 1}, {"body": "${n} $5 1"}, {"n"}
    ),
    "the request name keeps its placeholders": Case(
        {"path": "/${n}"}, {"n": 1}, {"name": "GET /${n}", "path": "/1"}, {"n"}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_row_fills_the_placeholders_of_a_request(case: Case) -> None:
    request = DeclaredRequest.model_validate(case.request)
    assert find_columns(request) == case.columns
    filled = fill_request(request, case.row)
    assert {name: getattr(filled, name) for name in case.expected} == case.expected


def test_a_value_that_would_start_another_header_is_rejected() -> None:
    request = DeclaredRequest.model_validate({"path": "/", "headers": {"X-A": "${a}"}})
    assert has_header_placeholder(request)
    with pytest.raises(ValueError, match="contains a control character, in the header X-A"):
        fill_request(request, {"a": "b\r\nX-B: c"})


FILES = {
    "rows.csv": "user,age\nann,3\nbob,4\n",
    "rows.jsonl": '{"user": "ann", "age": "3"}\n\n{"user": "bob", "age": "4"}\n',
    "rows.py": "def rows():\n    for user, age in (('ann', '3'), ('bob', '4')):\n"
    "        yield {'user': user, 'age': age}\n",
}


@pytest.mark.parametrize("feeder", ["rows.csv", "rows.jsonl", "rows.py:rows"])
def test_rows_are_read_from_csv_jsonl_and_python_files(feeder: str, tmp_path: Path) -> None:
    name = feeder.partition(":")[0]
    (tmp_path / name).write_text(FILES[name])
    assert [dict(row) for row in read_rows(str(tmp_path / feeder))] == [
        {"user": "ann", "age": "3"},
        {"user": "bob", "age": "4"},
    ]
