"""Generates the simplest example of a JSON Schema, in the dialects of OpenAPI 3.0 and 3.1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from loadtests.convert.references import NoExampleError, resolve_references
from loadtests.convert.scalar_samples import generate_number, generate_text

_MAX_DEPTH = 12
_MAX_VALUES = 5_000
_MAX_UNIQUE_ITEMS = 100
_MAX_PARTS = 500
_CHOICES = ("oneOf", "anyOf")


class _TooLargeError(NoExampleError):
    """An example would have too many values; no other choice is tried."""


def generate_example(document: Mapping[str, Any], schema: Any) -> Any:
    """Return a value that is valid by a schema: its example, default or first choice, or the smallest value.

    Arrays have an item where the schema allows it. Properties that are ``readOnly`` are left out.

    Raises:
        NoExampleError: the schema requires itself, or contains something that is not supported.
    """
    return _Generator(document).generate(schema, ())


def remove_read_only(document: Mapping[str, Any], schema: Any, value: Any, depth: int = 0) -> Any:
    """Return an example without the properties that the schema says are ``readOnly``."""
    try:
        schema = _merge_all_of(document, resolve_references(document, schema))
    except NoExampleError:
        return value
    if depth > _MAX_DEPTH or not isinstance(schema, Mapping):
        return value
    if isinstance(value, list):
        return [remove_read_only(document, schema.get("items"), item, depth + 1) for item in value]
    properties = schema.get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return value
    return {
        name: remove_read_only(document, properties.get(name), item, depth + 1)
        for name, item in value.items()
        if not _is_read_only(document, properties.get(name))
    }


class _Generator:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._count = 0

    def generate(self, schema: Any, references: tuple[str, ...]) -> Any:
        """Return an example; ``references`` lead from the first schema to this one."""
        self._count += 1
        if self._count > _MAX_VALUES:
            raise _TooLargeError(f"the example would have more than {_MAX_VALUES:,} values")
        references = (*references, _read_reference(schema))
        if references[-1] and references[-1] in references[:-1]:
            raise NoExampleError("the schema requires itself")
        if len(references) > _MAX_DEPTH:
            raise NoExampleError(f"the schema is nested more than {_MAX_DEPTH} levels deep")
        schema = resolve_references(self._document, schema)
        if schema is True or schema is None or schema == {}:
            return {}
        if not isinstance(schema, Mapping):
            raise NoExampleError(f"a schema should be a mapping, got {schema!r}"[:200])
        if examples := _list_examples(schema):
            return examples[0]
        schema = _merge_all_of(self._document, schema)
        if examples := _list_examples(schema):
            return examples[0]
        for key in _CHOICES:
            if isinstance(schema.get(key), list) and schema[key]:
                return self._generate_first_choice(schema, key, references)
        return self._generate_typed(schema, references)

    def _generate_first_choice(self, schema: Mapping[str, Any], key: str, references: tuple[str, ...]) -> Any:
        outer = {name: value for name, value in schema.items() if name != key}
        problem = NoExampleError("none of the choices has an example")
        for choice in schema[key]:
            try:
                if set(outer) <= {"discriminator", "description", "title", "nullable"}:
                    value = self.generate(choice, references)
                else:
                    value = self.generate({"allOf": [outer, choice]}, references)
            except _TooLargeError:
                raise
            except NoExampleError as error:
                problem = error
            else:
                return self._set_discriminator(value, schema, choice)
        raise problem

    def _set_discriminator(self, value: Any, schema: Mapping[str, Any], choice: Any) -> Any:
        """Return the value with the property that says which of the choices it is."""
        discriminator, reference = schema.get("discriminator"), _read_reference(choice)
        name = discriminator.get("propertyName") if isinstance(discriminator, Mapping) else None
        if not reference or not isinstance(name, str) or not isinstance(value, Mapping):
            return value
        chosen = _merge_all_of(self._document, resolve_references(self._document, choice))
        described = _read_property(chosen, name)
        if _list_examples(_resolve_or_empty(self._document, described)):
            return value
        mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
        names = mapping.items() if isinstance(mapping, Mapping) else ()
        last = reference.rsplit("/", 1)[-1]
        return {**value, name: next((key for key, target in names if target in (reference, last)), last)}

    def _generate_typed(self, schema: Mapping[str, Any], references: tuple[str, ...]) -> Any:
        match _read_type(schema):
            case "object" | "":
                return self._generate_object(schema, references)
            case "array":
                return self._generate_array(schema, references)
            case "string":
                return generate_text(schema)
            case "integer" | "number" as kind:
                return generate_number(schema, is_integer=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case kind:
                raise NoExampleError(f"the type {kind!r} is not supported")

    def _generate_object(self, schema: Mapping[str, Any], references: tuple[str, ...]) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        additional = schema.get("additionalProperties")
        additional = additional if isinstance(additional, Mapping) else {}
        required = schema.get("required")
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        missing = int(schema.get("minProperties") or 0) - len(names)
        if missing > 0:
            names += [name for name in properties if name not in names][:missing]
            names += [f"key{number}" for number in range(1, min(missing, _MAX_VALUES) + 1)]
            names = names[: int(schema["minProperties"])]
        return {
            name: self.generate(properties.get(name, additional), references)
            for name in dict.fromkeys(names)
            if not _is_read_only(self._document, properties.get(name))
        }

    def _generate_array(self, schema: Mapping[str, Any], references: tuple[str, ...]) -> list[Any]:
        minimum, maximum = int(schema.get("minItems") or 0), schema.get("maxItems")
        prefix = schema.get("prefixItems")
        items = [self.generate(item, references) for item in (prefix if isinstance(prefix, list) else ())]
        item_schema = schema.get("items", {})
        if maximum == 0 or item_schema is False or ("items" not in schema and not minimum):
            return items
        try:
            while len(items) < max(minimum, 1):
                items.append(self.generate(item_schema, references))
        except _TooLargeError:
            raise
        except NoExampleError:
            if minimum:
                raise
        return self._make_unique(items, item_schema) if schema.get("uniqueItems") else items

    def _make_unique(self, items: list[Any], item_schema: Any) -> list[Any]:
        """Return as many items that differ: other values of an enumeration, numbers or texts."""
        schema = _resolve_or_empty(self._document, item_schema)
        candidates = [*_list_examples(schema), *items]
        step = schema.get("multipleOf") or 1
        for number in range(1, min(len(items), _MAX_UNIQUE_ITEMS)):
            if isinstance(items[0], int | float) and not isinstance(items[0], bool):
                candidates.append(items[0] + number * step)
            elif isinstance(items[0], str) and "enum" not in schema and "format" not in schema:
                candidates.append(f"{items[0]}{number}")
        unique = list({json.dumps(item, sort_keys=True, default=str): item for item in candidates}.values())
        if len(unique) < len(items):
            raise NoExampleError(f"no {len(items)} items that differ can be generated")
        return unique[: len(items)]


# --- Reading schemas ----------------------------------------------------------------------------------


def _read_reference(schema: Any) -> str:
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    return reference if isinstance(reference, str) else ""


def _read_type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((name for name in kind if name != "null"), "null"))
    if kind:
        return str(kind)
    for keys, guess in (
        (("properties", "required", "additionalProperties"), "object"),
        (("items", "prefixItems"), "array"),
        (("pattern", "format", "minLength", "maxLength"), "string"),
        (("minimum", "maximum", "multipleOf"), "number"),
    ):
        if any(key in schema for key in keys):
            return guess
    return ""


def _list_examples(schema: Mapping[str, Any]) -> list[Any]:
    """Return the values that the schema itself contains, the best example first."""
    named = [schema[key] for key in ("example", "const", "default") if key in schema]
    listed = [schema[key] for key in ("examples", "enum") if isinstance(schema.get(key), list)]
    values = [*named, *(value for values in listed for value in values)]
    return values if _allows_null(schema) else [value for value in values if value is not None]


def _allows_null(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    is_listed = isinstance(kind, list) and "null" in kind
    is_enumerated = isinstance(schema.get("enum"), list) and None in schema["enum"]
    return bool(is_listed or is_enumerated or kind == "null" or schema.get("nullable") or "const" in schema)


def _read_property(schema: Any, name: str) -> Any:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties.get(name) if isinstance(properties, Mapping) else None


def _resolve_or_empty(document: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    try:
        schema = resolve_references(document, schema)
    except NoExampleError:
        return {}
    return schema if isinstance(schema, Mapping) else {}


def _is_read_only(document: Mapping[str, Any], schema: Any) -> bool:
    return _resolve_or_empty(document, schema).get("readOnly") is True


# --- allOf --------------------------------------------------------------------------------------------


def _merge_all_of(document: Mapping[str, Any], schema: Any) -> Any:
    """Return a schema with the fields of all parts of its ``allOf``.

    The example of one of several parts is no example of the whole.
    """
    return _merge_parts(document, schema, (), count())


def _merge_parts(
    document: Mapping[str, Any], schema: Any, references: tuple[str, ...], parts_so_far: Iterator[int]
) -> Any:
    parts = schema.get("allOf") if isinstance(schema, Mapping) else None
    if not isinstance(parts, list):
        return schema
    merged: dict[str, Any] = {}
    outer = {key: value for key, value in schema.items() if key != "allOf"}
    for part in [outer, *parts] if outer else parts:
        reference = _read_reference(part)
        if reference and reference in references:
            raise NoExampleError("the schema requires itself")
        if next(parts_so_far) > _MAX_PARTS or len(references) > _MAX_DEPTH:
            raise NoExampleError(f"allOf has more than {_MAX_PARTS} parts or {_MAX_DEPTH} levels")
        resolved = resolve_references(document, part)
        resolved = _merge_parts(document, resolved, (*references, reference), parts_so_far)
        if isinstance(resolved, Mapping):
            is_example = part is outer or len(parts) == 1
            _add_part(merged, resolved if is_example else _without_examples(resolved))
    return merged


def _without_examples(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if _read_type(schema) not in {"object", ""}:
        return schema
    return {key: value for key, value in schema.items() if key not in {"example", "examples", "default"}}


def _add_part(merged: dict[str, Any], part: Mapping[str, Any]) -> None:
    for key, value in part.items():
        if key == "properties" and isinstance(value, Mapping):
            merged[key] = {**merged.get(key, {}), **value}
        elif key == "required" and isinstance(value, list):
            merged[key] = [*merged.get(key, ()), *value]
        elif key in _CHOICES and key in merged and isinstance(value, list) and value:
            merged.setdefault("allOf", []).append({key: value})
        else:
            merged.setdefault(key, value)
