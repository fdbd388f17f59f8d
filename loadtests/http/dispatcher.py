"""Hands requests to connections: at the moments of a schedule, or one after the other for some users."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from math import inf
from time import perf_counter
from typing import Any

from loadtests.http.compiled_request import Compiled
from loadtests.http.connection import IDLE_SECONDS, Connection, reason
from loadtests.http.request_selector import Choose
from loadtests.http.response_parser import Heads
from loadtests.http.timer import alarm
from loadtests.recording.recorder import UNANSWERED, Books
from loadtests.schedule.clock import ORIGIN
from loadtests.schedule.schedule_shard import Deal, Hand

BATCH = 32
"""Arrivals sent at a stretch when behind, before answers are read again."""
NO_ROOM = "no connection was free"
_FIRST_BAD = 400
_NAN = float("nan")

Open = Callable[["Dispatcher"], Connection]


class Dispatcher:
    """Sends through at most ``most`` connections; what finds none free waits its turn, and is sent late."""

    def __init__(self, loop: Any, connect: Open, choose: Choose, most: int) -> None:
        self._loop, self._connect, self._choose, self._most = loop, connect, choose, most
        self.heads = Heads()
        self.in_flight = 0
        """Requests under way."""
        self._alarm = alarm(loop, self._tick)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[tuple[Compiled, float]] = deque()
        self._hand = Hand()
        self._begin = 0.0
        self._next, self._number = inf, 0
        self._users, self._numbers = 0, count()
        self._over: Callable[[], None] = lambda: None
        self.use(Books())

    # --- What is asked of it ----------------------------------------------------------------------

    def use(self, books: Books) -> None:
        """Write into these books from now on."""
        self._books = books
        self._write = books.write
        self._names: dict[str, int] = {}

    def follow(self, hand: Hand, begin: float, over: Callable[[], None]) -> None:
        """Send what is in hand (``begin`` is by perf_counter); call ``over`` after the last answer."""
        self._hand, self._begin, self._over = hand, begin, over
        self._set(hand.next())
        self._tick()

    def deal(self, deal: Deal) -> None:
        """Go on with another share of the schedule."""
        self._set(self._hand.deal(deal))
        self._tick()

    def serve(self, users: int, over: Callable[[], None]) -> None:
        """Keep so many requests under way, each following its answer; call ``over`` once all stopped."""
        self._users, self._over = users, over
        for _ in range(users - self._at_work()):
            self._start(self._choose(next(self._numbers)), _NAN)

    def stop(self) -> None:
        """Begin no further request; those under way go on."""
        self._users = 0
        now = perf_counter()
        for request, intended in self._waiting:
            self._drop(request, intended)
        self._waiting.clear()
        while self._next <= now:
            self._drop(self._choose(self._number), self._next)
            self._set(self._hand.next())
        self._set(None)
        self._hand = Hand()
        self._check_over()

    def sweep(self, seconds: float) -> None:
        """End what has not moved for so long, and connections that nothing was sent on for a while."""
        now = perf_counter()
        for connection in list(self._all):
            if (connection.busy or not connection.ready) and connection.active < now - seconds:
                connection.close("timed out")
        for connection in [one for one in self._idle if one.active < now - IDLE_SECONDS]:
            connection.close("idle")

    def abandon(self) -> None:
        """End every request under way as unanswered."""
        for connection in list(self._all):
            if connection.busy:
                connection.close(UNANSWERED)

    def close(self) -> None:
        """Close everything."""
        self._alarm.close()
        for connection in list(self._all):
            connection.close(UNANSWERED)

    # --- The way of an arrival --------------------------------------------------------------------

    def _tick(self) -> None:
        now, left = perf_counter(), BATCH
        while self._next <= now and left:
            request, intended = self._choose(self._number), self._next
            self._set(self._hand.next())
            self._start(request, intended)
            left -= 1
        if self._next <= perf_counter():
            self._loop.run_callback(self._tick)
        elif self._next < inf:
            self._alarm.at(self._next)
        else:
            self._check_over()

    def _set(self, arrival: tuple[int, float] | None) -> None:
        if arrival is None:
            self._next = inf
        else:
            self._number, self._next = arrival[0], self._begin + arrival[1]

    def _start(self, request: Compiled, intended: float) -> None:
        if self._idle:
            self._send(self._idle.pop(), request, intended)
            return
        self._waiting.append((request, intended))
        if len(self._all) < self._most:
            self._open()

    def _send(self, connection: Connection, request: Compiled, intended: float) -> None:
        self.in_flight += 1
        connection.send(request, intended)

    def _open(self) -> None:
        try:
            self._all.add(self._connect(self))
        except OSError as error:
            if not self._all:
                self._fail_waiting(reason(error))

    def _fail_waiting(self, error: str) -> None:
        """Book what can't even be tried as sent and failed."""
        now = perf_counter()
        while self._waiting:
            request, intended = self._waiting.popleft()
            self._book(request, (intended, now, _NAN, now), 0, self._books.error_code(error), 0)

    # --- Called by connections --------------------------------------------------------------------

    def connected(self, connection: Connection) -> None:
        """Give a connection that stands its first request."""
        self._next_of(connection)

    def done(self, connection: Connection, status: int, error: str | None, ended: float) -> None:
        """Book a request that is over, and go on."""
        request = connection.request
        if request is None:
            return
        self.in_flight -= 1
        if error is None and (status == request.expect or (request.expect is None and status < _FIRST_BAD)):
            code = 0 if request.check is None else self._checked(request, connection)
        else:
            code = self._books.error_code(error or _complaint(request, status))
        times = (connection.intended, connection.began, connection.first, ended)
        self._book(request, times, status, code, connection.length)
        if self._users and self._at_work() < self._users:
            self._waiting.append((self._choose(next(self._numbers)), _NAN))
        if connection.closed:
            self._all.discard(connection)
            if self._waiting:
                self._open()
        else:
            self._next_of(connection)
        self._check_over()

    def lost(self, connection: Connection, error: str) -> None:
        """Forget a connection; if it never stood, one that waits has failed with it."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        elif self._waiting:
            request, intended = self._waiting.popleft()
            times = (intended, connection.began, _NAN, perf_counter())
            self._book(request, times, 0, self._books.error_code(error), 0)
            if self._waiting and not self._opening():
                self._open()
            self._check_over()

    def _opening(self) -> bool:
        return any(not connection.ready for connection in self._all)

    def _next_of(self, connection: Connection) -> None:
        if self._waiting:
            request, intended = self._waiting.popleft()
            self._send(connection, request, intended)
        else:
            self._idle.append(connection)

    def _at_work(self) -> int:
        return self.in_flight + len(self._waiting)

    @property
    def at_rest(self) -> bool:
        """Tell whether nothing is under way and nothing is to come."""
        return self._next == inf and not self._users and not self._waiting and not self.in_flight

    def _check_over(self) -> None:
        if self.at_rest:
            self._over()

    # --- The books --------------------------------------------------------------------------------

    def _book(
        self,
        request: Compiled,
        times: tuple[float, float, float, float],
        status: int,
        error: int,
        length: int,
    ) -> None:
        """Write a row; times are the intended start, the send, the first byte and the end."""
        name = self._names.get(request.name)
        if name is None:
            name = self._names[request.name] = self._books.name_code(request.name, request.method)
        intended, began, first, ended = times
        self._write(
            (name, intended + ORIGIN, began + ORIGIN, first + ORIGIN, ended + ORIGIN, status, error, length)
        )

    def _checked(self, request: Compiled, connection: Connection) -> int:
        complaint = request.check and request.check(connection.body())
        return self._books.error_code(complaint) if complaint else 0

    def _drop(self, request: Compiled, intended: float) -> None:
        if intended == intended:  # noqa: PLR0124 - not NaN: users of a closed load have no schedule to miss
            self._books.dropped(intended + ORIGIN, NO_ROOM, request.name)


def _complaint(request: Compiled, status: int) -> str:
    return f"status {status}" if request.expect is None else "unexpected answer"
