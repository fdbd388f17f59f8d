"""``events.request``: heard by whoever listens, and free where nobody does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locust.event import EventHook


class RequestEvent(EventHook):
    """The hook that every other client fires; ``own`` hears of each request before the listeners do."""

    def __init__(self, listeners: list[Callable[..., None]], own: Callable[..., None]) -> None:
        self._handlers = listeners
        self._own = own

    @property
    def heard(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self._handlers)

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Tell of a request that one of Locust's clients sent."""
        self._own(**kwargs)
        super().fire(reverse=reverse, **kwargs)  # type: ignore[no-untyped-call]

    def tell(self, meta: dict[str, Any]) -> None:
        """Tell the listeners of a request that we know already."""
        super().fire(**meta)  # type: ignore[no-untyped-call]
