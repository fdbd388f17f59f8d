"""Assigns the arrivals of a schedule to waiting users, at their times and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from time import perf_counter
from typing import Any

from gevent import getcurrent
from gevent.event import Event
from gevent.hub import get_hub

from loadtests.http import create_timer
from loadtests.recording import Recorder
from loadtests.schedule import CLOCK_ORIGIN, ShardAssignment, ShardCursor, now

BATCH_SIZE = 32
"""Late arrivals released in one callback, before the loop runs other callbacks."""


class Arrival:
    """One arrival of a schedule, with its user and the state of its task; times in Unix seconds.

    ``is_settled`` is set when the task is over, ``is_abandoned`` if the load ended before that.
    """

    __slots__ = (
        "intended_start",
        "is_abandoned",
        "is_settled",
        "number",
        "recorder",
        "request_count",
        "task_started_at",
        "user",
    )

    def __init__(self, number: int, intended_start: float, recorder: Recorder) -> None:
        self.number, self.intended_start, self.recorder = number, intended_start, recorder
        self.task_started_at = inf
        self.request_count = 0
        self.is_settled = self.is_abandoned = False
        self.user: Any = None


class _WaitingUser:
    """A user's greenlet that waits for an arrival."""

    __slots__ = ("arrival", "greenlet")

    def __init__(self, greenlet: Any) -> None:
        self.greenlet = greenlet
        self.arrival: Arrival | None = None


class ArrivalQueue:
    """The arrivals of one schedule at a time, for all users of a process.

    ``select_class`` returns the index of the user class that runs the n-th arrival, of ``class_count``.
    ``on_shortage`` is called, in a callback of the loop, when no user of that class is free any more.
    """

    def __init__(
        self,
        class_count: int = 1,
        select_class: Callable[[int], int] = lambda _: 0,
        on_shortage: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._select_class, self._on_shortage = select_class, on_shortage
        self._hub = get_hub()
        self._timer = create_timer(self._hub.loop, self._release_due_arrivals)
        self._cursor, self._start_time = ShardCursor(), 0.0
        self._next_start, self._next_number = inf, 0
        self._waiting_users: list[deque[_WaitingUser]] = [deque() for _ in range(class_count)]
        self._due: list[deque[Arrival]] = [deque() for _ in range(class_count)]
        """By user class."""
        self._finished = Event()
        self.recorder = Recorder()
        self.deadline = inf
        self.pending: set[Arrival] = set()

    @property
    def free_user_count(self) -> int:
        """Number of users that wait for an arrival."""
        return sum(map(len, self._waiting_users))

    def count_due(self, user_class: int) -> int:
        """Return the number of arrivals that wait for a user of this class."""
        return len(self._due[user_class])

    def start(self, cursor: ShardCursor, start_time: float, deadline: float, recorder: Recorder) -> None:
        """Release the arrivals of ``cursor``, which are relative to ``start_time``, until ``deadline``.

        Both times are in Unix seconds.
        """
        self._cursor, self._start_time, self.deadline, self.recorder = cursor, start_time, deadline, recorder
        self._set_next_arrival(cursor.take_next())
        self._hub.loop.run_callback(self._release_due_arrivals)

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue with another shard of the schedule."""
        self._set_next_arrival(self._cursor.reassign(assignment))
        self._hub.loop.run_callback(self._release_due_arrivals)

    def take(self, user_class: int = 0) -> Arrival:
        """Wait for the next due arrival of a user class that no other user has taken, and return it."""
        if self._due[user_class]:
            return self._due[user_class].popleft()
        waiting_user, waiting_users = _WaitingUser(getcurrent()), self._waiting_users[user_class]
        waiting_users.append(waiting_user)
        try:
            while waiting_user.arrival is None:
                self._hub.switch()
        except BaseException:
            if waiting_user in waiting_users:
                waiting_users.remove(waiting_user)
            raise
        return waiting_user.arrival

    def settle(self, arrival: Arrival) -> None:
        """Mark an arrival as finished; its requests have been recorded."""
        arrival.is_settled = True
        self.pending.discard(arrival)
        self._notify_if_finished()

    def wait_until_settled(self, timeout_seconds: float) -> None:
        """Wait until every arrival is settled, but at most ``timeout_seconds``."""
        give_up_at = now() + timeout_seconds
        while (self._next_start < inf or self.pending) and now() < give_up_at:
            self._finished.clear()
            self._finished.wait(timeout=max(give_up_at - now(), 0.0))

    def stop(self) -> list[float]:
        """Release no further arrival; return the intended starts of those due that were not released."""
        end = min(now(), self.deadline)
        unreleased = []
        while self._next_start <= end:
            unreleased.append(self._next_start)
            self._set_next_arrival(self._cursor.take_next())
        self._set_next_arrival(None)
        self._cursor = ShardCursor()
        for due in self._due:
            due.clear()
        return unreleased

    def close(self) -> None:
        """Close the timer."""
        self._timer.close()

    def _release_due_arrivals(self) -> None:
        left = BATCH_SIZE
        while self._next_start <= CLOCK_ORIGIN + perf_counter() and left:
            arrival = Arrival(self._next_number, self._next_start, self.recorder)
            self.pending.add(arrival)
            self._set_next_arrival(self._cursor.take_next())
            self._release(arrival)
            left -= 1
        if self._next_start <= CLOCK_ORIGIN + perf_counter():
            self._hub.loop.run_callback(self._release_due_arrivals)
        elif self._next_start < inf:
            self._timer.set(self._next_start - CLOCK_ORIGIN)
        else:
            self._notify_if_finished()

    def _release(self, arrival: Arrival) -> None:
        user_class = self._select_class(arrival.number)
        waiting_users = self._waiting_users[user_class]
        if len(waiting_users) <= 1:
            self._on_shortage(user_class)
        if not waiting_users:
            self._due[user_class].append(arrival)
            return
        waiting_user = waiting_users.popleft()
        waiting_user.arrival = arrival
        waiting_user.greenlet.switch()

    def _set_next_arrival(self, arrival: tuple[int, float] | None) -> None:
        if arrival is None:
            self._next_start = inf
        else:
            self._next_number, self._next_start = arrival[0], self._start_time + arrival[1]

    def _notify_if_finished(self) -> None:
        if self._next_start == inf and not self.pending:
            self._finished.set()
