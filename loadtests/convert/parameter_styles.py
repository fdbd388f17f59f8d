"""Values of OpenAPI parameters as text, in each ``style`` (OpenAPI 3.1, "Style Values", after RFC 6570)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from loadtests.convert.references import NoExampleError

_ALLOWED_RESERVED = ":/?@!$'()*,;"
"""Reserved characters that do not end the value of a query parameter."""
_DEFAULT_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_STYLES = {
    "path": {"simple", "label", "matrix"},
    "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
    "header": {"simple"},
    "cookie": {"form"},
}
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
Pair = tuple[str, Any]


def format_scalar(value: Any) -> str:
    """Return a single value as text: JSON for mappings and lists, nothing for null."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def format_path_value(name: str, value: Any, parameter: Mapping[str, Any]) -> str:
    """Return what replaces ``{name}`` in a path, percent-encoded.

    Raises:
        NoExampleError: the style does not exist for paths, or the value is empty.
    """
    style, explode = _read_style(parameter, "path", name)
    prefix = {"simple": "", "label": ".", "matrix": ";"}[style]
    separator = prefix or ","
    encoded = _encode(name)
    if isinstance(value, Mapping | list) and not value:
        raise NoExampleError(f"its path parameter {name} is empty")
    if isinstance(value, Mapping) and explode:
        return prefix + separator.join(f"{_encode(key)}={_encode(item)}" for key, item in value.items())
    items = [_encode(item) for item in _flatten(value)]
    if style == "matrix":
        return f";{encoded}=" + f";{encoded}=".join(items) if explode else f";{encoded}={','.join(items)}"
    text = prefix + (separator if explode else ",").join(items)
    if not text:
        raise NoExampleError(f"its path parameter {name} is empty")
    return text


def format_query_pairs(name: str, value: Any, parameter: Mapping[str, Any]) -> list[str]:
    """Return ``name=value`` texts of a query parameter, percent-encoded.

    Raises:
        NoExampleError: the style does not exist for queries.
    """
    style, explode = _read_style(parameter, "query", name)
    safe = _ALLOWED_RESERVED if parameter.get("allowReserved") is True else ""
    if style == "deepObject":
        return [f"{_encode(key)}={_encode_query(item, safe)}" for key, item in _list_deep_pairs(name, value)]
    if explode and isinstance(value, Mapping):
        return [f"{_encode(key)}={_encode_query(item, safe)}" for key, item in value.items()]
    items = [_encode_query(item, safe) for item in _flatten(value)]
    if explode and isinstance(value, list):
        return [f"{_encode(name)}={item}" for item in items] or [f"{_encode(name)}="]
    return [f"{_encode(name)}={_DELIMITERS[style].join(items)}"]


def format_header_value(name: str, value: Any, parameter: Mapping[str, Any]) -> str:
    """Return the value of a header; nothing is percent-encoded.

    Raises:
        NoExampleError: the style does not exist for headers.
    """
    _, explode = _read_style(parameter, "header", name)
    if explode and isinstance(value, Mapping):
        return ",".join(f"{key}={format_scalar(item)}" for key, item in value.items())
    return ",".join(format_scalar(item) for item in _flatten(value))


def format_cookie_pairs(name: str, value: Any, parameter: Mapping[str, Any]) -> list[str]:
    """Return ``name=value`` texts of a cookie.

    Raises:
        NoExampleError: the style does not exist for cookies.
    """
    _, explode = _read_style(parameter, "cookie", name)
    if explode and isinstance(value, Mapping):
        return [f"{key}={_encode(item)}" for key, item in value.items()]
    items = [_encode(item) for item in _flatten(value)]
    return [f"{name}={item}" for item in items] if explode else [f"{name}={','.join(items)}"]


def _read_style(parameter: Mapping[str, Any], place: str, name: str) -> tuple[str, bool]:
    style = parameter.get("style") or _DEFAULT_STYLES[place]
    if style not in _STYLES[place]:
        raise NoExampleError(f"its {place} parameter {name}: the style {style!r} is not defined for it")
    explode = parameter.get("explode")
    return style, explode if isinstance(explode, bool) else style == "form"


def _encode(value: Any) -> str:
    return quote(format_scalar(value), safe="")


def _encode_query(value: Any, safe: str) -> str:
    return quote_plus(format_scalar(value), safe=safe)


def _flatten(value: Any) -> Sequence[Any]:
    """Return the texts that a value is written with, where nothing is exploded."""
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    return value if isinstance(value, list) else [value]


def _list_deep_pairs(name: str, value: Any) -> Iterator[Pair]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _list_deep_pairs(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for item in value:
            yield f"{name}[]" if isinstance(item, Mapping | list) else name, item
    else:
        yield name, value
