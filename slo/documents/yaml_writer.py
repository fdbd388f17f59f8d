"""Writing plain data as YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from slo.documents.safe_text import make_terminal_safe

_NO_LINE_BREAKS = 2**31
_COMMAND_MARK = re.compile(r"#(?=#\w*\[)")
"""Begins a command of a CI system, wherever in a line (see ``safe_text``)."""


def format_yaml(
    data: Mapping[str, Any], *, line_width: int = _NO_LINE_BREAKS, literal_blocks: bool = False
) -> str:
    """Format a mapping as one YAML document that is read back as the same values.

    Keys keep their order, and no aliases are written. Long texts are wrapped at ``line_width`` characters if
    all texts are printable ASCII: ruamel can add a space where it wraps an escaped text. The result is ASCII;
    with ``literal_blocks`` it is Unicode, and a text of several lines is written as a ``|`` block. What a
    terminal or a CI system would run as a command is escaped.
    """
    yaml = YAML() if literal_blocks else _ascii_yaml()
    yaml.width = line_width if _has_plain_text(data) else _NO_LINE_BREAKS
    yaml.representer.ignore_aliases = lambda _: True
    text = StringIO()
    quoted = _convert_texts(data, _quote_unsafe)
    yaml.dump(_convert_texts(quoted, _use_literal_block) if literal_blocks else quoted, text)
    return _COMMAND_MARK.sub(r"\\x23", text.getvalue())  # all of these are inside double quotes


def _ascii_yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel declares it as None
    yaml.allow_unicode = False  # an unescaped U+0085 would be read back as a space
    yaml.representer.add_representer(DoubleQuotedScalarString, _represent_quoted)
    return yaml


def _has_plain_text(data: Any) -> bool:
    if isinstance(data, Mapping):
        return all(_has_plain_text(key) and _has_plain_text(value) for key, value in data.items())
    if isinstance(data, list | tuple):
        return all(map(_has_plain_text, data))
    return not isinstance(data, str) or (data.isascii() and data.isprintable())


def _convert_texts(data: Any, convert: Callable[[str], str]) -> Any:
    if isinstance(data, Mapping):
        return {_convert_texts(key, convert): _convert_texts(value, convert) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_convert_texts(value, convert) for value in data]
    return convert(data) if isinstance(data, str) else data


def _quote_unsafe(text: str) -> str:
    """Return a text that is written in double quotes if it contains a command or a control character."""
    return text if make_terminal_safe(text) == text else DoubleQuotedScalarString(text)


def _use_literal_block(text: str) -> str:
    is_quoted = isinstance(text, DoubleQuotedScalarString)
    return LiteralScalarString(text) if "\n" in text and not is_quoted else text


def _represent_quoted(representer: SafeRepresenter, text: DoubleQuotedScalarString) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:str", text, style='"')
