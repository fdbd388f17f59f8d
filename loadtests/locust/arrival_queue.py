"""Assigns the arrivals of a schedule to waiting users, at their times and in order."""

from __future__ import annotations

from collections import deque
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
    """The arrivals of one schedule at a time, for all users of a process."""

    def __init__(self) -> None:
        self._hub = get_hub()
        self._timer = create_timer(self._hub.loop, self._release_due_arrivals)
        self._cursor, self._start_time = ShardCursor(), 0.0
        self._next_start, self._next_number = inf, 0
        self._waiting_users: deque[_WaitingUser] = deque()
        self._due: deque[Arrival] = deque()
        self._finished = Event()
        self.recorder = Recorder()
        self.deadline = inf
        self.pending: set[Arrival] = set()

    @property
    def free_user_count(self) -> int:
        """Number of users that wait for an arrival."""
        return len(self._waiting_users)

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

    def take(self) -> Arrival:
        """Wait for the next due arrival that no other user has taken, and return it."""
        if self._due:
            return self._due.popleft()
        waiting_user = _WaitingUser(getcurrent())
        self._waiting_users.append(waiting_user)
        try:
            while waiting_user.arrival is None:
                self._hub.switch()
        except BaseException:
            if waiting_user in self._waiting_users:
                self._waiting_users.remove(waiting_user)
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
        self._due.clear()
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
        if not self._waiting_users:
            self._due.append(arrival)
            return
        waiting_user = self._waiting_users.popleft()
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
