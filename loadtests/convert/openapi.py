"""Requests from OpenAPI 3.0 and 3.1 documents: one for each operation whose values are known."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadtests.convert.openapi_body import declare_body, find_example
from loadtests.convert.parameter_styles import (
    format_cookie_pairs,
    format_header_value,
    format_path_value,
    format_query_pairs,
)
from loadtests.convert.references import NoExampleError, resolve_references
from loadtests.convert.request_text import (
    add_header_line,
    encode_target,
    is_header_name,
    is_header_value,
    set_header,
)
from loadtests.convert.server_urls import choose_server

DEFAULT_METHODS = ("GET", "HEAD", "POST")
"""Methods whose operations are converted by default."""
ALL_METHODS = (*DEFAULT_METHODS, "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods whose operations are converted with ``--all-methods``."""
_UNSENDABLE_METHODS = ("TRACE", "QUERY")
_PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}
"""Header parameters that OpenAPI ignores: other fields describe them."""
_INVALID = "its description is not valid OpenAPI"


class NotOpenApiError(ValueError):
    """The document is not OpenAPI 3; the message says why."""


@dataclass
class ApiOperations:
    """The requests of a document, and the reason for each operation (``METHOD /path``) that was skipped."""

    title: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    origins: Counter[str] = field(default_factory=Counter)
    """Servers that the document names for these requests, e.g. ``https://api.example.com``."""


def read_operations(
    document: Any, *, methods: tuple[str, ...], name_pattern: re.Pattern[str] | None, document_url: str = ""
) -> ApiOperations:
    """Return the requests of the operations whose ``METHOD /path`` contains the pattern.

    The URLs of servers are relative to ``document_url``.

    Raises:
        NotOpenApiError: the document is not OpenAPI 3.
    """
    _check_version(document)
    info = document.get("info")
    title = info.get("title") if isinstance(info, Mapping) else None
    operations = ApiOperations(title if isinstance(title, str) and title.strip() else "api")
    for path, node in document["paths"].items():
        if not str(path).startswith("x-"):  # an extension
            _read_path_item(
                _Reader(document, document_url), operations, str(path), node, methods, name_pattern
            )
    return operations


def _check_version(document: Any) -> None:
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str | float) or not str(version).startswith("3."):
        swagger_version = document.get("swagger") if isinstance(document, Mapping) else None
        raise NotOpenApiError(
            f"is Swagger {swagger_version}; convert it to OpenAPI 3"
            if swagger_version
            else "has no openapi: 3.x, so it is not OpenAPI 3"
        )
    if not isinstance(document.get("paths"), Mapping):
        raise NotOpenApiError("has no paths")


def _read_path_item(
    reader: _Reader,
    operations: ApiOperations,
    path: str,
    node: Any,
    methods: tuple[str, ...],
    name_pattern: re.Pattern[str] | None,
) -> None:
    try:
        item = resolve_references(reader.document, node)
    except NoExampleError as error:
        operations.skipped[path] = str(error)
        return
    if not isinstance(item, Mapping):
        operations.skipped[path] = _INVALID
        return
    for method in (*ALL_METHODS, *_UNSENDABLE_METHODS):
        name = f"{method} {path}"
        if method.lower() not in item or (name_pattern and not name_pattern.search(name)):
            continue
        if reason := _find_skip_reason(method, methods):
            operations.skipped[name] = reason
            continue
        try:
            origin, request = reader.declare_request(method, path, item)
        except NoExampleError as error:
            operations.skipped[name] = str(error)
        except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, RecursionError):
            operations.skipped[name] = _INVALID  # for example, a list instead of a mapping
        else:
            operations.requests.append(request)
            operations.origins[origin] += bool(origin)


def _find_skip_reason(method: str, methods: tuple[str, ...]) -> str | None:
    if method in _UNSENDABLE_METHODS:
        return f"{method} can't be sent"
    return None if method in methods else "may change or destroy data (--all-methods includes it)"


class _Reader:
    """Converts the operations of one document."""

    def __init__(self, document: Mapping[str, Any], document_url: str) -> None:
        self.document = document
        self._document_url = document_url

    def declare_request(self, method: str, path: str, item: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the origin of the server of an operation, and the request."""
        operation = resolve_references(self.document, item[method.lower()])
        if not isinstance(operation, Mapping):
            raise NoExampleError(_INVALID)
        if not path.startswith("/"):
            raise NoExampleError("its path does not begin with a slash")
        origin, base_path = choose_server(self._document_url, operation, item, self.document)
        values = _ParameterValues(path, dict(self._choose_values(item, operation)))
        body, content_type = declare_body(self.document, operation.get("requestBody"))
        headers = values.format_headers()
        if content_type and (content_type != "application/json" or "json" not in body):
            set_header(headers, "Content-Type", content_type)
        request: dict[str, Any] = {"name": f"{method} {path}", "method": method}
        request["path"] = encode_target(base_path + values.format_target())
        request |= ({"headers": headers} if headers else {}) | body
        return origin, request | _declare_expectation(operation.get("responses"))

    def _choose_values(
        self, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> Iterator[tuple[tuple[str, str], tuple[Any, Mapping[str, Any]]]]:
        """Yield place and name of each required parameter, with its value and its description.

        Parameters of the operation replace those of the path.
        """
        parameters: dict[tuple[str, str], Mapping[str, Any]] = {}
        for holder in (item, operation):
            nodes = holder.get("parameters")
            for node in nodes if isinstance(nodes, list) else ():
                parameter = resolve_references(self.document, node)
                if isinstance(parameter, Mapping) and parameter.get("name") is not None:
                    parameters[str(parameter.get("in")), str(parameter["name"])] = parameter
        for (place, name), parameter in parameters.items():
            is_required = place == "path" or parameter.get("required") is True
            if not is_required or place not in {"path", "query", "header", "cookie"}:
                continue
            try:
                yield (place, name), self._find_value(parameter)
            except NoExampleError as error:
                raise NoExampleError(f"its {place} parameter {name}: {error}") from None

    def _find_value(self, parameter: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        content = parameter.get("content")
        if isinstance(content, Mapping) and content:
            content_type, media = next(iter(content.items()))
            value = find_example(self.document, media if isinstance(media, Mapping) else {})
            is_text = isinstance(value, str) and "json" not in str(content_type)
            # A text that is no JSON value: written by "content", never by "style".
            return (value if is_text else json.dumps(value, separators=(",", ":"))), {}
        value = find_example(self.document, parameter)
        schema = resolve_references(self.document, parameter.get("schema"))
        has_type = isinstance(schema, Mapping) and bool(schema)
        return ("text" if value == {} and not has_type else value), parameter


@dataclass
class _ParameterValues:
    """Values of the parameters of a request, by place and name, with their descriptions."""

    path: str
    values: Mapping[tuple[str, str], tuple[Any, Mapping[str, Any]]]

    def format_target(self) -> str:
        """Return the path and query, without a fragment."""
        path, _, query = self.path.partition("#")[0].partition("?")
        filled = _PATH_PARAMETER.sub(self._format_path_parameter, path)
        pairs = [query] if query else []
        for name, value, parameter in self._list_values("query"):
            pairs += format_query_pairs(name, value, parameter)
        return filled + (f"?{'&'.join(pairs)}" if pairs else "")

    def format_headers(self) -> dict[str, str]:
        """Return the headers, with the cookies."""
        headers: dict[str, str] = {}
        for name, value, parameter in self._list_values("header"):
            if name.lower() not in _IGNORED_HEADERS:
                set_header(headers, name, format_header_value(name, value, parameter))
        for name, value, parameter in self._list_values("cookie"):
            for pair in format_cookie_pairs(name, value, parameter):
                add_header_line(headers, "Cookie", pair)
        for name, value in headers.items():
            if not is_header_name(name) or not is_header_value(value):
                raise NoExampleError(f"its header parameter {name} can't be sent as a header")
        return headers

    def _list_values(self, wanted: str) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
        for (place, name), (value, parameter) in self.values.items():
            if place == wanted:
                yield name, value, parameter

    def _format_path_parameter(self, match: re.Match[str]) -> str:
        if ("path", match[1]) not in self.values:
            raise NoExampleError(f"its path parameter {match[1]} is not described")
        value, parameter = self.values["path", match[1]]
        return format_path_value(match[1], value, parameter)


def _declare_expectation(responses: Any) -> dict[str, Any]:
    codes = map(str, responses) if isinstance(responses, Mapping) else ()
    good_statuses = sorted(int(code) for code in codes if re.fullmatch(r"2\d\d", code))
    return {"expect": {"status": good_statuses[0]}} if good_statuses else {}
