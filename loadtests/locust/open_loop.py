"""Open load with Locust's users: each takes the next arrival from one schedule, waits for it, and sends."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import inf
from types import TracebackType
from typing import Any

import gevent
from gevent import getcurrent
from locust import User

from loadtests.locust.arrival_queue import Arrival, Schedule
from loadtests.locust.locust_engine import LocustEngine
from loadtests.locust.subclassing import derived
from loadtests.profile.profile_models import ScheduledProfile, Stage, TraceProfile, UserStage
from loadtests.recording.recorder import UNANSWERED, Books
from loadtests.schedule.clock import ORIGIN, now
from loadtests.schedule.engine import GRACE_SECONDS, INTERRUPTED_SECONDS, EngineError, drain_seconds
from loadtests.schedule.pacing import arrivals
from loadtests.schedule.schedule_shard import WHOLE, Deal, Hand

SPAWN_SECONDS, SPAWN_POLL_SECONDS = 30.0, 0.02
"""How long the users may take for their ``on_start``, and how often to look."""

_SEED_BITS = 32


class OpenEngine(LocustEngine):
    """Sends arrivals at a rate with Locust's users.

    At most ``max_in_flight`` requests are under way at once; an arrival that finds no user free begins
    late, and is booked as late. A task is one arrival; its further requests, and those of ``on_start``,
    are booked as offered when they are sent.
    """

    name = "locust"

    def __init__(self, profile: ScheduledProfile | TraceProfile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._schedule = Schedule()
        super().__init__(profile, 0)

    def _arranged(self, user: type[User]) -> type[User]:
        return _paced(user, self._schedule, self._seed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._schedule.close()

    @property
    def in_flight(self) -> int:
        """Requests that are under way now."""
        return sum(arrival.began < inf for arrival in self._schedule.pending)

    def start(self, target: str, books: Books) -> None:
        """Bring the users up; see :class:`loadtests.engine.Engine`."""
        self._environment.host = target
        self._show(books)
        self._schedule.books = books
        wanted = self._profile.max_in_flight
        self._runner.start(wanted, spawn_rate=wanted)
        give_up = now() + SPAWN_SECONDS
        while self._schedule.waiting < wanted and now() < give_up:
            gevent.sleep(SPAWN_POLL_SECONDS)
            spawning = self._runner.spawning_greenlet
            if spawning is not None and spawning.ready():
                wanted = self._runner.user_count  # without those whose on_start failed
        if not self._schedule.waiting:
            raise EngineError(
                f"no user came up: each failed in its on_start, or took longer than {SPAWN_SECONDS:.0f} s"
            )

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        begin: float,
        books: Books,
        deals: Sequence[Deal] = WHOLE,
    ) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        open_stages = [stage for stage in stages if isinstance(stage, Stage)]
        end = begin + sum(stage.duration_seconds for stage in open_stages)
        hand = Hand(arrivals(open_stages, self._profile.arrivals, self._seed), deals)
        self._show(books)
        self._schedule.start(hand, begin, end + GRACE_SECONDS, books)
        try:
            gevent.sleep(max(end - now(), 0.0))  # a deal may still come when all is sent
            self._schedule.wait(end + drain_seconds(self._profile.timeout_seconds) - now())
        except BaseException:
            self._end(books, INTERRUPTED_SECONDS)
            raise
        self._end(books, 0.0)

    def deal(self, deal: Deal) -> None:
        """Go on with another share; see :class:`loadtests.engine.Engine`."""
        self._schedule.deal(deal)

    def _end(self, books: Books, patience: float) -> None:
        """Hand out no more, wait a moment for what is under way, and book the rest for what it is."""
        for intended in self._schedule.stop():
            books.dropped(intended, "no user was free")
        waiting = [arrival for arrival in self._schedule.pending if arrival.began == inf]
        for arrival in waiting:
            if arrival.intended <= now():
                books.dropped(arrival.intended, "no user was free")
            self._schedule.settle(arrival)
        self._schedule.wait(patience if self._schedule.pending else 0.0)
        for arrival in list(self._schedule.pending):
            _give_up(arrival, books)
            self._schedule.settle(arrival)

    def _at_hand(self) -> Any:
        greenlet: Any = getcurrent()
        while greenlet is not None:
            if (arrival := getattr(greenlet, "arrival", None)) is not None:
                return arrival
            parent = getattr(greenlet, "spawning_greenlet", None)
            greenlet = parent and parent()
        return None

    def _book(self, arrival: Any, **row: Any) -> None:
        asked, began = row.pop("asked"), row.pop("began")
        if arrival is None or (arrival.settled and not arrival.given_up):  # its task left a greenlet behind
            self._schedule.books.sent(intended=None, began=asked, **row)
        elif arrival.given_up:
            return  # it is booked as unanswered
        elif arrival.requests:
            arrival.books.sent(intended=None, began=asked, **row)
        else:
            arrival.books.sent(intended=arrival.intended, began=began or arrival.began, **row)
        if arrival is not None:
            arrival.requests += 1


def _give_up(arrival: Arrival, books: Books) -> None:
    """Book the request that an arrival still waits for, or that it never sent one."""
    arrival.given_up = True
    client = getattr(arrival.user, "client", None)
    asked = getattr(client, "under_way", ("(unanswered)", "", arrival.began - ORIGIN))  # others do not say
    if asked and not (arrival.requests and not hasattr(client, "under_way")):
        name, method, began = asked
        books.sent(
            name,
            intended=None if arrival.requests else arrival.intended,
            began=began + ORIGIN,
            ended=now(),
            status=0,
            error=UNANSWERED,
            method=method,
        )
    elif not arrival.requests:
        books.dropped(arrival.intended, "task sent no request before the end")


def _paced(user: type[User], schedule: Schedule, seed: int) -> type[User]:
    """Make a user that runs one of its tasks at each arrival it takes."""
    tasks = list(user.tasks)

    paced = derived(user, user.__name__, {"wait_time": lambda _: 0})
    paced.tasks = [_at_arrivals(tasks, schedule, seed)]
    return paced


def _at_arrivals(tasks: list[Any], schedule: Schedule, seed: int) -> Callable[[Any], None]:
    def arrive(user: Any) -> None:
        arrival = schedule.take()
        if arrival.settled:
            return
        if now() > schedule.deadline:
            arrival.books.dropped(arrival.intended, "no user was free")
            schedule.settle(arrival)
            return
        random.seed(seed << _SEED_BITS | arrival.number)  # the n-th arrival is the same in every run
        task = random.choice(tasks)
        greenlet: Any = getcurrent()
        user._arrival = greenlet.arrival = arrival  # noqa: SLF001 - the attributes are ours
        arrival.user = user
        arrival.began = now()
        reason = f"task {task.__name__} sent no request"
        try:
            task(user)
        except Exception as error:
            reason = f"task {task.__name__} raised {type(error).__name__}"
            raise  # Locust's log has the traceback
        finally:
            user._arrival = greenlet.arrival = None  # noqa: SLF001 - likewise
            if not arrival.requests and not arrival.settled:
                arrival.books.dropped(arrival.intended, reason)
            schedule.settle(arrival)

    return arrive
