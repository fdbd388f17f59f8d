"""How texts of a request are written as bytes: its target, its headers, and values as JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

_UNQUOTED_CHARACTERS = "%/:?[]@!$&'()*+,;=~"
"""Characters that stay as they are. ``%`` is one of them: a path that is encoded is not encoded again."""


def encode_request_target(text: str) -> str:
    """Return a path with its query as a request target (RFC 9112, 3.2): percent-encoded UTF-8, no fragment.

    Raises:
        UnicodeEncodeError: the text contains half of a surrogate pair.
    """
    return quote(text.partition("#")[0], safe=_UNQUOTED_CHARACTERS)


def find_text_problem(text: str) -> str | None:
    """Return why a text can't be written as UTF-8, or ``None``."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"contains {text[error.start]!a}, half of a surrogate pair, which UTF-8 can't express"
    return None


def find_header_problem(value: str) -> str | None:
    """Return why a text can't be the value of a header (Latin-1 only), or ``None``; the text is not shown."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        character = value[error.start]
        return f"contains {character!a}, which a header can't express (Latin-1 only); percent-encode it"
    return None


def find_json_problem(value: Any) -> str | None:
    """Return why a value can't be written as JSON (RFC 8259), or ``None``."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return f"can't be written as JSON: {error}"
    return None
