"""The interface of load engines, and the time limits that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from loadtests.profile import Stage, UserStage
from loadtests.recording import Recorder
from loadtests.schedule.schedule_shard import WHOLE_SCHEDULE, ShardAssignment
from slo.model import GeneratorProcess

LATE_START_SECONDS = 5.0
"""How long after the end of the schedule a late arrival may still start; later ones are dropped."""
TIMEOUT_MARGIN_SECONDS = 5.0
"""How long an engine waits for a response beyond the timeout of the request."""
INTERRUPT_DRAIN_SECONDS = 2.0
"""How long an engine waits for responses after an interruption."""


def compute_drain_seconds(timeout: float) -> float:
    """Return how many seconds after the end of the schedule the last response is awaited."""
    return LATE_START_SECONDS + timeout + TIMEOUT_MARGIN_SECONDS


class EngineError(Exception):
    """The engine can't send; the message says why."""


class Engine(Protocol):
    """Sends load while it is entered as a context manager; entering it sends nothing yet."""

    @property
    def name(self) -> str:
        """The name that reports show."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""

    @property
    def lead_seconds(self) -> float:
        """How far in the future the start of a load must be when :meth:`send` is called."""

    @property
    def in_flight(self) -> int:
        """Number of requests in flight now."""

    def read_process_health(self) -> Sequence[GeneratorProcess]:
        """Return the health of each worker process; empty when the engine sends in this process."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def start(self, target_url: str, recorder: Recorder) -> None:
        """Start the users; requests that they send before their first task go to ``recorder``.

        Raises:
            EngineError: no user could start.
        """

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        recorder: Recorder,
        assignments: Sequence[ShardAssignment] = WHOLE_SCHEDULE,
    ) -> None:
        """Send the stages from ``start_time`` (Unix seconds), and return when every request has ended.

        ``assignments`` select the shard of the schedule to send (``schedule_shard.py``).

        An exception that is raised meanwhile (an interruption) ends the load early: requests in flight get
        ``INTERRUPT_DRAIN_SECONDS`` to finish, and everything that was sent is recorded before the exception
        is passed on.
        """

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue the running load with another shard."""


def compute_user_share(users: int, assignment: ShardAssignment) -> int:
    """Return the number of users of a closed load that this process runs; over all processes they add up."""
    if assignment.shard < 0:
        return 0
    first = users * assignment.shard // assignment.shard_count
    end = users * (assignment.shard + 1) // assignment.shard_count
    return end - first
