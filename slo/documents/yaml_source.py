"""Reading YAML files as plain data with the line of each value."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from slo.documents.problems import DocumentError, Location, Problem, format_field_path, format_value

MAX_BYTES = 500_000  # about five hundred SLOs, parsed in seconds
MAX_DEPTH = 64  # OpenSLO needs about ten levels
MAX_NODES = 100_000  # values of a document with its aliases expanded

_TAG_PREFIX = "tag:yaml.org,2002:"
_TYPED_TAGS = frozenset(_TAG_PREFIX + name for name in ("int", "float", "bool", "null"))
# Timestamps stay text: the model of the field parses them.
_TEXT_TAGS = frozenset(_TAG_PREFIX + name for name in ("str", "timestamp"))


@dataclass(frozen=True)
class Document:
    """One YAML document as plain dicts, lists and scalars; ``path`` is its file, ``lines`` count from 1."""

    data: Any
    path: str
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)

    def find_line(self, loc: Location) -> int:
        """Return the line of the key or item at ``loc``, or of its nearest parent that exists."""
        existing = tuple(loc)
        while existing and existing not in self.lines:
            existing = existing[:-1]
        return self.lines[existing]

    def make_problem(self, loc: Location, message: str) -> Problem:
        """Return a problem with the value at ``loc``."""
        return Problem(self.path, self.find_line(loc), format_field_path(loc), message)

    def split_items(self) -> list[Document]:
        """Return each item of a list as its own document; a document that is no list as a list of itself."""
        if not isinstance(self.data, list):
            return [self]
        lines: dict[int, dict[tuple[str | int, ...], int]] = defaultdict(dict)
        for (index, *loc), line in ((loc, line) for loc, line in self.lines.items() if loc):
            lines[int(index)][tuple(loc)] = line
        return [Document(item, self.path, lines[index]) for index, item in enumerate(self.data)]


def load_documents(path: Path) -> list[Document]:
    """Return the documents of a YAML file, without empty ones.

    Raises:
        DocumentError: the file can't be read, is not UTF-8 or not YAML, repeats a key, or has no document.
    """
    text = _read_text(path)
    problems: list[Problem] = []
    documents: list[Document] = []
    try:
        for root in _compose_nodes(text):
            builder = _DocumentBuilder(str(path))
            data = builder.build(root, ())
            problems += builder.problems
            documents += [Document(data, str(path), builder.lines)] if data is not None else []
    except YAMLError as error:
        problems.append(_make_yaml_problem(path, text, error))
    if problems or not documents:
        raise DocumentError(problems or [Problem(str(path), None, "", "contains no YAML document")])
    return documents


def _make_read_error(path: Path, message: str, line: int | None = None) -> DocumentError:
    return DocumentError([Problem(str(path), line, "", message)])


def _read_text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would block
            raise _make_read_error(path, "is a folder" if path.is_dir() else "is not a regular file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _make_read_error(path, f"can't be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise _make_read_error(path, f"is larger than {MAX_BYTES} bytes; split it into several files")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _make_read_error(path, f"is not UTF-8: byte 0x{raw[error.start]:02x}", line) from error


def _compose_nodes(text: str) -> Iterator[Node]:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    try:
        with warnings.catch_warnings():
            # YAML allows to define an anchor again; aliases refer to the latest definition.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            yield from yaml.compose_all(text)
    except (ValueError, OverflowError, AssertionError) as error:
        # ruamel raises these for an escape like "\UFFFFFFFF" and for "%YAML 1.9".
        raise YAMLError("an escape or a %YAML version is out of range") from error


def _make_yaml_problem(path: Path, text: str, error: YAMLError) -> Problem:
    line, message = None, str(error)
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        message = f"character U+{int(error.character):04X} is not allowed"
    elif isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        message = ", ".join(part for part in (error.context, error.problem) if part)
    if isinstance(error, MaxDepthExceededError):
        message = f"nested more than {MAX_DEPTH} levels deep"
    elif r"'\t'" in message:
        message = "found a tab; indent with spaces"
    return Problem(str(path), line, "", f"is not YAML: {message}")


class _DocumentBuilder:
    """Converts the node tree of one document to plain data; collects the lines and the problems."""

    _constructor = YAML(typ="safe", pure=True).constructor

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.problems: list[Problem] = []
        self._open_nodes: set[int] = set()
        self._value_count = 0

    def build(self, node: Node, loc: tuple[str | int, ...]) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        self._value_count += 1
        if self._value_count > MAX_NODES:
            message = f"aliases expand to more than {MAX_NODES} values"
            raise DocumentError(
                [Problem(self.path, self.lines[loc[:1]], format_field_path(loc[:1]), message)]
            )
        if id(node) in self._open_nodes:
            return self._add_problem(node, loc, "the alias refers to a value that contains it")
        self._open_nodes.add(id(node))
        value = self._build_value(node, loc)
        self._open_nodes.discard(id(node))
        return value

    def _add_problem(self, node: Node, loc: Location, message: str) -> None:
        self.problems.append(Problem(self.path, node.start_mark.line + 1, format_field_path(loc), message))

    def _build_value(self, node: Node, loc: tuple[str | int, ...]) -> Any:
        if isinstance(node, ScalarNode) and node.tag in _TEXT_TAGS | _TYPED_TAGS:
            return self._build_scalar(node, loc)
        if isinstance(node, SequenceNode) and node.tag == _TAG_PREFIX + "seq":
            return [self.build(item, (*loc, index)) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and node.tag == _TAG_PREFIX + "map":
            return self._build_mapping(node, loc)
        tag = str(node.tag).replace(_TAG_PREFIX, "!!")
        return self._add_problem(node, loc, f"tag {tag} is not supported; write plain YAML")

    def _build_scalar(self, node: ScalarNode, loc: Location) -> Any:
        try:
            node.value.encode()  # an escape can produce half a surrogate pair
            return node.value if node.tag in _TEXT_TAGS else self._constructor.construct_object(node)
        except (ValueError, LookupError):
            return self._add_problem(
                node, loc, f"{format_value(node.value)} can't be read as {node.tag}".replace(_TAG_PREFIX, "")
            )

    def _build_mapping(self, node: MappingNode, loc: tuple[str | int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            place = (*loc, str(key.value))
            if key.tag == _TAG_PREFIX + "merge":
                merged |= self._build_merged(value, place)
            elif not isinstance(key, ScalarNode) or key.tag not in _TEXT_TAGS:
                self._add_problem(
                    key, loc, f"key {format_value(key.value)} is not a string; put it in quotes"
                )
            elif key.value in data:
                self._add_problem(key, place, f"is already defined in line {self.lines[place]}")
            else:
                self.lines[place] = key.start_mark.line + 1
                data[key.value] = self.build(value, place)
        return merged | data

    def _build_merged(self, node: Node, loc: tuple[str | int, ...]) -> dict[str, Any]:
        """Return the mapping that a merge key ``<<`` (YAML 1.1) adds: the first of several mappings wins."""
        value = self.build(node, loc)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self._add_problem(node, loc, "should be a mapping or a list of mappings")
            return {}
        self.lines |= {(*loc[:-1], key): self.lines[loc] for source in sources for key in source}
        return {key: item for source in reversed(sources) for key, item in source.items()}
