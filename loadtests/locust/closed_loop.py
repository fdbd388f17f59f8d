"""Closed load with Locust's users: a number of them, each waiting for its answer before it sends again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import gevent

from loadtests.locust.locust_engine import LocustEngine
from loadtests.profile.profile_models import ClosedProfile, Stage, UserStage
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now
from loadtests.schedule.engine import INTERRUPTED_SECONDS, share_of
from loadtests.schedule.schedule_shard import WHOLE, Deal

_SEED_BITS = 32
STOP_SECONDS = 1.0
"""How long users may take to end what they are at, beyond the time at which it should have timed out."""


class ClosedEngine(LocustEngine):
    """Sends with a number of users that wait for their answers; what they offer is what they send."""

    name = "locust-closed"

    def __init__(self, profile: ClosedProfile, seed: int) -> None:
        self._books = Books()
        self._seed = seed
        self._users, self._deal = 0, WHOLE[0]
        self._stop_seconds = profile.timeout_seconds + STOP_SECONDS
        super().__init__(profile, self._stop_seconds)

    @property
    def in_flight(self) -> int:
        """Users at work: each has at most one request under way."""
        return self._runner.user_count

    def start(self, target: str, books: Books) -> None:
        """Take the target; users come up with each stage."""
        self._show(books)
        self._environment.host = target

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        begin: float,
        books: Books,
        deals: Sequence[Deal] = WHOLE,
    ) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        self._books, self._deal = books, deals[-1]
        self._show(books)
        random.seed(self._seed << _SEED_BITS | self._deal.share)
        self._environment.stop_timeout = self._stop_seconds
        end = begin
        gevent.sleep(max(begin - now(), 0.0))
        self._clients.closing(False)
        try:
            for stage in stages:
                if isinstance(stage, UserStage):
                    end += stage.duration_seconds
                    self._users = stage.users
                    self._bring_up()
                    gevent.sleep(max(end - now(), 0.0))
        except BaseException:
            self._environment.stop_timeout = INTERRUPTED_SECONDS
            raise
        finally:
            self._clients.closing(True)
            self._runner.stop()

    def deal(self, deal: Deal) -> None:
        """Go on with another share of the users; see :class:`loadtests.engine.Engine`."""
        self._deal = deal
        self._bring_up()

    def _bring_up(self) -> None:
        users = share_of(self._users, self._deal)
        self._runner.start(users, spawn_rate=max(users, 1))

    def _book(self, arrival: Any, **row: Any) -> None:  # noqa: ARG002 - users of a closed load have none
        asked = row.pop("asked")
        row["began"] = asked
        self._books.sent(intended=None, **row)
