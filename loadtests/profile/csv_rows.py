"""CSV files with a header, read strictly: each row has as many fields as the header has columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from slo.documents import Problem, ProblemsError, format_value

MAX_PROBLEMS = 20
"""Problems of one file that are reported at once."""
TEXT_ENCODING = "utf-8-sig"
"""UTF-8; a byte order mark at the start, as spreadsheets write it, is skipped."""

NumberedRow = tuple[int, Mapping[str, str]]
"""The line on which a row ends, and its values by column name."""


def read_csv(path: Path) -> tuple[list[str], list[NumberedRow]]:
    """Return the columns and the rows of a CSV file; empty lines are skipped.

    Raises:
        OSError: the file can't be read.
        ProblemsError: it is not CSV in UTF-8, a column has no name of its own, or rows are too short or long.
    """
    name = str(path)
    with path.open(newline="", encoding=TEXT_ENCODING) as file:
        reader = csv.reader(file, strict=True)
        try:
            columns = next(reader, [])
            _check_columns(name, columns)
            return columns, list(_check_rows(name, columns, reader))
        except csv.Error as error:
            raise ProblemsError([Problem(name, reader.line_num, "", f"is not CSV: {error}")]) from None
        except UnicodeDecodeError as error:
            message = f"is not valid UTF-8 text: {error}"
            raise ProblemsError([Problem(name, None, "", message)]) from None


def _check_columns(name: str, columns: list[str]) -> None:
    repeated = next((column for index, column in enumerate(columns) if column in columns[:index]), None)
    if repeated is not None:
        message = f"has the column {format_value(repeated)} twice"
        raise ProblemsError([Problem(name, 1, "", message)])


def _check_rows(name: str, columns: list[str], reader: Iterator[list[str]]) -> Iterator[NumberedRow]:
    problems: list[Problem] = []
    for fields in reader:
        if not fields:
            continue
        line: int = reader.line_num  # type: ignore[attr-defined]  # of csv.reader
        if len(fields) == len(columns):
            yield line, dict(zip(columns, fields, strict=True))
            continue
        message = f"the row has {len(fields)} fields, the header {len(columns)}"
        problems.append(Problem(name, line, "", message))
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise ProblemsError(problems)
