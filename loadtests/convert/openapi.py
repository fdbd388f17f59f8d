"""Requests from OpenAPI 3.0 and 3.1 documents: one for each operation whose values are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from loadtests.convert.schema_sample import NoExampleError, generate_example, resolve_references

DEFAULT_METHODS = ("GET", "HEAD", "POST")
"""Methods whose operations are converted by default."""
ALL_METHODS = (*DEFAULT_METHODS, "PUT", "PATCH", "DELETE", "OPTIONS")
"""Methods whose operations are converted with ``--all-methods``."""
_PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")


class NotOpenApiError(ValueError):
    """The document is not OpenAPI 3; the message says why."""


@dataclass
class ApiOperations:
    """The requests of a document, and the reason for each operation (``METHOD /path``) that was skipped."""

    title: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def read_operations(
    document: Any, *, methods: tuple[str, ...], name_pattern: re.Pattern[str] | None
) -> ApiOperations:
    """Return the requests of the operations whose ``METHOD /path`` contains the pattern.

    Raises:
        NotOpenApiError: the document is not OpenAPI 3.
    """
    _check_version(document)
    operations = ApiOperations(str((document.get("info") or {}).get("title") or "api"))
    for path, item in document["paths"].items():
        path_item = _resolve_path_item(document, item)
        for method in ALL_METHODS:
            operation = path_item.get(method.lower())
            name = f"{method} {path}"
            if not isinstance(operation, Mapping) or (name_pattern and not name_pattern.search(name)):
                continue
            if method not in methods:
                operations.skipped[name] = "may change or destroy data (--all-methods includes it)"
                continue
            shared_parameters = path_item.get("parameters") or ()
            try:
                operations.requests.append(
                    _declare_request(document, method, path, operation, shared_parameters)
                )
            except NoExampleError as error:
                operations.skipped[name] = str(error)
            except (
                AttributeError,
                KeyError,
                TypeError,
                ValueError,
            ):  # for example, a list instead of a mapping
                operations.skipped[name] = "its description is not valid OpenAPI"
    return operations


def _resolve_path_item(document: Mapping[str, Any], item: Any) -> Mapping[str, Any]:
    try:
        item = resolve_references(document, item)
    except NoExampleError:
        return {}
    return item if isinstance(item, Mapping) else {}


def _check_version(document: Any) -> None:
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str) or not version.startswith("3."):
        swagger_version = document.get("swagger") if isinstance(document, Mapping) else None
        raise NotOpenApiError(
            f"is Swagger {swagger_version}; convert it to OpenAPI 3"
            if swagger_version
            else "has no openapi: 3.x, so it is not OpenAPI 3"
        )
    if not isinstance(document.get("paths"), Mapping):
        raise NotOpenApiError("has no paths")


def _declare_request(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any], shared_parameters: Any
) -> dict[str, Any]:
    parameters = {
        (parameter.get("in"), parameter.get("name")): parameter
        for parameter in (
            resolve_references(document, node)
            for node in (*shared_parameters, *(operation.get("parameters") or ()))
        )
    }
    values = dict(_choose_values(document, parameters))
    name = f"{method} {path}"
    path = _PATH_PARAMETER.sub(lambda match: _format_path_value(match[1], values), path)
    query = {name: value for (place, name), value in values.items() if place == "query"}
    headers = {name: _format_value(value) for (place, name), value in values.items() if place == "header"}
    request: dict[str, Any] = {"name": name, "method": method}
    request["path"] = path + (f"?{urlencode(query, doseq=True)}" if query else "")
    request |= {"headers": headers} if headers else {}
    request |= _declare_body(document, operation.get("requestBody"))
    return request | _declare_expectation(operation.get("responses") or {})


def _choose_values(
    document: Mapping[str, Any], parameters: Mapping[tuple[Any, Any], Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, str], Any]]:
    for (place, name), parameter in parameters.items():
        if not parameter.get("required") or place not in {"path", "query", "header"}:
            continue
        try:
            yield (place, name), _find_example(document, parameter)
        except NoExampleError as error:
            raise NoExampleError(f"its {place} parameter {name}: {error}") from None


def _find_example(document: Mapping[str, Any], holder: Mapping[str, Any]) -> Any:
    """Return an example of a parameter or a body: its own, or one generated from its schema."""
    if "example" in holder:
        return holder["example"]
    for node in (holder.get("examples") or {}).values():
        example = resolve_references(document, node)
        if isinstance(example, Mapping) and "value" in example:
            return example["value"]
    return generate_example(document, holder.get("schema", {}))


def _format_path_value(name: str, values: Mapping[tuple[str, str], Any]) -> str:
    if ("path", name) not in values:
        raise NoExampleError(f"its path parameter {name} is not described")
    return quote(_format_value(values["path", name]), safe="")


def _format_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _declare_body(document: Mapping[str, Any], request_body: Any) -> dict[str, Any]:
    content = (resolve_references(document, request_body) or {}).get("content") or {}
    if not content:
        return {}
    for content_type, media in content.items():
        if content_type.partition(";")[0].endswith("json"):
            headers = (
                {} if content_type == "application/json" else {"headers": {"Content-Type": content_type}}
            )
            return {"json": _find_example(document, media), **headers}
    for content_type, media in content.items():
        if content_type.startswith("text/"):
            return {"body": str(_find_example(document, media)), "headers": {"Content-Type": content_type}}
    raise NoExampleError(f"its body is {', '.join(content)}; only JSON and text can be sent")


def _declare_expectation(responses: Mapping[Any, Any]) -> dict[str, Any]:
    good_statuses = sorted(int(code) for code in map(str, responses) if re.fullmatch(r"2\d\d", code))
    return {"expect": {"status": good_statuses[0]}} if good_statuses else {}
