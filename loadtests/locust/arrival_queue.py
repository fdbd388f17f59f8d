"""Hands the arrivals of a schedule to users, at their moments and in order; users wait here for them."""

from __future__ import annotations

from collections import deque
from math import inf
from time import perf_counter
from typing import Any

from gevent import getcurrent
from gevent.event import Event
from gevent.hub import get_hub

from loadtests.http.timer import alarm
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import ORIGIN, now
from loadtests.schedule.schedule_shard import Deal, Hand

BATCH = 32
"""Arrivals handed out at a stretch when behind, before the loop goes round again."""


class Arrival:
    """One arrival of a schedule: when its request was meant to start, and what came of it.

    It is ``settled`` when its task is over, and ``given_up`` where that was not waited for.
    """

    __slots__ = ("began", "books", "given_up", "intended", "number", "requests", "settled", "user")

    def __init__(self, number: int, intended: float, books: Books) -> None:
        self.number, self.intended, self.books = number, intended, books
        self.began = inf
        self.requests = 0
        self.settled = self.given_up = False
        self.user: Any = None


class _Seat:
    """Where a user waits for an arrival."""

    __slots__ = ("arrival", "greenlet")

    def __init__(self, greenlet: Any) -> None:
        self.greenlet = greenlet
        self.arrival: Arrival | None = None


class Schedule:
    """One schedule at a time, for all users of a process."""

    def __init__(self) -> None:
        self._hub = get_hub()
        self._alarm = alarm(self._hub.loop, self._tick)
        self._hand, self._begin = Hand(), 0.0
        self._next, self._number = inf, 0
        self._seats: deque[_Seat] = deque()
        self._due: deque[Arrival] = deque()
        self._over = Event()
        self.books = Books()
        self.deadline = inf
        self.pending: set[Arrival] = set()

    @property
    def waiting(self) -> int:
        """Users that are free."""
        return len(self._seats)

    def start(self, hand: Hand, begin: float, deadline: float, books: Books) -> None:
        """Hand out the arrivals in hand (moments since ``begin``) until ``deadline``."""
        self._hand, self._begin, self.deadline, self.books = hand, begin, deadline, books
        self._set(hand.next())
        self._hub.loop.run_callback(self._tick)

    def deal(self, deal: Deal) -> None:
        """Go on with another share of the schedule."""
        self._set(self._hand.deal(deal))
        self._hub.loop.run_callback(self._tick)

    def take(self) -> Arrival:
        """Give the next arrival, when there is one that nobody has taken."""
        if self._due:
            return self._due.popleft()
        seat = _Seat(getcurrent())
        self._seats.append(seat)
        try:
            while seat.arrival is None:
                self._hub.switch()
        except BaseException:
            if seat in self._seats:
                self._seats.remove(seat)
            raise
        return seat.arrival

    def settle(self, arrival: Arrival) -> None:
        """Take note that an arrival is in the books."""
        arrival.settled = True
        self.pending.discard(arrival)
        self._close_if_done()

    def wait(self, seconds: float) -> None:
        """Wait until every arrival is settled, but not longer than so many seconds."""
        until = now() + seconds
        while (self._next < inf or self.pending) and now() < until:
            self._over.clear()
            self._over.wait(timeout=max(until - now(), 0.0))

    def stop(self) -> list[float]:
        """Hand out no more; give the intended starts of those that were not even due when they should."""
        end = min(now(), self.deadline)
        left = []
        while self._next <= end:
            left.append(self._next)
            self._set(self._hand.next())
        self._set(None)
        self._hand = Hand()
        self._due.clear()
        return left

    def close(self) -> None:
        """Ring no more."""
        self._alarm.close()

    def _tick(self) -> None:
        left = BATCH
        while self._next <= ORIGIN + perf_counter() and left:
            arrival = Arrival(self._number, self._next, self.books)
            self.pending.add(arrival)
            self._set(self._hand.next())
            self._give(arrival)
            left -= 1
        if self._next <= ORIGIN + perf_counter():
            self._hub.loop.run_callback(self._tick)
        elif self._next < inf:
            self._alarm.at(self._next - ORIGIN)
        else:
            self._close_if_done()

    def _give(self, arrival: Arrival) -> None:
        if not self._seats:
            self._due.append(arrival)
            return
        seat = self._seats.popleft()
        seat.arrival = arrival
        seat.greenlet.switch()

    def _set(self, arrival: tuple[int, float] | None) -> None:
        if arrival is None:
            self._next = inf
        else:
            self._number, self._next = arrival[0], self._begin + arrival[1]

    def _close_if_done(self) -> None:
        if self._next == inf and not self.pending:
            self._over.set()
