"""Rows of a feeder, and the ``${column}`` placeholders of declared requests that they fill.

A JSON string that is exactly one placeholder becomes the row's value with its type (a number, a list).
Elsewhere the value is inserted as text; values that are not strings are written as JSON. ``$$`` stands for
``$``.
"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loadtests.profile.csv_rows import MAX_PROBLEMS, TEXT_ENCODING, read_csv
from loadtests.profile.declared_requests import DeclaredRequest
from loadtests.profile.request_encoding import find_header_problem, find_json_problem, find_text_problem
from slo.documents import MASK, Problem, ProblemsError, format_value, is_secret_name

Row = Mapping[str, Any]
"""Values of one row by column name."""
_PLACEHOLDER = re.compile(r"\$(?:\$|\{([^{}]+)\})")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_ROWS = 1_000_000


# --- Reading rows ---------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def read_rows(feeder: str) -> Sequence[Row]:
    """Read the rows of ``FILE.csv``, ``FILE.jsonl`` or ``FILE.py:FUNCTION``.

    The function returns mappings of columns to values.

    Raises:
        ProblemsError: the file can't be read, or its content is invalid.
    """
    path, _, function = feeder.partition(".py:")
    try:
        if function:
            return _validate_rows(
                feeder, enumerate(_call_row_function(Path(f"{path}.py"), function), 1), "row"
            )
        parse = {".csv": _parse_csv, ".jsonl": _parse_jsonl}.get(Path(feeder).suffix)
        if parse is None:
            raise ProblemsError([Problem(feeder, None, "", "should end in .csv, .jsonl or .py:FUNCTION")])
        return _validate_rows(feeder, parse(Path(feeder)), "line")
    except OSError as error:
        raise ProblemsError([Problem(feeder, None, "", f"can't be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ProblemsError([Problem(feeder, None, "", f"is not valid UTF-8 text: {error}")]) from None


def _parse_csv(path: Path) -> Iterable[tuple[int, Row]]:
    return read_csv(path)[1]


def _parse_jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the line and the value of each line that is not empty."""
    problems: list[Problem] = []
    with path.open(encoding=TEXT_ENCODING) as file:
        for line_number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield line_number, json.loads(line, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                text = error.msg if isinstance(error, json.JSONDecodeError) else str(error).partition(";")[0]
                problems.append(Problem(str(path), line_number, "", f"is not JSON: {text}"))
                if len(problems) >= MAX_PROBLEMS:
                    break
    if problems:
        raise ProblemsError(problems)


def _refuse_constant(name: str) -> None:
    """Refuse ``NaN`` and ``Infinity``, which Python reads although JSON has none (RFC 8259)."""
    raise ValueError(f"{name} is no JSON value")


def _call_row_function(path: Path, function: str) -> list[Any]:
    try:
        rows = list(runpy.run_path(str(path))[function]())
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - code of the user may raise anything
        message = f"{function}() returned no rows: {type(error).__name__}: {error}"
        raise ProblemsError([Problem(str(path), None, "", message)]) from None
    return rows


def _validate_rows(name: str, numbered_rows: Iterable[tuple[int, Any]], unit: str) -> Sequence[Row]:
    """Return the rows; ``unit`` is what they are numbered by: ``line`` or ``row``."""
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, row in numbered_rows:
        if message := _find_row_problem(row):
            line = number if unit == "line" else None
            problems.append(Problem(name, line, "", message if line else f"row {number} {message}"))
        rows.append(row)
        if len(problems) >= MAX_PROBLEMS or len(rows) > _MAX_ROWS:
            break
    if len(rows) > _MAX_ROWS:
        problems.append(Problem(name, None, "", f"contains more than {_MAX_ROWS:,} rows, the maximum"))
    if not rows:
        problems.append(Problem(name, None, "", "contains no rows"))
    if problems:
        raise ProblemsError(problems)
    return rows


def _find_row_problem(row: object) -> str | None:
    """Return why a row can't fill a request, or ``None``."""
    if not isinstance(row, Mapping):
        return f"should be a mapping of columns to values, got {format_value(row)}"
    for column, value in row.items():
        find_problem: Callable[[Any], str | None]
        find_problem = find_text_problem if isinstance(value, str) else find_json_problem
        if problem := find_problem(value):
            return f"column {format_value(column)}: {problem}"
    return None


# --- Filling requests -----------------------------------------------------------------------------


def find_columns(request: DeclaredRequest) -> set[str]:
    """Return the columns that the placeholders of a request name."""
    texts = [
        request.path,
        request.body or "",
        *request.headers.values(),
        *_iterate_strings(request.json_body),
    ]
    return {name for text in texts for name in _PLACEHOLDER.findall(text) if name}


def has_header_placeholder(request: DeclaredRequest) -> bool:
    """Return whether a header of the request contains a placeholder."""
    return any(_PLACEHOLDER.search(value) for value in request.headers.values())


def fill_request(request: DeclaredRequest, row: Row) -> DeclaredRequest:
    """Return the request with the values of a row; values in the path are percent-encoded.

    Raises:
        ValueError: a header would contain a character that it can't express.
    """
    headers = {name: _fill_text(value, row) for name, value in request.headers.items()}
    for name, value in headers.items():
        if _CONTROL_CHARACTER.search(value):
            shown = MASK if is_secret_name(name) else format_value(value)
            raise ValueError(f"{shown} contains a control character, in the header {name}")
        if problem := find_header_problem(value):
            raise ValueError(f"the header {name} {problem}")
    return request.model_copy(
        update={
            "name": request.label,
            "path": _PLACEHOLDER.sub(
                lambda placeholder: quote(_read_column(placeholder, row), safe=""), request.path
            ),
            "headers": headers,
            "body": None if request.body is None else _fill_text(request.body, row),
            "json_body": _fill_json(request.json_body, row),
        }
    )


def _iterate_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _iterate_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_strings(item)


def _fill_json(value: Any, row: Row) -> Any:
    if isinstance(value, str):
        placeholder = _PLACEHOLDER.fullmatch(value)
        return row[placeholder[1]] if placeholder and placeholder[1] else _fill_text(value, row)
    if isinstance(value, Mapping):
        return {key: _fill_json(item, row) for key, item in value.items()}
    return [_fill_json(item, row) for item in value] if isinstance(value, list) else value


def _fill_text(text: str, row: Row) -> str:
    return _PLACEHOLDER.sub(lambda placeholder: _read_column(placeholder, row), text)


def _read_column(placeholder: re.Match[str], row: Row) -> str:
    """Return the text that replaces a placeholder."""
    if not placeholder[1]:
        return "$"
    value = row[placeholder[1]]
    return value if isinstance(value, str) else json.dumps(value)
