"""Problems: mistakes in a user's file, with their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MAX_VALUE_CHARACTERS = 80

Location = Sequence[str | int]
"""Keys and indexes that lead from a document's root to a value."""


@dataclass(frozen=True)
class Problem:
    """A mistake in a file: its line (counted from 1), the path of the field, and what is wrong."""

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.field, self.message) if part)


class ProblemsError(ValueError):
    """All problems in the user's input; its text has one line per problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DocumentError(ProblemsError):
    """A file that can't be read as YAML."""


def format_field_path(loc: Location) -> str:
    """Format a location as a dotted path, e.g. ``spec.objectives[0].target``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def format_value(value: object) -> str:
    """Format a value for an error message: at most 80 characters, on one line."""
    for kind, name in ((Mapping, "a mapping"), (list, "a list"), (type(None), "nothing")):
        if isinstance(value, kind):
            return name
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _MAX_VALUE_CHARACTERS else text[: _MAX_VALUE_CHARACTERS - 3] + "..."
