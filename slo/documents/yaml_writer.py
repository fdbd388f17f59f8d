"""Writing plain data as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

_NO_LINE_BREAKS = 10_000


def format_yaml(
    data: Mapping[str, Any], *, line_width: int = _NO_LINE_BREAKS, literal_blocks: bool = False
) -> str:
    """Format a mapping as one YAML document that is read back as the same values.

    Keys keep their order, and no aliases are written. Long texts are wrapped at ``line_width`` characters if
    all texts are printable ASCII: ruamel can add a space where it wraps an escaped text. The result is ASCII;
    with ``literal_blocks`` it is Unicode, and a text of several lines is written as a ``|`` block.
    """
    yaml = YAML() if literal_blocks else _ascii_yaml()
    yaml.width = line_width if _has_plain_text(data) else _NO_LINE_BREAKS
    yaml.representer.ignore_aliases = lambda _: True
    text = StringIO()
    yaml.dump(_use_literal_blocks(data) if literal_blocks else dict(data), text)
    return text.getvalue()


def _ascii_yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel declares it as None
    yaml.allow_unicode = False  # an unescaped U+0085 would be read back as a space
    return yaml


def _has_plain_text(data: Any) -> bool:
    if isinstance(data, Mapping):
        return all(_has_plain_text(key) and _has_plain_text(value) for key, value in data.items())
    if isinstance(data, list | tuple):
        return all(map(_has_plain_text, data))
    return not isinstance(data, str) or (data.isascii() and data.isprintable())


def _use_literal_blocks(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _use_literal_blocks(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_use_literal_blocks(value) for value in data]
    return LiteralScalarString(data) if isinstance(data, str) and "\n" in data else data
