"""Closed load with Locust's users: a number of them, each waiting for its answer before it sends again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import gevent

from loadtests.clock import now
from loadtests.engine import INTERRUPTED_SECONDS, TIMEOUT_SECONDS
from loadtests.locust_engine import LocustEngine
from loadtests.profile import ClosedProfile, Stage, UserStage
from loadtests.recorder import Books

STOP_SECONDS = TIMEOUT_SECONDS + 1.0
"""How long users may take to end what they are at."""


class ClosedEngine(LocustEngine):
    """Sends with a number of users that wait for their answers; what they offer is what they send."""

    name = "locust-closed"

    def __init__(self, profile: ClosedProfile, seed: int) -> None:
        self._books = Books()
        self._seed = seed
        super().__init__(profile, STOP_SECONDS)

    @property
    def in_flight(self) -> int:
        """Users at work: each has at most one request under way."""
        return self._runner.user_count

    def start(self, target: str, books: Books) -> None:
        """Take the target; users come up with each stage."""
        self._show(books)
        self._environment.host = target

    def send(self, stages: Sequence[Stage | UserStage], begin: float, books: Books) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        self._books = books
        self._show(books)
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

    def _book(self, arrival: Any, **row: Any) -> None:  # noqa: ARG002 - users of a closed load have none
        asked = row.pop("asked")
        row["began"] = asked
        self._books.sent(intended=None, **row)
