"""Texts of requests that a profile can declare: targets, headers, JSON and forms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any
from urllib.parse import quote

_TARGET_CHARACTERS = "!#$%&'()*+,/:;=?@[]^{|}~"
"""Characters besides letters, digits, ``-``, ``.`` and ``_`` that clients send in a target as they are."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_MAX_JSON_DEPTH = 30
"""A profile is read up to 64 levels deep."""
_BOUNDARY = "proofload-boundary"


def encode_target(target: str) -> str:
    """Return a path with query in which blanks, control and non-ASCII characters are percent-encoded.

    Escapes that it contains stay. Bytes that are not UTF-8 (as surrogates, PEP 383) are encoded as they are.

    Raises:
        ValueError: the target contains half of a surrogate pair.
    """
    return quote(target, safe=_TARGET_CHARACTERS, errors="surrogateescape")


def is_header_name(name: str) -> bool:
    """Return whether a header can have this name (a token of RFC 9110, 5.6.2)."""
    return bool(_HEADER_NAME.fullmatch(name))


def is_header_value(value: str) -> bool:
    """Return whether a header can have this value: text in Latin-1 without control characters."""
    return bool(_HEADER_VALUE.fullmatch(value))


def set_header(headers: dict[str, str], name: str, value: str) -> None:
    """Set a header, in place of one whose name differs only in case."""
    remove_header(headers, name)
    headers[name] = value


def remove_header(headers: dict[str, str], name: str) -> None:
    """Remove the header of this name, in any case."""
    for other in [other for other in headers if other.lower() == name.lower()]:
        del headers[other]


def find_header(headers: Mapping[str, str], name: str) -> str:
    """Return the value of the header of this name, in any case; ``""`` if there is none."""
    return next((value for other, value in headers.items() if other.lower() == name.lower()), "")


def add_header_line(headers: dict[str, str], name: str, value: str) -> None:
    """Add a line of a header; lines of the same name become one list (RFC 9110, 5.3)."""
    same = next((other for other in headers if other.lower() == name.lower()), None)
    if same is None:
        headers[name] = value
    else:
        headers[same] += ("; " if name.lower() == "cookie" else ", ") + value


def can_be_declared(value: Any, depth: int = 0) -> bool:
    """Return whether a profile can contain a JSON value as it is: finite, and not nested too deep."""
    if depth > _MAX_JSON_DEPTH:
        return False
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and can_be_declared(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return all(can_be_declared(item, depth + 1) for item in value)
    return not isinstance(value, float) or isfinite(value)


def declare_json_text(text: str) -> dict[str, Any]:
    """Return a JSON text as ``json`` of a request, or as ``body`` where that would change it."""
    try:
        value = json.loads(text, object_pairs_hook=_build_object)
    except (ValueError, RecursionError):
        return {"body": text}
    return {"json": value} if value is not None and can_be_declared(value) else {"body": text}


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key occurs twice")
    return data


def format_multipart(fields: Iterable[tuple[str, str]], boundary: str) -> str:
    """Return a form as ``multipart/form-data`` (RFC 7578)."""
    parts = (
        f"--{boundary}\r\nContent-Disposition: form-data; "
        f'name="{name.translate(_PART_NAME_ESCAPES)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    return "".join(parts) + f"--{boundary}--\r\n"


_PART_NAME_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def choose_boundary(content_type: str, values: Sequence[str]) -> str:
    """Return the boundary that a content type names, or one that occurs in none of the values."""
    named = re.search(r'boundary="?([^";,\s]+)', content_type)
    boundary = named[1] if named else _BOUNDARY
    while any(boundary in value for value in values):
        boundary += "-"
    return boundary
