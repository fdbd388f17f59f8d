"""Template variables for the window inside PromQL, such as ``[{{.window}}]`` and ``[$__range]``.

Sources: Sloth's ``{{.window}}`` (its examples); Grafana's ``$__range``, ``$__interval`` and
``$__rate_interval`` (its manual, "Global variables"); ``$window`` as in dashboards and OpenSLO specs.
"""

from __future__ import annotations

import re
from math import ceil

PLACEHOLDER_WINDOW_SECONDS = 300
"""Replaces the window where its length does not matter: Prometheus's look-back delta."""

_WINDOW_VARIABLES = {"window", "__range", "__interval", "__rate_interval"}
_VARIABLE_PATTERN = r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\[\[\w+\]\]"
_QUOTED_PATTERN = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*"""
_PART_PATTERN = re.compile(rf"(?P<quoted>{_QUOTED_PATTERN})|(?P<variable>{_VARIABLE_PATTERN})", re.DOTALL)
_NAME_PATTERN = re.compile(r"(?:\{\{-?\s*\$?\.?|\$\{?|\[\[)(\w+)(?:\s*-?\}\}|\}|\]\])?")
_VARIABLE_IN_VALUE = re.compile(r"\{\{[^{}]*\}\}|\$\{[^{}]*\}")
# In a regular expression, $ is the end of the text: no letter can follow it.
_VARIABLE_IN_REGEX = re.compile(r"(?<![\\\[])\$[A-Za-z_]\w*")


class UnknownVariableError(ValueError):
    """A template variable other than the window; the error's text is the variable as written."""


def fill_window(text: str, window_seconds: float = PLACEHOLDER_WINDOW_SECONDS) -> str:
    """Replace window variables with the window's length, rounded up to whole seconds, at least 1.

    Quoted texts and comments are unchanged.

    Raises:
        UnknownVariableError: ``text`` contains another variable.
    """

    def replace_part(part: re.Match[str]) -> str:
        if part["variable"] is None:
            return part[0]
        name = _NAME_PATTERN.fullmatch(part[0])
        if name is None or name[1].lower() not in _WINDOW_VARIABLES:
            raise UnknownVariableError(part[0])
        return f"{max(ceil(window_seconds), 1)}s"

    return _PART_PATTERN.sub(replace_part, text)


def remove_quoted_text(text: str) -> str:
    """Return a query without its quoted texts and comments."""
    return re.sub(_QUOTED_PATTERN, "", text, flags=re.DOTALL)


def find_variable(value: str, *, is_regex: bool) -> str | None:
    """Return the first template variable in a matcher's value; ``is_regex``: the value is a regex.

    ``$name`` is a valid plain value (Azure's consumer group ``$Default``), but as a regular expression it can
    match nothing, so there it is a variable.
    """
    match = _VARIABLE_IN_VALUE.search(value) or (_VARIABLE_IN_REGEX.search(value) if is_regex else None)
    return match[0] if match else None
