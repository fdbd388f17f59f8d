"""Texts of others made safe for a terminal and for the log of a CI job."""

from __future__ import annotations

import re

_CONTROL_CHARACTERS = re.compile(
    # C0 and C1 controls, characters that change the direction of the following text, and lone surrogates.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_LINE_COMMAND = re.compile(
    r"^((?:[^\S\n]|[\u200b\ufeff]|\x1b\[[0-9;]*m)*):(?=(?:\x1b\[[0-9;]*m)*:)", re.MULTILINE
)
"""``::name::`` at the start of a line is a command of GitHub Actions, also after blanks and colours."""
_INLINE_COMMAND = re.compile(r"#((?:\x1b\[[0-9;]*m)*#(?=\w*\[))")
"""``##[name]`` and ``##vso[name]`` anywhere in a line are commands of GitHub Actions and Azure Pipelines."""

_FORMULA = re.compile("((?:^|;)\\s*)(?=[=+@\uff1d\uff0b\uff0d\uff20-])")
"""What a spreadsheet evaluates when a cell starts with it, also after blanks; the wide forms in Japan."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def replace_control_characters(text: str) -> str:
    """Replace control characters, except tab and line feed, and those that change the text's direction."""
    return _CONTROL_CHARACTERS.sub("\ufffd", text.replace("\r\n", "\n"))


def break_workflow_commands(text: str) -> str:
    """Insert a blank into each text that a CI system would run as a command."""
    return _INLINE_COMMAND.sub(r"# \1", _LINE_COMMAND.sub(r"\1: ", text))


def make_terminal_safe(text: str) -> str:
    """Return a text of others so that it can be printed: it contains no control character and no command."""
    return break_workflow_commands(replace_control_characters(text))


def flatten_text(text: str) -> str:
    """Return a text of others on one line, without control characters."""
    return " ".join(replace_control_characters(text).split())


def escape_csv_text(text: str) -> str:
    """Return a text of others as a CSV cell of one line that no spreadsheet evaluates.

    Numbers stay as they are. The part after a semicolon is escaped as well: it is a cell of its own where
    semicolons separate cells. (OWASP, CSV injection)
    """
    if _NUMBER.fullmatch(text):
        return text
    one_line = re.sub(r"[\n\t]+", " ", replace_control_characters(text))
    return _FORMULA.sub(r"\1'", one_line)
