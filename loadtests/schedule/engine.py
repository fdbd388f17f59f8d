"""The seam between what is to be sent and what sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from loadtests.profile.profile_models import Stage, UserStage
from loadtests.recording.recorder import Books
from loadtests.schedule.schedule_shard import WHOLE, Deal
from slo.model import GeneratorProcess

GRACE_SECONDS = 5.0
"""How long after the schedule's end an arrival may still begin; later ones are dropped."""
PATIENCE_SECONDS = 5.0
"""How long an answer is waited for beyond the time at which it should have timed out."""
INTERRUPTED_SECONDS = 2.0
"""Likewise after an interruption."""


def drain_seconds(timeout: float) -> float:
    """Give how long after the schedule's end the last answer is waited for."""
    return GRACE_SECONDS + timeout + PATIENCE_SECONDS


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
    def lead_seconds(self) -> float:
        """How far ahead the begin of a load has to lie when it is ordered."""

    @property
    def in_flight(self) -> int:
        """Requests that are under way now."""

    def processes(self) -> Sequence[GeneratorProcess]:
        """Give how each process did that sent for this one (:mod:`loadtests.health`), if any did."""

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

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        begin: float,
        books: Books,
        deals: Sequence[Deal] = WHOLE,
    ) -> None:
        """Send the stages from ``begin`` (Unix seconds), and return when every request is over.

        Only the shares of them that ``deals`` gives (:mod:`loadtests.hand`).

        Whatever is raised meanwhile (an interruption) ends the load early: what is under way gets a
        moment to finish, and all that was sent is in the books before it is passed on.
        """

    def deal(self, deal: Deal) -> None:
        """Go on with another share of what is being sent."""


def share_of(users: int, deal: Deal) -> int:
    """Give a process's share of a number of users; the shares add up to it."""
    if deal.share < 0:
        return 0
    return users * (deal.share + 1) // deal.shares - users * deal.share // deal.shares
