"""Template variables that stand for the window inside PromQL, such as ``[{{.window}}]`` and ``[$__range]``.

Sources: Sloth's ``{{.window}}`` (its examples); Grafana's ``$__range``, ``$__interval`` and
``$__rate_interval`` (its manual, "Global variables"); ``$window`` as dashboards and OpenSLO specs have it.
"""

from __future__ import annotations

import re
from math import ceil

PLACEHOLDER_SECONDS = 300
"""What stands for the window where its length plays no part: Prometheus's own look-back."""

_WINDOWS = {"window", "__range", "__interval", "__rate_interval"}
_TEMPLATE = r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\w+|\[\[\w+\]\]"
_QUOTED = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\#[^\n]*"""
_PART = re.compile(rf"(?P<kept>{_QUOTED})|(?P<template>{_TEMPLATE})", re.DOTALL)
_NAME = re.compile(r"(?:\{\{-?\s*\$?\.?|\$\{?|\[\[)(\w+)(?:\s*-?\}\}|\}|\]\])?")
_IN_A_VALUE = re.compile(r"\{\{[^{}]*\}\}|\$\{[^{}]*\}")
# After the end of a text, which a regular expression's $ is, no letter can follow.
_IN_A_PATTERN = re.compile(r"(?<![\\\[])\$[A-Za-z_]\w*")


class UnknownTemplateError(ValueError):
    """A template variable that does not stand for the window; its text is the variable as written."""


def filled(text: str, seconds: float = PLACEHOLDER_SECONDS) -> str:
    """Write the window's length, in whole seconds and at least one, where a template asks for it.

    What is quoted or a comment stays as it is.

    Raises:
        UnknownTemplateError: another variable.
    """

    def replaced(part: re.Match[str]) -> str:
        if part["template"] is None:
            return part[0]
        name = _NAME.fullmatch(part[0])
        if name is None or name[1].lower() not in _WINDOWS:
            raise UnknownTemplateError(part[0])
        return f"{max(ceil(seconds), 1)}s"

    return _PART.sub(replaced, text)


def unquoted(text: str) -> str:
    """Leave out what is quoted, and comments."""
    return re.sub(_QUOTED, "", text, flags=re.DOTALL)


def template_in(value: str, *, pattern: bool) -> str | None:
    """Find a variable in a matcher's value; ``pattern``: the value is a regular expression.

    ``$name`` alone is a text like another (Azure's consumer group ``$Default``), but no pattern that matches.
    """
    found = _IN_A_VALUE.search(value) or (_IN_A_PATTERN.search(value) if pattern else None)
    return found[0] if found else None
