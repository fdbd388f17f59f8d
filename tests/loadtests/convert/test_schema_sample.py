"""Generated examples are valid by their schema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.convert.references import NoExampleError
from loadtests.convert.schema_sample import generate_example

LIMITS = st.integers(-5, 5)


def numbers(low: int, span: int, kind: str) -> dict[str, Any]:
    return {"type": kind, "minimum": low, "maximum": low + span}


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.builds(numbers, LIMITS, st.integers(0, 9), st.sampled_from(["integer", "number"]))
    | st.builds(lambda low: {"type": "integer", "exclusiveMinimum": low}, LIMITS)
    | st.builds(lambda low, span: {"type": "string", "minLength": low, "maxLength": low + span},
                st.integers(0, 9), st.integers(0, 9))
    | st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1]}, {"const": 3}, {}])
    | st.sampled_from([{"type": ["null", "integer"]}, {"type": "string", "format": "date"}]),
    lambda inner: st.builds(lambda items, count: {"type": "array", "items": items, "minItems": count},
                            inner, st.integers(0, 2))
    | st.builds(lambda properties: {"type": "object", "properties": properties, "required": list(properties)},
                st.dictionaries(st.sampled_from("abc"), inner))
    | st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=2)),
    max_leaves=6,
)  # fmt: skip


@given(SCHEMAS)
def test_an_example_is_valid_by_its_schema(schema: dict[str, Any]) -> None:
    jsonschema.validate(generate_example({}, schema), schema)


def test_the_parts_of_all_of_are_merged() -> None:
    document = {
        "parts": {"a": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}}
    }
    schema = {
        "allOf": [
            {"$ref": "#/parts/a"},
            {"properties": {"y": {"type": "string"}}, "required": ["y"]},
        ]
    }
    assert generate_example(document, schema) == {"x": 1, "y": "text"}


WITHOUT_EXAMPLE = {
    "a reference that leads to nothing": ({"$ref": "#/a/b"}, "leads to nothing"),
    "a reference out of the document": ({"$ref": "other.yaml#/a"}, "can't be resolved"),
    "a circular reference": ({"$ref": "#/circle"}, "can't be resolved"),
    "a schema that requires itself": ({"$ref": "#/endless"}, "requires itself"),
    "a pattern": ({"type": "string", "pattern": "^a$"}, "no example of the pattern"),
    "an unknown type": ({"type": "file"}, "'file' is not supported"),
    "a minimum above the maximum": (
        {"type": "integer", "minimum": 3, "maximum": 2},
        "there is no number between",
    ),
}
DOCUMENT = {
    "circle": {"$ref": "#/circle"},
    "endless": {"type": "object", "properties": {"a": {"$ref": "#/endless"}}, "required": ["a"]},
}


@pytest.mark.parametrize(("schema", "message"), WITHOUT_EXAMPLE.values(), ids=WITHOUT_EXAMPLE)
def test_a_schema_without_an_example_is_reported(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(NoExampleError, match=message):
        generate_example(DOCUMENT, schema)


PATTERNS = [
    "^AC[0-9a-fA-F]{32}$",
    "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    r"^\d{3}-\d{2}-\d{4}$",
    r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$",
    r"^arn:aws:iam::\d{12}:role/.+$",
    r"^(?:foo|bar)_[a-z]+$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    r"\S",
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    r"^\+[1-9]\d{1,14}$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_of_a_pattern_matches_it(pattern: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    jsonschema.validate(generate_example({}, schema), schema)


UNUSUAL = [
    "(?=a)b",
    "(",
    "[",
    r"^\p{L}$",
    "(a+)+$" + "b" * 60,
    "^(a|a|a)*$b",
    "^a*a*a*a*a*a*$b",
    "^([a-z]{1,60}){1,60}!$b",
    "^" + "(a?)" * 200 + "$b",
    "^(x|y)(z(w)){2,3}q{9999}$",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", UNUSUAL)
def test_an_unusual_pattern_is_reported_soon(pattern: str) -> None:
    with pytest.raises(NoExampleError, match="pattern"):
        generate_example({}, {"type": "string", "pattern": pattern})
