"""An example of what a JSON Schema (as OpenAPI 3.0 and 3.1 use it) describes: the plainest that fits."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import Any

_DEEPEST = 12
_TEXTS = {
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
    """No example can be made; the text says of what."""


def resolved(document: Mapping[str, Any], node: Any) -> Any:
    """Follow the references of a node within its document.

    Raises:
        NoExampleError: a reference leads nowhere, in a circle, or out of the document.
    """
    seen: list[str] = []
    while isinstance(node, Mapping) and "$ref" in node:
        reference = str(node["$ref"])
        if not reference.startswith("#/") or reference in seen:
            raise NoExampleError(f"the reference {reference} can't be followed")
        seen.append(reference)
        node = document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or key not in node:
                raise NoExampleError(f"the reference {reference} leads nowhere")
            node = node[key]
    return node


def sample(document: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """Give a value that a schema allows: its example, default or first choice, else the least that fits.

    Raises:
        NoExampleError: the schema asks for what has no end, or for what is not understood.
    """
    if depth > _DEEPEST:
        raise NoExampleError("the schema holds itself without an end")
    schema = resolved(document, schema)
    if schema is True or schema == {}:
        return {}
    if not isinstance(schema, Mapping):
        raise NoExampleError(f"a schema is {schema!r}")
    if given := _given(schema):
        return given[0]
    if "allOf" in schema:
        return _merged(document, schema, depth)
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return _first(document, schema[key], depth)
    return _of_type(document, schema, depth)


def _given(schema: Mapping[str, Any]) -> list[Any]:
    """List the values that a schema names itself, the best example first."""
    named = [schema[key] for key in ("example", "const", "default") if key in schema]
    listed = [schema[key] for key in ("examples", "enum") if isinstance(schema.get(key), list)]
    return [*named, *(value for values in listed for value in values)]


def _first(document: Mapping[str, Any], choices: list[Any], depth: int) -> Any:
    problem = NoExampleError("none of the choices has an example")
    for choice in choices:
        try:
            return sample(document, choice, depth + 1)
        except NoExampleError as error:
            problem = error
    raise problem


def _merged(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    parts = [resolved(document, part) for part in schema["allOf"]]
    whole: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                whole["properties"] = {**whole.get("properties", {}), **value}
            elif key == "required":
                whole["required"] = [*whole.get("required", ()), *value]
            else:
                whole.setdefault(key, value)
    return sample(document, whole, depth + 1)


def _of_type(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type") or (
        "object" if "properties" in schema else "array" if "items" in schema else ""
    )
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match kind:
        case "object" | "":
            properties = schema.get("properties", {})
            wanted = schema.get("required", ())
            return {name: sample(document, properties.get(name, {}), depth + 1) for name in wanted}
        case "array":
            count = int(schema.get("minItems", 0))
            items = [sample(document, one, depth + 1) for one in schema.get("prefixItems", ())]
            more = max(count - len(items), 0)
            return items + [sample(document, schema.get("items", {}), depth + 1) for _ in range(more)]
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema, whole=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
    raise NoExampleError(f"the type {kind!r} is not understood")


def _text(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        raise NoExampleError(f"text of the pattern {schema['pattern']!r} has no example")
    text = _TEXTS.get(str(schema.get("format", "")), "text")
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    text = text.ljust(least, "x")
    return text if most is None else text[: int(most)]


def _number(schema: Mapping[str, Any], *, whole: bool) -> float:
    """Give the least number of a schema that is not below 1, if it goes that far."""
    step = schema.get("multipleOf") or (1 if whole else 0)
    low, high = _bound(schema, "minimum", 1), _bound(schema, "maximum", -1)
    value = 1.0 if low is None else max(low, 1.0) if high is None or high >= 1 else low
    if high is not None and value > high:
        value = high
    if step:
        value = ceil(value / step) * step
        if high is not None and value > high:
            value = floor(high / step) * step
    if (low is not None and value < low) or (high is not None and value > high):
        raise NoExampleError(f"no number lies between {low:g} and {high:g}")
    return int(value) if whole or value == int(value) else value


def _bound(schema: Mapping[str, Any], name: str, inward: int) -> float | None:
    """Give the bound of a number; an exclusive one a whole step further in (3.0: a flag, 3.1: a number)."""
    exclusive = schema.get(f"exclusive{name.capitalize()}")
    bound = schema.get(name)
    if isinstance(exclusive, bool):
        return None if bound is None else float(bound) + (inward if exclusive else 0)
    bounds = [float(one) for one in (bound,) if one is not None]
    if exclusive is not None:
        bounds.append(float(exclusive) + inward)
    return None if not bounds else (max(bounds) if inward > 0 else min(bounds))
