"""Index of a spec's documents by kind and name, with the problems found in them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import pydantic

from slo.documents import Document, Location, Problem, format_value, list_validation_problems
from slo.openslo import kinds
from slo.openslo.fields import CamelCaseModel

_NAME_PATH = ("metadata", "name")
_ANNOTATION_PATHS = (("metadata", "annotations"), ("spec", "indicator", "metadata", "annotations"))

_Model = TypeVar("_Model", bound=CamelCaseModel)


def get_nested(data: Any, *keys: str) -> Any:
    """Return the value at a path of keys, or ``None`` if there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def parse_part(kind: type[_Model], data: Any) -> _Model | None:
    """Return a part of a document as its model, or ``None`` if it is invalid.

    :meth:`DocumentIndex.validate` of the whole document adds the problems.
    """
    try:
        return kind.model_validate(data)
    except pydantic.ValidationError:
        return None


def parse_valid_fields(kind: type[_Model], data: Any) -> tuple[_Model | None, frozenset[str]]:
    """Return the model of a part's valid fields (``None`` if they don't suffice) and the invalid fields."""
    try:
        return kind.model_validate(data), frozenset()
    except pydantic.ValidationError as error:
        invalid = frozenset(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
    if not invalid or not isinstance(data, dict):
        return None, invalid
    return parse_part(kind, {key: value for key, value in data.items() if key not in invalid}), invalid


def format_source(document: Document) -> str:
    """Return the place of a document's name, as ``file:line``."""
    return f"{document.path}:{document.find_line(_NAME_PATH)}"


class DocumentIndex:
    """Documents by kind and name; ``problems`` collects the mistakes found in them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.inline_source_types: set[str] = set()
        """Types that SLIs name in ``metricSource.type``, without a DataSource."""
        self._documents: dict[str, list[Document]] = {kind: [] for kind in kinds.KINDS}
        self._by_name: dict[tuple[str, str], Document] = {}

    def add(self, document: Document) -> None:
        """Add a document, or a problem if its header is invalid or its name is taken."""
        if (problem := _find_header_problem(document)) is not None:
            self.problems.append(problem)
            return
        kind, name = document.data["kind"], get_nested(document.data, *_NAME_PATH)
        self._documents[kind].append(document)
        if isinstance(name, str):
            first = self._by_name.setdefault((kind, name), document)
            if first is not document:
                self.add_problem(
                    document,
                    _NAME_PATH,
                    f"{kind} {format_value(name)} is already defined at {format_source(first)}",
                )

    def list_documents(self, kind: str) -> list[Document]:
        """Return the documents of a kind, in the order of the files."""
        return self._documents[kind]

    def add_problem(self, document: Document, loc: Location, message: str) -> None:
        """Add a problem at a place in a document."""
        self.problems.append(document.make_problem(loc, message))

    def validate(self, kind: type[_Model], document: Document) -> _Model | None:
        """Return a document as its model, or ``None`` after adding its problems."""
        self.problems += _find_annotation_problems(document)
        try:
            return kind.model_validate(document.data)
        except pydantic.ValidationError as error:
            self.problems += list_validation_problems(document, error)
            return None

    def resolve_reference(self, kind: str, name: str, document: Document, loc: Location) -> Document | None:
        """Return the document that a name at ``loc`` refers to, or ``None`` after adding a problem."""
        found = self._by_name.get((kind, name))
        if found is None:
            names = [known_name for known_kind, known_name in self._by_name if known_kind == kind]
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"
            self.add_problem(document, loc, f"no {kind} is named {format_value(name)}; {hint}")
        return found


def _find_header_problem(document: Document) -> Problem | None:
    data = document.data
    if not isinstance(data, dict):
        return document.make_problem(
            (), f"should be a mapping with apiVersion, kind, metadata and spec, got {format_value(data)}"
        )
    version, kind = data.get("apiVersion"), data.get("kind")
    if version != kinds.API_VERSION:
        return document.make_problem(
            ("apiVersion",), f"should be {kinds.API_VERSION}, got {format_value(version)}"
        )
    if not isinstance(kind, str) or kind not in kinds.KINDS:
        return document.make_problem(
            ("kind",), f"should be one of {', '.join(kinds.KINDS)}, got {format_value(kind)}"
        )
    return None


def _find_annotation_problems(document: Document) -> Iterator[Problem]:
    """Yield a problem for each ``proofload/`` annotation that is unknown or not on a Service."""
    for place in _ANNOTATION_PATHS:
        annotations = get_nested(document.data, *place)
        for key in annotations if isinstance(annotations, dict) else ():
            if key.startswith("proofload/") and key not in kinds.KNOWN_ANNOTATIONS:
                known = " and ".join(kinds.KNOWN_ANNOTATIONS)
                yield document.make_problem(
                    (*place, key), f"is not a known annotation; known annotations: {known}"
                )
            elif key in kinds.KNOWN_ANNOTATIONS and document.data["kind"] != "Service":
                yield document.make_problem((*place, key), "belongs on a Service")
