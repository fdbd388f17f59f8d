"""The registry of cases: what a task can do with its client; and helpers that most cases need."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

Case = Callable[[Any], Any]
SERVERS = json.loads(os.environ["TEST_SERVERS"])
"""Base URLs of further servers by their kind."""
CASES: dict[str, Case] = {}
"""Functions by sentence; each takes a user and returns what the task observed."""


def case(sentence: str) -> Callable[[Case], None]:
    """Register a case; its requests are counted under the sentence, unless it names them itself."""
    return lambda function: CASES.update({sentence: function})


def echo(user: Any, path: str = "/echo", method: str = "GET", **options: Any) -> Any:
    """Return the request as the server received it."""
    return user.client.request(method, path, **options).json()


def list_headers(request: Any, *names: str) -> list[Any]:
    """Return headers of a request that the server received, each ``None`` or a list of values."""
    return [request["headers"].get(name) for name in names]


def summarize(response: Any) -> list[Any]:
    """Return the attributes of a response that tasks use most."""
    return [response.status_code, bool(response.ok), response.text]
