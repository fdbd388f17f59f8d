"""The body of an OpenAPI operation, as a profile declares it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from loadtests.convert.parameter_styles import format_scalar
from loadtests.convert.references import NoExampleError, resolve_references
from loadtests.convert.request_text import can_be_declared, choose_boundary, format_multipart
from loadtests.convert.schema_sample import generate_example, remove_read_only

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_SENDABLE = "only JSON, text and forms without files can be sent"


def find_example(document: Mapping[str, Any], holder: Mapping[str, Any]) -> Any:
    """Return an example of a parameter or a body: its own, or one generated from its schema.

    Raises:
        NoExampleError: no example can be generated.
    """
    if holder.get("example") is not None:
        return holder["example"]
    examples = holder.get("examples")
    for node in examples.values() if isinstance(examples, Mapping) else ():
        example = resolve_references(document, node)
        if isinstance(example, Mapping) and "value" in example:
            return example["value"]
    return generate_example(document, holder.get("schema"))


def declare_body(document: Mapping[str, Any], request_body: Any) -> tuple[dict[str, Any], str]:
    """Return the ``json`` or ``body`` of an operation, and its content type (``""`` for none).

    Raises:
        NoExampleError: its content type can't be sent, or no example can be generated.
    """
    described = resolve_references(document, request_body)
    content = described.get("content") if isinstance(described, Mapping) else None
    if not isinstance(content, Mapping) or not content:
        return {}, ""
    problem = NoExampleError(f"its body is {', '.join(map(str, content))}; {_SENDABLE}")
    for is_kind, declare in _KINDS:
        for content_type, media in content.items():
            if not is_kind(str(content_type).partition(";")[0].strip().lower()):
                continue
            try:
                return declare(document, str(content_type), media if isinstance(media, Mapping) else {})
            except NoExampleError as error:
                problem = error
    raise problem


_Declared = tuple[dict[str, Any], str]
_Declare = Callable[[Mapping[str, Any], str, Mapping[str, Any]], _Declared]


def _declare_json(document: Mapping[str, Any], content_type: str, media: Mapping[str, Any]) -> _Declared:
    value = _find_writable_example(document, media)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):  # many documents write an example as its text
            value = json.loads(value)
    try:
        text = json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        raise NoExampleError("its example is not valid JSON") from None
    content_type = "application/json" if "*" in content_type else content_type
    is_declared = value is not None and can_be_declared(value)
    return ({"json": value} if is_declared else {"body": text}), content_type


def _declare_text(document: Mapping[str, Any], content_type: str, media: Mapping[str, Any]) -> _Declared:
    value = find_example(document, media)
    text = value if isinstance(value, str) else format_scalar(value)
    return {"body": text}, "text/plain" if "*" in content_type else content_type


def _declare_form(document: Mapping[str, Any], content_type: str, media: Mapping[str, Any]) -> _Declared:
    return {"body": urlencode(_list_fields(document, media))}, content_type


def _declare_multipart(document: Mapping[str, Any], _type: str, media: Mapping[str, Any]) -> _Declared:
    fields = _list_fields(document, media)
    if not fields:
        raise NoExampleError(f"its body is {_MULTIPART}, without a field whose value is known")
    boundary = choose_boundary("", [value for _, value in fields])
    return {"body": format_multipart(fields, boundary)}, f"{_MULTIPART}; boundary={boundary}"


def _declare_given_text(
    document: Mapping[str, Any], content_type: str, media: Mapping[str, Any]
) -> _Declared:
    """Return a body of another type, such as XML, if the document contains the text of an example."""
    schema = resolve_references(document, media.get("schema"))
    holders = (media, schema if isinstance(schema, Mapping) else {})
    known = [node for node in holders if "example" in node or "examples" in node]
    value = find_example(document, known[0]) if known else None
    if not isinstance(value, str) or "*" in content_type:
        raise NoExampleError(f"its body is {content_type}; {_SENDABLE}")
    return {"body": value}, content_type


def _is_other_kind(kind: str) -> bool:
    is_text = kind.startswith("text/") and kind != "text/xml"
    return (
        not is_text and not kind.endswith("json") and kind not in {_FORM, _MULTIPART, "*/*", "application/*"}
    )


_KINDS: tuple[tuple[Callable[[str], bool], _Declare], ...] = (
    (lambda kind: kind == "application/json", _declare_json),
    (lambda kind: kind.endswith("json") or kind in {"*/*", "application/*"}, _declare_json),
    (lambda kind: kind == _FORM, _declare_form),
    (lambda kind: kind in {"text/plain", "text/*"}, _declare_text),
    (lambda kind: kind == _MULTIPART, _declare_multipart),
    (lambda kind: kind.startswith("text/") and kind != "text/xml", _declare_text),
    (_is_other_kind, _declare_given_text),
)
"""Content types in the order of preference."""


def _find_writable_example(document: Mapping[str, Any], media: Mapping[str, Any]) -> Any:
    return remove_read_only(document, media.get("schema"), find_example(document, media))


def _list_fields(document: Mapping[str, Any], media: Mapping[str, Any]) -> list[tuple[str, str]]:
    value = _find_writable_example(document, media)
    if not isinstance(value, Mapping):
        raise NoExampleError("its form is not an object")
    return [
        (str(name), format_scalar(item))
        for name, items in value.items()
        for item in (items if isinstance(items, list) else [items])
    ]
