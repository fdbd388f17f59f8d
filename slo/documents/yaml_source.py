"""YAML as people write it: plain data that remembers its lines. Imports no other file of ours."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pydantic
from pydantic_core import InitErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_BYTES = 500_000  # room for some five hundred SLOs, parsed in seconds
MAX_DEPTH = 64  # OpenSLO needs about ten levels
MAX_NODES = 100_000  # values of a document, once its aliases are expanded

_SHOWN = 80
_TAG = "tag:yaml.org,2002:"
_TYPED = frozenset(_TAG + name for name in ("int", "float", "bool", "null"))
# Times stay text: the field that holds one knows how it wants it read.
_TEXT = frozenset(_TAG + name for name in ("str", "timestamp"))

Location = Sequence[str | int]


@dataclass(frozen=True)
class Problem:
    """One fault of a file: its 1-based line, the field as its author wrote it, and what is wrong."""

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.field, self.message) if part)


class ProblemsError(ValueError):
    """Everything that is wrong with what the user wrote; its text is one problem a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DocumentError(ProblemsError):
    """A file that could not be read as YAML."""


@dataclass(frozen=True)
class Document:
    """One YAML document as plain dicts, lists and scalars; ``path`` is the file it was read from."""

    data: Any
    path: str
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)

    def line(self, loc: Location) -> int:
        """1-based line of the key or item at ``loc``, or of its nearest parent."""
        place = tuple(loc)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def problem(self, loc: Location, message: str) -> Problem:
        """A problem with the value at ``loc``."""
        return Problem(self.path, self.line(loc), field_name(loc), message)

    def items(self) -> list[Document]:
        """Of a list each item as a document of its own; of anything else the document itself."""
        if not isinstance(self.data, list):
            return [self]
        lines: dict[int, dict[tuple[str | int, ...], int]] = defaultdict(dict)
        for (index, *loc), line in ((place, line) for place, line in self.lines.items() if place):
            lines[int(index)][tuple(loc)] = line
        return [Document(item, self.path, lines[index]) for index, item in enumerate(self.data)]


class StrictModel(pydantic.BaseModel):
    """A model that takes no type for another and names the known fields when it meets an unknown one."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @pydantic.model_validator(mode="wrap")
    @classmethod
    def _name_known_fields(cls, data: Any, handler: pydantic.ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except pydantic.ValidationError as error:
            details = [cls._told(detail) for detail in error.errors(include_url=False)]
            raise pydantic.ValidationError.from_exception_data(error.title, details) from None

    @classmethod
    def unknown(cls, name: str) -> str:
        """Say what is wrong with a field that is not known, and what would be right."""
        known = [info.alias or field for field, info in cls.model_fields.items()]
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return f"is not a known field; {hint}"

    @classmethod
    def _told(cls, detail: ErrorDetails) -> InitErrorDetails:
        kind: Any = detail["type"]
        message: Any = detail["msg"]
        if kind == "extra_forbidden":
            kind, message = "unknown_field", cls.unknown(str(detail["loc"][-1]))
        return InitErrorDetails(
            type=PydanticCustomError(kind, message), loc=detail["loc"], input=detail["input"]
        )


def load_documents(path: Path) -> list[Document]:
    """Every document of a YAML file that is not empty.

    Raises:
        DocumentError: the file can't be read, is not UTF-8 or not YAML, repeats a key, or holds nothing.
    """
    text = _read(path)
    problems: list[Problem] = []
    documents: list[Document] = []
    try:
        for root in _compose(text):
            builder = _Builder(str(path))
            data = builder.build(root, ())
            problems += builder.problems
            documents += [Document(data, str(path), builder.lines)] if data is not None else []
    except YAMLError as error:
        problems.append(_yaml_problem(path, text, error))
    if problems or not documents:
        raise DocumentError(problems or [Problem(str(path), None, "", "holds no YAML document")])
    return documents


def validation_problems(
    document: Document, error: pydantic.ValidationError, prefix: Location = ()
) -> tuple[Problem, ...]:
    """What pydantic found wrong with the part of ``document`` at ``prefix``, in the order of its lines."""
    found = []
    for detail in error.errors(include_url=False):
        loc = _written(document.data, (*prefix, *detail["loc"]), keep_last=detail["type"] == "missing")
        found.append(document.problem(loc, _message(detail)))
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.line or 0))


def field_name(loc: Location) -> str:
    """The dotted path of a location, e.g. ``spec.objectives[0].target``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line."""
    for kind, name in ((Mapping, "a mapping"), (list, "a list"), (type(None), "nothing")):
        if isinstance(value, kind):
            return name
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _unreadable(path: Path, message: str, line: int | None = None) -> DocumentError:
    return DocumentError([Problem(str(path), line, "", message)])


def _read(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for a writer
            raise _unreadable(path, "is a folder" if path.is_dir() else "is not a regular file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, f"can't be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise _unreadable(path, f"is larger than {MAX_BYTES} bytes; split it into several files")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, f"is not UTF-8: byte 0x{raw[error.start]:02x}", line) from error


def _compose(text: str) -> Iterator[Node]:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    try:
        with warnings.catch_warnings():
            # YAML lets an anchor be defined anew; the later one counts.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            yield from yaml.compose_all(text)
    except (ValueError, OverflowError, AssertionError) as error:
        # ruamel lets these through for an escape like "\UFFFFFFFF" and for "%YAML 1.9"
        raise YAMLError("an escape or a %YAML version is out of range") from error


def _yaml_problem(path: Path, text: str, error: YAMLError) -> Problem:
    line, said = None, str(error)
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        said = f"character U+{int(error.character):04X} is not allowed"
    elif isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        said = ", ".join(part for part in (error.context, error.problem) if part)
    if isinstance(error, MaxDepthExceededError):
        said = f"nested more than {MAX_DEPTH} levels deep"
    elif r"'\t'" in said:
        said = "found a tab; indent with spaces"
    return Problem(str(path), line, "", f"is not YAML: {said}")


class _Builder:
    """Turns the node tree of one document into plain data, noting lines and faults."""

    _constructor = YAML(typ="safe", pure=True).constructor

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: Node, loc: tuple[str | int, ...]) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        self._count += 1
        if self._count > MAX_NODES:
            message = f"aliases expand to more than {MAX_NODES} values"
            raise DocumentError([Problem(self.path, self.lines[loc[:1]], field_name(loc[:1]), message)])
        if id(node) in self._open:
            return self._fault(node, loc, "an alias refers to the value that it stands in")
        self._open.add(id(node))
        value = self._value(node, loc)
        self._open.discard(id(node))
        return value

    def _fault(self, node: Node, loc: Location, message: str) -> None:
        self.problems.append(Problem(self.path, node.start_mark.line + 1, field_name(loc), message))

    def _value(self, node: Node, loc: tuple[str | int, ...]) -> Any:
        if isinstance(node, ScalarNode) and node.tag in _TEXT | _TYPED:
            return self._scalar(node, loc)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.build(item, (*loc, index)) for index, item in enumerate(node.value)]
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, loc)
        tag = str(node.tag).replace(_TAG, "!!")
        return self._fault(node, loc, f"tag {tag} is not supported; write plain YAML")

    def _scalar(self, node: ScalarNode, loc: Location) -> Any:
        try:
            node.value.encode()  # an escape can smuggle in half a surrogate pair
            return node.value if node.tag in _TEXT else self._constructor.construct_object(node)
        except (ValueError, LookupError):
            return self._fault(
                node, loc, f"{shown(node.value)} can't be read as {node.tag}".replace(_TAG, "")
            )

    def _mapping(self, node: MappingNode, loc: tuple[str | int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            place = (*loc, str(key.value))
            if key.tag == _TAG + "merge":
                merged |= self._merged(value, place)
            elif not isinstance(key, ScalarNode) or key.tag not in _TEXT:
                self._fault(key, loc, f"key {shown(key.value)} is not text; put it in quotes")
            elif key.value in data:
                self._fault(key, place, f"repeats the key of line {self.lines[place]}")
            else:
                self.lines[place] = key.start_mark.line + 1
                data[key.value] = self.build(value, place)
        return merged | data

    def _merged(self, node: Node, loc: tuple[str | int, ...]) -> dict[str, Any]:
        """What the merge key ``<<`` of YAML 1.1 stands for: of several mappings the first wins."""
        value = self.build(node, loc)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self._fault(node, loc, "takes a mapping or a list of mappings")
            return {}
        self.lines |= {(*loc[:-1], key): self.lines[loc] for source in sources for key in source}
        return {key: item for source in reversed(sources) for key, item in source.items()}


def _written(data: Any, loc: Location, *, keep_last: bool) -> tuple[str | int, ...]:
    """The part of a pydantic location that its author wrote: without the names of union members."""
    kept: list[str | int] = []
    for index, part in enumerate(loc):
        members = dict(enumerate(data)) if isinstance(data, list) else data
        if isinstance(members, dict) and part in members:
            data = members[part]
            kept.append(part)
        elif keep_last and index == len(loc) - 1:
            kept.append(part)
    return tuple(kept)


def _message(detail: ErrorDetails) -> str:
    kind, text = detail["type"], detail["msg"]
    if kind in ("missing", "extra_forbidden"):
        return "is required" if kind == "missing" else "is not a known field"
    if kind in ("value_error", "unknown_field", "too_short", "too_long"):
        return text.removeprefix("Value error, ").replace(" after validation", "")
    if kind == "model_type":
        text = "should be a mapping"
    return f"{text.replace('Input should be', 'should be')}, got {shown(detail['input'])}"
