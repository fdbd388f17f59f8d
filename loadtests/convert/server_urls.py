"""Which server an OpenAPI operation is sent to, and the path that all its requests begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from loadtests.convert.references import NoExampleError
from loadtests.convert.request_text import encode_target

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def choose_server(document_url: str, *holders: Mapping[str, Any]) -> tuple[str, str]:
    """Return origin (``""`` if it is relative) and base path of the first HTTP server.

    ``holders`` are the objects that can have ``servers``, the most specific first. A relative URL is relative
    to ``document_url``. Without servers, the base path is empty.

    Raises:
        NoExampleError: no server has an HTTP URL whose variables have values.
    """
    servers = next((found for found in map(_list_servers, holders) if found), None)
    if servers is None:
        return "", ""
    problem = NoExampleError("no server has an HTTP URL")
    for server in servers:
        try:
            return _split_server_url(urljoin(document_url or "/", _fill_variables(server)))
        except NoExampleError as error:
            problem = error
    raise problem


def _list_servers(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    servers = holder.get("servers")
    return [
        server
        for server in (servers if isinstance(servers, list) else ())
        if isinstance(server, Mapping) and isinstance(server.get("url"), str)
    ]


def _fill_variables(server: Mapping[str, Any]) -> str:
    """Return the URL of a server with the default of each variable, or its first value."""
    variables = server.get("variables")

    def find_value(match: re.Match[str]) -> str:
        variable = variables.get(match[1]) if isinstance(variables, Mapping) else None
        variable = variable if isinstance(variable, Mapping) else {}
        values = variable.get("enum")
        candidates = [variable.get("default"), *(values if isinstance(values, list) else ())]
        value = next((item for item in candidates if isinstance(item, str | int | float)), None)
        if value is None:
            raise NoExampleError(f"the variable {match[1]} of the server {server['url']} has no default")
        return str(value)

    return _VARIABLE.sub(find_value, server["url"])


def _split_server_url(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url.strip())
        is_http = parts.scheme in {"", "http", "https"}
        path = encode_target(parts.path.rstrip("/"))
    except ValueError:
        raise NoExampleError(f"the server URL {url} is not valid") from None
    if not is_http:
        raise NoExampleError(f"the server {url} is not an HTTP server")
    origin = f"{parts.scheme or 'https'}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return origin, path if path.startswith("/") or not path else f"/{path}"
