"""Examples made of schemas: what is made is what the schema allows."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.convert.schema_sample import NoExampleError, sample

LIMITS = st.integers(-5, 5)


def numbers(low: int, span: int, kind: str) -> dict[str, Any]:
    return {"type": kind, "minimum": low, "maximum": low + span}


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.builds(numbers, LIMITS, st.integers(0, 9), st.sampled_from(["integer", "number"]))
    | st.builds(lambda low: {"type": "integer", "exclusiveMinimum": low}, LIMITS)
    | st.builds(lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
                st.integers(0, 9), st.integers(0, 9))
    | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1]}, {"const": 3}, {}])
    | st.sampled_from([{"type": ["null", "integer"]}, {"type": "string", "format": "date"}]),
    lambda inner: st.builds(lambda one, n: {"type": "array", "items": one, "minItems": n},
                            inner, st.integers(0, 2))
    | st.builds(lambda parts: {"type": "object", "properties": parts, "required": list(parts)},
                st.dictionaries(st.sampled_from("abc"), inner))
    | st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=2)),
    max_leaves=6,
)  # fmt: skip


@given(SCHEMAS)
def test_what_is_made_fits(schema: dict[str, Any]) -> None:
    jsonschema.validate(sample({}, schema), schema)


def test_parts_of_all_are_joined() -> None:
    document = {
        "parts": {"a": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}}
    }
    schema = {
        "allOf": [
            {"$ref": "#/parts/a"},
            {"properties": {"y": {"type": "string"}}, "required": ["y"]},
        ]
    }
    assert sample(document, schema) == {"x": 1, "y": "text"}


BAD = {
    "a reference that leads nowhere": ({"$ref": "#/a/b"}, "leads nowhere"),
    "a reference out of the document": ({"$ref": "other.yaml#/a"}, "can't be followed"),
    "a reference in a circle": ({"$ref": "#/circle"}, "can't be followed"),
    "a schema that needs itself": ({"$ref": "#/endless"}, "without an end"),
    "a pattern": ({"type": "string", "pattern": "^a$"}, "has no example"),
    "a type of another kind": ({"type": "file"}, "'file' is not understood"),
    "no number in between": ({"type": "integer", "minimum": 3, "maximum": 2}, "no number lies between"),
}
DOCUMENT = {
    "circle": {"$ref": "#/circle"},
    "endless": {"type": "object", "properties": {"a": {"$ref": "#/endless"}}, "required": ["a"]},
}


@pytest.mark.parametrize(("schema", "said"), BAD.values(), ids=BAD)
def test_what_has_no_example_is_told(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(NoExampleError, match=said):
        sample(DOCUMENT, schema)
