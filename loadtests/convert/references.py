"""References inside an OpenAPI document (``$ref``, RFC 6901 as a URI fragment)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote


class NoExampleError(ValueError):
    """No example can be generated; the message says of what."""


def resolve_references(document: Mapping[str, Any], node: Any) -> Any:
    """Return the node that a node refers to, or the node itself.

    Fields beside ``$ref`` (OpenAPI 3.1) replace those of the node that it refers to.

    Raises:
        NoExampleError: a reference is circular, leads to nothing, or leaves the document.
    """
    seen: list[str] = []
    siblings: dict[str, Any] = {}
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        reference = node["$ref"]
        if not reference.startswith("#/") or reference in seen:
            raise NoExampleError(f"the reference {reference} can't be resolved")
        seen.append(reference)
        siblings = {key: value for key, value in node.items() if key != "$ref"} | siblings
        node = _follow(document, reference)
    return {**node, **siblings} if siblings and isinstance(node, Mapping) else node


def _follow(document: Mapping[str, Any], reference: str) -> Any:
    node: Any = document
    for part in unquote(reference[2:]).split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, Mapping) and key in node:
            node = node[key]
        else:
            raise NoExampleError(f"the reference {reference} leads to nothing")
    return node
