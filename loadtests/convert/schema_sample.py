"""Generates the simplest example of a JSON Schema, in the dialects of OpenAPI 3.0 and 3.1."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

_MAX_DEPTH = 12
_FORMAT_EXAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "dGV4dA==",
    "duration": "PT1M",
}


class NoExampleError(ValueError):
    """No example can be generated; the message says of what."""


def resolve_references(document: Mapping[str, Any], node: Any) -> Any:
    """Return the node that a node refers to, or the node itself.

    Raises:
        NoExampleError: a reference is circular, leads to nothing, or leaves the document.
    """
    seen: list[str] = []
    while isinstance(node, Mapping) and "$ref" in node:
        reference = str(node["$ref"])
        if not reference.startswith("#/") or reference in seen:
            raise NoExampleError(f"the reference {reference} can't be resolved")
        seen.append(reference)
        node = document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or key not in node:
                raise NoExampleError(f"the reference {reference} leads to nothing")
            node = node[key]
    return node


def generate_example(document: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """Return a value that is valid by a schema: its example, default or first choice, or the smallest value.

    Raises:
        NoExampleError: the schema requires itself, or contains something that is not supported.
    """
    if depth > _MAX_DEPTH:
        raise NoExampleError(f"the schema requires itself, or is nested more than {_MAX_DEPTH} levels deep")
    schema = resolve_references(document, schema)
    if schema is True or schema == {}:
        return {}
    if not isinstance(schema, Mapping):
        raise NoExampleError(f"a schema should be a mapping, got {schema!r}")
    if examples := _list_examples(schema):
        return examples[0]
    if "allOf" in schema:
        return _generate_all_of(document, schema, depth)
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return _generate_first_choice(document, schema[key], depth)
    return _generate_typed(document, schema, depth)


def _list_examples(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values that the schema itself contains, the best example first."""
    named = [schema[key] for key in ("example", "const", "default") if key in schema]
    listed = [schema[key] for key in ("examples", "enum") if isinstance(schema.get(key), list)]
    return [*named, *(value for values in listed for value in values)]


def _generate_first_choice(document: Mapping[str, Any], choices: list[Any], depth: int) -> Any:
    problem = NoExampleError("none of the choices has an example")
    for choice in choices:
        try:
            return generate_example(document, choice, depth + 1)
        except NoExampleError as error:
            problem = error
    raise problem


def _generate_all_of(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    parts = [resolve_references(document, part) for part in schema["allOf"]]
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                merged["properties"] = {**merged.get("properties", {}), **value}
            elif key == "required":
                merged["required"] = [*merged.get("required", ()), *value]
            else:
                merged.setdefault(key, value)
    return generate_example(document, merged, depth + 1)


def _generate_typed(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type") or (
        "object" if "properties" in schema else "array" if "items" in schema else ""
    )
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    match kind:
        case "object" | "":
            properties = schema.get("properties", {})
            required = schema.get("required", ())
            return {
                name: generate_example(document, properties.get(name, {}), depth + 1) for name in required
            }
        case "array":
            count = int(schema.get("minItems", 0))
            items = [generate_example(document, item, depth + 1) for item in schema.get("prefixItems", ())]
            missing = max(count - len(items), 0)
            return items + [
                generate_example(document, schema.get("items", {}), depth + 1) for _ in range(missing)
            ]
        case "string":
            return _generate_text(schema)
        case "integer" | "number":
            return _generate_number(schema, is_integer=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
    raise NoExampleError(f"the type {kind!r} is not supported")


def _generate_text(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        raise NoExampleError(f"no example of the pattern {schema['pattern']!r} can be generated")
    text = _FORMAT_EXAMPLES.get(str(schema.get("format", "")), "text")
    min_length, max_length = int(schema.get("minLength", 0)), schema.get("maxLength")
    text = text.ljust(min_length, "x")
    return text if max_length is None else text[: int(max_length)]


def _generate_number(schema: Mapping[str, Any], *, is_integer: bool) -> float:
    """Return the smallest number that the schema allows and that is at least 1, if it allows one."""
    step = schema.get("multipleOf") or (1 if is_integer else 0)
    low, high = _read_bound(schema, "minimum", 1), _read_bound(schema, "maximum", -1)
    value = 1.0 if low is None else max(low, 1.0) if high is None or high >= 1 else low
    if high is not None and value > high:
        value = high
    if step:
        value = ceil(value / step) * step
        if high is not None and value > high:
            value = floor(high / step) * step
    if (low is not None and value < low) or (high is not None and value > high):
        raise NoExampleError(f"there is no number between {low:g} and {high:g}")
    return int(value) if is_integer or value == int(value) else value


def _read_bound(schema: Mapping[str, Any], name: str, exclusive_step: int) -> float | None:
    """Return the bound of a number; an exclusive bound is moved by one step (3.0: a flag, 3.1: a number)."""
    exclusive = schema.get(f"exclusive{name.capitalize()}")
    bound = schema.get(name)
    if isinstance(exclusive, bool):
        return None if bound is None else float(bound) + (exclusive_step if exclusive else 0)
    bounds = [] if bound is None else [float(bound)]
    if exclusive is not None:
        bounds.append(float(exclusive) + exclusive_step)
    return None if not bounds else (max(bounds) if exclusive_step > 0 else min(bounds))
