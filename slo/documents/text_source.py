"""Reading files of others as text, and JSON or YAML as plain data, within bounds of size and depth."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slo.documents.problems import DocumentError, Problem

_MAX_YAML_CHARACTERS = 8_000_000  # read in less than a minute
_MAX_YAML_DEPTH = 100
_MAX_VALUES = 5_000_000
"""Values of a document with its aliases expanded."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_bounded_text(path: Path, max_bytes: int) -> str:
    """Return the text of a file in UTF-8, or in the encoding that its byte order mark names.

    Raises:
        DocumentError: the file can't be read, is larger than ``max_bytes``, or is not text.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DocumentError([Problem(str(path), None, "", f"can't be read: {cause}")]) from None
    return decode_bounded_text(raw, str(path), max_bytes)


def decode_bounded_text(raw: bytes, name: str, max_bytes: int) -> str:
    """Return bytes as text in UTF-8, or in the encoding that their byte order mark names.

    Raises:
        DocumentError: the bytes are more than ``max_bytes``, or no text; the error names the source ``name``.
    """
    if len(raw) > max_bytes:
        message = f"is larger than {max_bytes / 1e6:g} MB"
        raise DocumentError([Problem(name, None, "", message)])
    encoding = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise DocumentError([Problem(name, None, "", "is not UTF-8 text")]) from None
    if "\0" in text:
        raise DocumentError([Problem(name, None, "", "is not UTF-8 text: it contains null bytes")])
    return text


def parse_json(text: str, name: str) -> Any:
    """Return a JSON text as plain data.

    Raises:
        DocumentError: the text is not JSON, nested too deep, or has a number of too many digits.
    """
    line, message = None, ""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, message = error.lineno, f"is not JSON: {error.msg}"
    except ValueError:  # Python's limit of digits
        message = "contains an integer of more than 4,300 digits"
    except RecursionError:
        message = "is nested too deep"
    raise DocumentError([Problem(name, line, "", message)])


def parse_json_or_yaml(text: str, name: str) -> Any:
    """Return a JSON or YAML text as plain data: mappings have text keys; timestamps are text.

    Raises:
        DocumentError: the text is neither, is nested too deep, or expands to too many values.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(text, name)
        except DocumentError as error:
            problem = error.problems[0]
            is_flow_yaml = "is not JSON" in problem.message and len(text) < _MAX_YAML_CHARACTERS // 8
            if not is_flow_yaml:
                raise
    if len(text) > _MAX_YAML_CHARACTERS:
        message = f"is larger than {_MAX_YAML_CHARACTERS / 1e6:g} MB as YAML; convert it to JSON"
        raise DocumentError([Problem(name, None, "", message)])
    return _parse_yaml(text, name)


def _parse_yaml(text: str, name: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _TolerantConstructor
    yaml.allow_duplicate_keys = True
    yaml.max_depth = _MAX_YAML_DEPTH
    try:
        return _ValueReader().convert(yaml.load(text))
    except MaxDepthExceededError:
        message = f"is nested more than {_MAX_YAML_DEPTH} levels deep"
    except YAMLError as error:  # its text names the line
        message = f"is neither JSON nor YAML: {' '.join(str(error).split())[:200]}"
    except RecursionError:
        message = "is nested too deep"
    except (ValueError, OverflowError, AssertionError, LookupError, TypeError) as error:
        message = f"is neither JSON nor YAML: {' '.join(str(error).partition(';')[0].split())[:200]}"
    raise DocumentError([Problem(name, None, "", message)])


class _TolerantConstructor(SafeConstructor):
    """Constructs timestamps as text, and values of unknown tags as if they had none."""

    def construct_plain(self, _suffix: Any, node: Node | None = None) -> Any:
        """Return the value of a node of any tag."""
        node = _suffix if node is None else node
        if isinstance(node, MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, SequenceNode):
            return self.construct_sequence(node, deep=True)
        return node.value if isinstance(node, ScalarNode) else None


for _tag in ("timestamp", "binary"):
    _TolerantConstructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _TolerantConstructor.construct_plain)
_TolerantConstructor.add_constructor(None, _TolerantConstructor.construct_plain)


class _ValueReader:
    """Converts what YAML can express and JSON can't; an aliased value is converted once."""

    def __init__(self) -> None:
        self._converted: dict[int, tuple[Any, int]] = {}

    def convert(self, value: Any) -> Any:
        """Return plain data.

        Raises:
            ValueError: aliases expand to too many values, or a value contains itself.
        """
        return self._convert(value)[0]

    def _convert(self, value: Any) -> tuple[Any, int]:
        """Return plain data and the number of values in it."""
        if not isinstance(value, Mapping | list | set | tuple):
            return value, 1
        if id(value) in self._converted:
            result = self._converted[id(value)]
            if not result[1]:
                raise ValueError("an alias refers to a value that contains it")
            return result
        self._converted[id(value)] = (None, 0)
        if isinstance(value, Mapping):
            members = {_format_key(key): self._convert(item) for key, item in value.items()}
            data: Any = {key: item for key, (item, _) in members.items()}
            number = 1 + sum(size for _, size in members.values())
        else:
            items = [self._convert(item) for item in value]
            data, number = [item for item, _ in items], 1 + sum(size for _, size in items)
        if number > _MAX_VALUES:
            raise ValueError(f"aliases expand to more than {_MAX_VALUES:,} values")
        self._converted[id(value)] = (data, number)
        return data, number


def _format_key(key: Any) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "null" if key is None else str(key)
