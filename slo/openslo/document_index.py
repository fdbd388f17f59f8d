"""The documents of a spec by kind and name, so that each can be looked up from any other."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import pydantic

from slo.documents.yaml_source import Document, Location, Problem, shown, validation_problems
from slo.openslo import kinds
from slo.openslo.kind_base import Model

_NAME = ("metadata", "name")
_ANNOTATIONS = (("metadata", "annotations"), ("spec", "indicator", "metadata", "annotations"))

_Model = TypeVar("_Model", bound=Model)


def at(data: Any, *keys: str) -> Any:
    """What stands at a path of keys, or ``None`` where there is nothing."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def part(kind: type[_Model], data: Any) -> _Model | None:
    """A part of a document, or ``None`` when it has faults (:meth:`Catalogue.validated` names them)."""
    try:
        return kind.model_validate(data)
    except pydantic.ValidationError:
        return None


def sound_part(kind: type[_Model], data: Any) -> tuple[_Model | None, frozenset[str]]:
    """A part of a document without its faulty fields, and their names; ``None`` when nothing is left."""
    try:
        return kind.model_validate(data), frozenset()
    except pydantic.ValidationError as error:
        faulty = frozenset(str(detail["loc"][0]) for detail in error.errors() if detail["loc"])
    if not faulty or not isinstance(data, dict):
        return None, faulty
    return part(kind, {key: value for key, value in data.items() if key not in faulty}), faulty


def source(document: Document) -> str:
    """Where an object was written, as ``file:line``."""
    return f"{document.path}:{document.line(_NAME)}"


class Catalogue:
    """Documents sorted by kind; ``problems`` grows as faults are met."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.types: set[str] = set()
        """Types of data sources that SLIs name without a DataSource."""
        self._documents: dict[str, list[Document]] = {kind: [] for kind in kinds.KINDS}
        self._named: dict[tuple[str, str], Document] = {}

    def add(self, document: Document) -> None:
        """Take in a document under its kind and name."""
        if (fault := _header_fault(document)) is not None:
            self.problems.append(fault)
            return
        kind, name = document.data["kind"], at(document.data, *_NAME)
        self._documents[kind].append(document)
        if isinstance(name, str):
            first = self._named.setdefault((kind, name), document)
            if first is not document:
                self.fault(document, _NAME, f"{kind} {shown(name)} is already defined at {source(first)}")

    def documents(self, kind: str) -> list[Document]:
        """Every document of a kind, in the order of the files."""
        return self._documents[kind]

    def fault(self, document: Document, loc: Location, message: str) -> None:
        """Note a problem with a document."""
        self.problems.append(document.problem(loc, message))

    def validated(self, kind: type[_Model], document: Document) -> _Model | None:
        """The document as its model, or ``None`` with its problems noted."""
        self.problems += _annotation_faults(document)
        try:
            return kind.model_validate(document.data)
        except pydantic.ValidationError as error:
            self.problems += validation_problems(document, error)
            return None

    def named(self, kind: str, name: str, document: Document, loc: Location) -> Document | None:
        """What a reference, written in ``document`` at ``loc``, leads to; ``None`` with a problem noted."""
        found = self._named.get((kind, name))
        if found is None:
            names = [known for of, known in self._named if of == kind]
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"
            self.fault(document, loc, f"no {kind} is called {shown(name)}; {hint}")
        return found


def _header_fault(document: Document) -> Problem | None:
    data = document.data
    if not isinstance(data, dict):
        return document.problem(
            (), f"should be a mapping with apiVersion, kind, metadata and spec, got {shown(data)}"
        )
    version, kind = data.get("apiVersion"), data.get("kind")
    if version != kinds.API_VERSION:
        return document.problem(("apiVersion",), f"should be {kinds.API_VERSION}, got {shown(version)}")
    if not isinstance(kind, str) or kind not in kinds.KINDS:
        return document.problem(("kind",), f"should be one of {', '.join(kinds.KINDS)}, got {shown(kind)}")
    return None


def _annotation_faults(document: Document) -> Iterator[Problem]:
    """Annotations of our own that nothing reads."""
    for place in _ANNOTATIONS:
        annotations = at(document.data, *place)
        for key in annotations if isinstance(annotations, dict) else ():
            if key.startswith("proofload/") and key not in kinds.ANNOTATIONS:
                known = " and ".join(kinds.ANNOTATIONS)
                yield document.problem((*place, key), f"is not a known annotation; known are {known}")
            elif key in kinds.ANNOTATIONS and document.data["kind"] != "Service":
                yield document.problem((*place, key), "belongs on a Service")
