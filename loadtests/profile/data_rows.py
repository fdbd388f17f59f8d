"""Rows that fill the ``${column}`` of declared requests. Imports neither Locust nor gevent.

A string that is one placeholder and nothing else becomes the row's value as it is (a number, a list);
inside other text it becomes the text of it, in JSON where it is no text. ``$$`` stands for a ``$``.
"""

from __future__ import annotations

import csv
import json
import re
import runpy
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loadtests.profile.declared_requests import Request
from slo.documents.yaml_source import Problem, ProblemsError, shown

Row = Mapping[str, Any]
_PLACEHOLDER = re.compile(r"\$(?:\$|\{([^{}]+)\})")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_ROWS = 1_000_000


@lru_cache(maxsize=4)
def read_rows(feeder: str) -> Sequence[Row]:
    """Read ``FILE.csv``, ``FILE.jsonl`` or ``FILE.py:FUNCTION``, which gives mappings.

    Raises:
        ProblemsError: what is wrong with the file.
    """
    path, _, function = feeder.partition(".py:")
    try:
        if function:
            return _checked(feeder, _called(Path(f"{path}.py"), function))
        read = {".csv": _csv, ".jsonl": _jsonl}.get(Path(feeder).suffix)
        if read is None:
            raise ProblemsError([Problem(feeder, None, "", "should end in .csv, .jsonl or .py:FUNCTION")])
        with Path(feeder).open(newline="", encoding="utf-8") as file:
            return _checked(feeder, list(read(feeder, file)))
    except OSError as error:
        raise ProblemsError([Problem(feeder, None, "", f"can't be read: {error.strerror}")]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemsError([Problem(feeder, None, "", f"is no text in UTF-8: {error}")]) from None


def columns(request: Request) -> set[str]:
    """Give the columns that a request asks for."""
    texts = [request.path, request.body or "", *request.headers.values(), *_strings(request.json_body)]
    return {name for text in texts for name in _PLACEHOLDER.findall(text) if name}


def feeds_headers(request: Request) -> bool:
    """Tell whether a value of a row stands in a header."""
    return any(_PLACEHOLDER.search(value) for value in request.headers.values())


def filled(request: Request, row: Row) -> Request:
    """Give the request with the values of a row; in the path they are percent-encoded.

    Raises:
        ValueError: a value can't stand in a header.
    """
    headers = {name: _text(value, row) for name, value in request.headers.items()}
    for name, value in headers.items():
        if _CONTROL.search(value):
            raise ValueError(f"{shown(value)} can't stand in the header {name}")
    return request.model_copy(
        update={
            "name": request.label,
            "path": _PLACEHOLDER.sub(lambda found: quote(_value(found, row), safe=""), request.path),
            "headers": headers,
            "body": None if request.body is None else _text(request.body, row),
            "json_body": _json(request.json_body, row),
        }
    )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _json(value: Any, row: Row) -> Any:
    if isinstance(value, str):
        found = _PLACEHOLDER.fullmatch(value)
        return row[found[1]] if found and found[1] else _text(value, row)
    if isinstance(value, Mapping):
        return {key: _json(part, row) for key, part in value.items()}
    return [_json(part, row) for part in value] if isinstance(value, list) else value


def _text(text: str, row: Row) -> str:
    return _PLACEHOLDER.sub(lambda found: _value(found, row), text)


def _value(found: re.Match[str], row: Row) -> str:
    if not found[1]:
        return "$"
    value = row[found[1]]
    return value if isinstance(value, str) else json.dumps(value)


def _csv(_name: str, file: Any) -> Iterator[Row]:
    for row in csv.DictReader(file, strict=True):
        yield {column: value or "" for column, value in row.items() if column is not None}


def _jsonl(name: str, file: Any) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ProblemsError([Problem(name, number, "", f"is no JSON: {error.msg}")]) from None
            if not isinstance(row, dict):
                raise ProblemsError([Problem(name, number, "", f"should be an object, got {shown(row)}")])
            yield row


def _called(path: Path, function: str) -> list[Any]:
    try:
        rows = list(runpy.run_path(str(path))[function]())
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's file does
        message = f"{function}() gives no rows: {type(error).__name__}: {error}"
        raise ProblemsError([Problem(str(path), None, "", message)]) from None
    return rows


def _checked(name: str, rows: list[Any]) -> Sequence[Row]:
    problem = None
    if not rows:
        problem = "holds no row"
    elif len(rows) > _MOST_ROWS:
        problem = f"holds {len(rows):,} rows, more than {_MOST_ROWS:,}"
    elif wrong := next((row for row in rows if not isinstance(row, Mapping)), None):
        problem = f"gives {shown(wrong)} as a row; each should be a mapping of columns to values"
    if problem:
        raise ProblemsError([Problem(name, None, "", problem)])
    return rows
