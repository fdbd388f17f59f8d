"""OpenSLO v1 as text, made from drafts: valid names, one document an SLO, what was left out as comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from slo.documents.yaml_source import Problem
from slo.importers.import_context import Draft
from slo.openslo.fields import Key
from slo.openslo.kinds import API_VERSION

_NAME_LENGTH = 63  # RFC 1123, as OpenSLO asks
_KEY = TypeAdapter(Key)
_WIDTH = 10_000  # queries stay on their lines


def dns_name(text: str) -> str:
    """A name as RFC 1123 has it: lower case, ``-`` for what is neither letter nor digit; may be empty."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain[:_NAME_LENGTH].rstrip("-")


def finished(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts with names and keys that OpenSLO takes, each name once; changes are noted."""
    taken: set[str] = set()
    return [_keyed(_named(draft, taken)) for draft in drafts]


def openslo_text(drafts: Iterable[Draft], made_from: str, notes: Iterable[Problem] = ()) -> str:
    """The drafts as one YAML file, under a comment that says what it was made from, and ``notes``."""
    parts = [f"# OpenSLO v1, made by proofload import from {_line(made_from)}\n", _comments(notes)]
    parts += ["---\n" + _comments(draft.notes) + _yaml(_document(draft)) for draft in drafts]
    return "".join(parts)


def _comments(notes: Iterable[Problem]) -> str:
    return "".join(f"# {_line(f'{note.field}: {note.message}')}\n" for note in notes)


def _named(draft: Draft, taken: set[str]) -> Draft:
    name = base = dns_name(draft.name) or "slo"
    for number in range(2, len(taken) + 3):
        if name not in taken:
            break
        suffix = f"-{number}"
        name = base[: _NAME_LENGTH - len(suffix)].rstrip("-") + suffix
    taken.add(name)
    service = dns_name(draft.service) or "service"
    shown = draft.display_name or (draft.name if name != draft.name else "")
    notes = list(draft.notes)
    for kind, old, new in (("name", draft.name, name), ("service", draft.service, service)):
        if old != new:
            notes.append(_renamed(kind, old, new))
    return replace(draft, name=name, service=service, display_name=shown, notes=tuple(notes))


def _renamed(kind: str, old: str, new: str) -> Problem:
    return Problem("", None, kind, f"{old!r} is written as {new}, a name that OpenSLO takes")


def _keyed(draft: Draft) -> Draft:
    """Labels and annotations whose keys OpenSLO takes."""
    notes = list(draft.notes)
    kept: dict[str, dict[str, str]] = {}
    for kind, given in (("labels", draft.labels), ("annotations", draft.annotations)):
        kept[kind] = {key: value for key, value in given.items() if _is_key(key)}
        notes += [
            Problem("", None, kind, f"{key!r} is left out: OpenSLO takes no such key")
            for key in given
            if key not in kept[kind]
        ]
    return replace(draft, labels=kept["labels"], annotations=kept["annotations"], notes=tuple(notes))


def _is_key(text: str) -> bool:
    try:
        _KEY.validate_python(text)
    except ValidationError:
        return False
    return not text.startswith("proofload/")


def _document(draft: Draft) -> dict[str, Any]:
    metadata = {
        "name": draft.name,
        "displayName": draft.display_name,
        "labels": dict(draft.labels),
        "annotations": dict(draft.annotations),
    }
    spec = {
        "description": draft.description,
        "service": draft.service,
        "indicator": {"metadata": {"name": draft.name}, "spec": draft.indicator},
        "timeWindow": [{"duration": draft.window, "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [draft.objective],
    }
    given = {key: value for key, value in metadata.items() if value}
    described = {key: value for key, value in spec.items() if value}
    return {"apiVersion": API_VERSION, "kind": "SLO", "metadata": given, "spec": described}


def _line(text: str) -> str:
    """A text as a comment holds it: on one line, nothing that YAML forbids."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))


def _yaml(data: Mapping[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # apiVersion comes first
    yaml.allow_unicode = False  # unescaped, U+0085 would be read back as a space
    yaml.width = _WIDTH
    yaml.representer.ignore_aliases = lambda _: True
    text = StringIO()
    yaml.dump(dict(data), text)
    return text.getvalue()
