"""The seam between what is to be sent and what sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from loadtests.profile import Stage, UserStage
from loadtests.recorder import Books

TIMEOUT_SECONDS = 10.0
"""How long a connection, and each wait for bytes of an answer, may take."""
GRACE_SECONDS = 5.0
"""How long after the schedule's end an arrival may still begin; later ones are dropped."""
DRAIN_SECONDS = GRACE_SECONDS + TIMEOUT_SECONDS + 5.0
"""How long after the schedule's end the last answer is waited for."""
INTERRUPTED_SECONDS = 2.0
"""Likewise after an interruption."""


class EngineError(Exception):
    """The engine can't send; the message says why."""


class Engine(Protocol):
    """Sends load, between being entered and being left; entering sends nothing yet."""

    @property
    def name(self) -> str:
        """Name that reports show."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""

    @property
    def in_flight(self) -> int:
        """Requests that are under way now."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self, target: str, books: Books) -> None:
        """Bring the users up; what they send before their first task is written in ``books``.

        ``target`` is the base URL of the service.

        Raises:
            EngineError: no user came up.
        """

    def send(self, stages: Sequence[Stage | UserStage], begin: float, books: Books) -> None:
        """Send the stages from ``begin`` (Unix seconds), and return when every request is over.

        Whatever is raised meanwhile (an interruption) ends the load early: what is under way gets a
        moment to finish, and all that was sent is in the books before it is passed on.
        """
