"""Cases of what a task may ask of its client, by sentence; and what most of them need."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

Case = Callable[[Any], Any]
PLACES = json.loads(os.environ["TEST_PLACES"])
"""Base URLs of other servers by what is odd with them."""
CASES: dict[str, Case] = {}
"""Each takes a user, and gives what he saw."""


def case(sentence: str) -> Callable[[Case], None]:
    """Add a case; its requests are counted under the sentence, where it does not name them itself."""
    return lambda function: CASES.update({sentence: function})


def echo(user: Any, path: str = "/echo", method: str = "GET", **options: Any) -> Any:
    """Ask the server what it sees."""
    return user.client.request(method, path, **options).json()


def fields(seen: Any, *names: str) -> list[Any]:
    """Give some headers of what the server saw, each ``None`` or a list of its values."""
    return [seen["headers"].get(name) for name in names]


def outcome(response: Any) -> list[Any]:
    """Give what a task most often looks at."""
    return [response.status_code, bool(response.ok), response.text]
