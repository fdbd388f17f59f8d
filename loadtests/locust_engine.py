"""What the engines share that send with Locust's users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from types import TracebackType
from typing import Self

from locust import User
from locust.env import Environment


class LocustEngine:
    """Holds Locust's environment and its runner; ``on_request`` hears of every request that is over."""

    def __init__(
        self, users: Sequence[type[User]], stop_timeout: float, on_request: Callable[..., None]
    ) -> None:
        self._environment = Environment(user_classes=list(users), stop_timeout=stop_timeout)
        self._runner = self._environment.create_local_runner()
        self._environment.events.request.add_listener(on_request)  # type: ignore[no-untyped-call]

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""
        return {name: version(name) for name in ("locust", "gevent", "geventhttpclient")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.quit()
