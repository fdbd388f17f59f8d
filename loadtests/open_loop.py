"""Open load with Locust's users: each takes the next arrival from one schedule, waits for it, and sends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import Any

import gevent
from gevent.event import Event
from locust import User

from loadtests.clock import now
from loadtests.engine import DRAIN_SECONDS, GRACE_SECONDS, INTERRUPTED_SECONDS, EngineError
from loadtests.locust_engine import LocustEngine
from loadtests.outcomes import error_class, status
from loadtests.pacing import arrivals
from loadtests.profile import OpenProfile, Stage, UserStage
from loadtests.recorder import UNANSWERED, Books
from loadtests.users import derived, user_classes

SPAWN_SECONDS, SPAWN_POLL_SECONDS = 30.0, 0.02
"""How long the users may take for their ``on_start``, and how often to look."""

_SEED_BITS = 32


class Arrival:
    """One arrival of a schedule: when its request was meant to start, and what came of it."""

    __slots__ = ("began", "books", "intended", "number", "requests", "settled")

    def __init__(self, number: int, intended: float, books: Books) -> None:
        self.number, self.intended, self.books = number, intended, books
        self.began = inf
        self.requests = 0
        self.settled = False


class Schedule:
    """Hands arrivals to users, one each and in order; users wait here while there is none."""

    def __init__(self) -> None:
        self._open, self._over = Event(), Event()
        self._moments: Iterator[float] = iter(())
        self.books = Books()
        self._begin = 0.0
        self._number = 0
        self.deadline = inf
        self.waiting = 0
        self.pending: set[Arrival] = set()

    def start(self, moments: Iterator[float], begin: float, deadline: float, books: Books) -> None:
        """Hand out the arrivals at these moments (seconds since ``begin``) until ``deadline``."""
        self._moments, self._begin, self.deadline, self.books = moments, begin, deadline, books
        self._number = 0
        self._over.clear()
        self._open.set()

    def take(self) -> Arrival:
        """Give the next arrival, when there is one."""
        while True:
            self.waiting += 1
            self._open.wait()
            self.waiting -= 1
            moment = next(self._moments, None)
            if moment is not None:
                arrival = Arrival(self._number, self._begin + moment, self.books)
                self._number += 1
                self.pending.add(arrival)
                return arrival
            self._open.clear()
            self._close_if_done()

    def settle(self, arrival: Arrival) -> None:
        """Take note that an arrival is in the books."""
        arrival.settled = True
        self.pending.discard(arrival)
        self._close_if_done()

    def wait(self, seconds: float) -> None:
        """Wait until every arrival is settled, but not longer than so many seconds."""
        self._over.wait(timeout=max(seconds, 0.0))

    def stop(self) -> list[float]:
        """Hand out no more; give the intended starts of those that nobody took, by now or by the deadline."""
        self._open.clear()
        end = min(now(), self.deadline)
        untaken = []
        for moment in self._moments:
            if self._begin + moment > end:
                break
            untaken.append(self._begin + moment)
        self._moments = iter(())
        return untaken

    def _close_if_done(self) -> None:
        if not self._open.is_set() and not self.pending:
            self._over.set()


class OpenEngine(LocustEngine):
    """Sends arrivals at a rate with Locust's users.

    At most ``max_in_flight`` requests are under way at once; an arrival that finds no user free begins
    late, and is booked as late. A task is one arrival; its further requests, and those of ``on_start``,
    are booked as offered when they are sent.
    """

    name = "locust"

    def __init__(self, profile: OpenProfile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._schedule = Schedule()
        users = [_paced(one, self._schedule, seed) for one in user_classes(profile)]
        super().__init__(users, 0, self._on_request)

    @property
    def in_flight(self) -> int:
        """Requests that are under way now."""
        return sum(arrival.began < inf for arrival in self._schedule.pending)

    def start(self, target: str, books: Books) -> None:
        """Bring the users up; see :class:`loadtests.engine.Engine`."""
        self._environment.host = target
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

    def send(self, stages: Sequence[Stage | UserStage], begin: float, books: Books) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        open_stages = [stage for stage in stages if isinstance(stage, Stage)]
        end = begin + sum(stage.duration_seconds for stage in open_stages)
        moments = arrivals(open_stages, self._profile.arrivals, self._seed)
        self._schedule.start(moments, begin, end + GRACE_SECONDS, books)
        try:
            self._schedule.wait(end + DRAIN_SECONDS - now())
        except BaseException:
            self._end(books, INTERRUPTED_SECONDS)
            raise
        self._end(books, 0.0)

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
            if not arrival.requests:
                books.sent(
                    "(unanswered)",
                    intended=arrival.intended,
                    began=arrival.began,
                    ended=now(),
                    status=0,
                    error=UNANSWERED,
                )
            self._schedule.settle(arrival)

    def _on_request(
        self,
        name: str,
        response_time: float,
        response: Any,
        context: Mapping[str, Any],
        exception: BaseException | None,
        **_: object,
    ) -> None:
        arrival, ended = context.get("arrival"), now()
        if arrival is None:
            intended, began, books = None, ended - response_time / 1000, self._schedule.books
        elif arrival.settled:
            return  # it was given up, and is booked as unanswered
        elif arrival.requests:
            intended, began, books = None, ended - response_time / 1000, arrival.books
        else:
            intended, began, books = arrival.intended, arrival.began, arrival.books
        if arrival is not None:
            arrival.requests += 1
        error = error_class(exception, response)
        books.sent(name, intended=intended, began=began, ended=ended, status=status(response), error=error)


def _paced(user: type[User], schedule: Schedule, seed: int) -> type[User]:
    """Make a user that runs one of its tasks at each arrival it takes."""
    tasks = list(user.tasks)

    def context(self: Any) -> dict[str, Any]:
        return {**user.context(self), "arrival": getattr(self, "_arrival", None)}

    members: dict[str, Any] = {"context": context, "wait_time": lambda _: 0}
    paced = derived(user, user.__name__, members)
    paced.tasks = [_at_arrivals(tasks, schedule, seed)]
    return paced


def _at_arrivals(tasks: list[Any], schedule: Schedule, seed: int) -> Callable[[Any], None]:
    def arrive(user: Any) -> None:
        arrival = schedule.take()
        gevent.sleep(max(arrival.intended - now(), 0.0))
        if arrival.settled:
            return
        if now() > schedule.deadline:
            arrival.books.dropped(arrival.intended, "no user was free")
            schedule.settle(arrival)
            return
        random.seed(seed << _SEED_BITS | arrival.number)  # the n-th arrival is the same in every run
        task = random.choice(tasks)
        user._arrival = arrival  # noqa: SLF001 - the attribute is ours
        arrival.began = now()
        reason = f"task {task.__name__} sent no request"
        try:
            task(user)
        except Exception as error:
            reason = f"task {task.__name__} raised {type(error).__name__}"
            raise  # Locust's log has the traceback
        finally:
            user._arrival = None  # noqa: SLF001 - likewise
            if not arrival.requests and not arrival.settled:
                arrival.books.dropped(arrival.intended, reason)
            schedule.settle(arrival)

    return arrive
