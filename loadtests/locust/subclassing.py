"""Classes of users made of others."""

from __future__ import annotations

from collections.abc import Mapping
from types import new_class
from typing import Any, cast

from locust import User


def derived(user: type[User], name: str, members: Mapping[str, Any]) -> type[User]:
    """Make a user class of another one, with some members of its own."""
    body = {"__module__": user.__module__, "abstract": False, **members}
    return cast("type[User]", new_class(name, (user,), exec_body=lambda space: space.update(body)))
