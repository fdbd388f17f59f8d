"""Load profiles from OpenAPI 3.0 and 3.1: a request for each operation that one can be made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from loadtests.convert.schema_sample import NoExampleError, resolved, sample

USUAL = ("GET", "HEAD", "POST")
EVERY = (*USUAL, "PUT", "PATCH", "DELETE", "OPTIONS")
_PARAMETER = re.compile(r"\{([^{}]+)\}")


class NotOpenApiError(ValueError):
    """The document is no OpenAPI 3; the text says why."""


@dataclass
class Operations:
    """Requests of a document, and the operations that none can be made of, with the reason."""

    title: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def operations_of(document: Any, *, methods: tuple[str, ...], only: re.Pattern[str] | None) -> Operations:
    """Declare the requests of a document; ``only`` is looked for in ``METHOD /path``.

    Raises:
        NotOpenApiError: it is none of version 3.
    """
    _check(document)
    found = Operations(str((document.get("info") or {}).get("title") or "api"))
    for path, item in document["paths"].items():
        item = _item(document, item)  # noqa: PLW2901 - what it refers to
        for method in EVERY:
            operation = item.get(method.lower())
            name = f"{method} {path}"
            if not isinstance(operation, Mapping) or (only and not only.search(name)):
                continue
            if method not in methods:
                found.left_out[name] = "may change or destroy (--all-methods takes it)"
                continue
            shared = item.get("parameters") or ()
            try:
                found.requests.append(_request(document, method, path, operation, shared))
            except NoExampleError as error:
                found.left_out[name] = str(error)
            except (AttributeError, KeyError, TypeError, ValueError):  # a list for a mapping and the like
                found.left_out[name] = "its description is not in the form of OpenAPI"
    return found


def _item(document: Mapping[str, Any], item: Any) -> Mapping[str, Any]:
    try:
        item = resolved(document, item)
    except NoExampleError:
        return {}
    return item if isinstance(item, Mapping) else {}


def _check(document: Any) -> None:
    version = document.get("openapi") if isinstance(document, Mapping) else None
    if not isinstance(version, str) or not version.startswith("3."):
        said = document.get("swagger") if isinstance(document, Mapping) else None
        raise NotOpenApiError(
            f"is Swagger {said}; convert it to OpenAPI 3"
            if said
            else "has no openapi: 3.x, so it is no OpenAPI 3"
        )
    if not isinstance(document.get("paths"), Mapping):
        raise NotOpenApiError("has no paths")


def _request(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any], shared: Any
) -> dict[str, Any]:
    parameters = {
        (one.get("in"), one.get("name")): one
        for one in (resolved(document, given) for given in (*shared, *(operation.get("parameters") or ())))
    }
    values = dict(_values(document, parameters))
    name = f"{method} {path}"
    path = _PARAMETER.sub(lambda found: _in_path(found[1], values), path)
    query = {name: value for (place, name), value in values.items() if place == "query"}
    headers = {name: _plain(value) for (place, name), value in values.items() if place == "header"}
    request: dict[str, Any] = {"name": name, "method": method}
    request["path"] = path + (f"?{urlencode(query, doseq=True)}" if query else "")
    request |= {"headers": headers} if headers else {}
    request |= _body(document, operation.get("requestBody"))
    return request | _expected(operation.get("responses") or {})


def _values(
    document: Mapping[str, Any], parameters: Mapping[tuple[Any, Any], Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, str], Any]]:
    for (place, name), parameter in parameters.items():
        if not parameter.get("required") or place not in {"path", "query", "header"}:
            continue
        try:
            yield (place, name), _example(document, parameter)
        except NoExampleError as error:
            raise NoExampleError(f"its {place} parameter {name}: {error}") from None


def _example(document: Mapping[str, Any], holder: Mapping[str, Any]) -> Any:
    """Give the example of a parameter or of a body: its own, or one of its schema."""
    if "example" in holder:
        return holder["example"]
    for given in (holder.get("examples") or {}).values():
        value = resolved(document, given)
        if isinstance(value, Mapping) and "value" in value:
            return value["value"]
    return sample(document, holder.get("schema", {}))


def _in_path(name: str, values: Mapping[tuple[str, str], Any]) -> str:
    if ("path", name) not in values:
        raise NoExampleError(f"its path parameter {name} is not described")
    return quote(_plain(values["path", name]), safe="")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(document: Mapping[str, Any], given: Any) -> dict[str, Any]:
    content = (resolved(document, given) or {}).get("content") or {}
    if not content:
        return {}
    for kind, media in content.items():
        if kind.partition(";")[0].endswith("json"):
            headers = {} if kind == "application/json" else {"headers": {"Content-Type": kind}}
            return {"json": _example(document, media), **headers}
    for kind, media in content.items():
        if kind.startswith("text/"):
            return {"body": str(_example(document, media)), "headers": {"Content-Type": kind}}
    raise NoExampleError(f"its body is {', '.join(content)}; JSON and text can be sent")


def _expected(responses: Mapping[Any, Any]) -> dict[str, Any]:
    good = sorted(int(code) for code in map(str, responses) if re.fullmatch(r"2\d\d", code))
    return {"expect": {"status": good[0]}} if good else {}
