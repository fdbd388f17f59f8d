"""Closed load with Locust's users: a number of them, each waiting for its answer before it sends again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import gevent
from locust.env import Environment

from loadtests.clock import now
from loadtests.outcomes import error_class, status
from loadtests.profile import ClosedProfile, Stage, UserStage
from loadtests.recorder import Books
from loadtests.users import TIMEOUT_SECONDS, user_classes

STOP_SECONDS = TIMEOUT_SECONDS + 1.0
"""How long users may take to end what they are at."""
INTERRUPTED_SECONDS = 2.0


class ClosedEngine:
    """Sends with a number of users that wait for their answers; what they offer is what they send."""

    name = "locust-closed"

    def __init__(self, profile: ClosedProfile, seed: int) -> None:
        self._books = Books()
        self._seed = seed
        self._environment = Environment(user_classes=user_classes(profile), stop_timeout=STOP_SECONDS)
        self._runner = self._environment.create_local_runner()
        self._environment.events.request.add_listener(self._on_request)  # type: ignore[no-untyped-call]

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""
        return {name: version(name) for name in ("locust", "gevent", "geventhttpclient")}

    @property
    def in_flight(self) -> int:
        """Users at work: each has at most one request under way."""
        return self._runner.user_count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.quit()

    def start(self, target: str, books: Books) -> None:  # noqa: ARG002 - nothing is sent before the stages
        """Take the target; users come up with each stage."""
        self._environment.host = target

    def send(self, stages: Sequence[Stage | UserStage], begin: float, books: Books) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        self._books = books
        random.seed(self._seed)
        self._environment.stop_timeout = STOP_SECONDS
        end = begin
        try:
            for stage in stages:
                if isinstance(stage, UserStage):
                    end += stage.duration_seconds
                    self._runner.start(stage.users, spawn_rate=stage.users)
                    gevent.sleep(max(end - now(), 0.0))
        except BaseException:
            self._environment.stop_timeout = INTERRUPTED_SECONDS
            raise
        finally:
            self._runner.stop()

    def _on_request(
        self,
        name: str,
        response_time: float,
        response: Any,
        exception: BaseException | None,
        **_: object,
    ) -> None:
        ended = now()
        self._books.sent(
            name,
            intended=None,
            began=ended - response_time / 1000,
            ended=ended,
            status=status(response),
            error=error_class(exception, response),
        )
