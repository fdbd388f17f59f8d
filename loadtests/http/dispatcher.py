"""Assigns requests to connections: at the times of a schedule, or in turn for a number of users."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from math import inf
from time import perf_counter
from typing import Any

from loadtests.http.compiled_request import CompiledRequest
from loadtests.http.connection import MAX_IDLE_SECONDS, Connection, classify_os_error
from loadtests.http.request_selector import RequestSelector
from loadtests.http.response_parser import ResponseHeadCache
from loadtests.http.timer import create_timer
from loadtests.recording import UNANSWERED_AT_END, Recorder
from loadtests.schedule import CLOCK_ORIGIN, ShardAssignment, ShardCursor

BATCH_SIZE = 32
"""Late arrivals sent in one callback, before responses are read again."""
NO_FREE_CONNECTION = "no connection was free"
_FIRST_ERROR_STATUS = 400
_NAN = float("nan")

OpenConnection = Callable[["Dispatcher"], Connection]


class Dispatcher:
    """Sends through at most ``max_connections``; a request that finds none free waits and is sent late."""

    def __init__(
        self,
        loop: Any,
        open_connection: OpenConnection,
        select_request: RequestSelector,
        max_connections: int,
    ) -> None:
        self._loop, self._max_connections = loop, max_connections
        self._create_connection, self._select_request = open_connection, select_request
        self.head_cache = ResponseHeadCache()
        self.in_flight = 0
        """Number of requests sent that have no response yet."""
        self._timer = create_timer(loop, self._send_due_arrivals)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[tuple[CompiledRequest, float]] = deque()
        self._cursor = ShardCursor()
        self._start_time = 0.0
        self._next_start, self._next_number = inf, 0
        self._user_count, self._request_numbers = 0, count()
        self._on_finished: Callable[[], None] = lambda: None
        self.set_recorder(Recorder())

    # --- Called by the engine ---------------------------------------------------------------------

    def set_recorder(self, recorder: Recorder) -> None:
        """Record requests in this recorder from now on."""
        self._recorder = recorder
        self._write = recorder.row_writer
        self._name_codes: dict[str, int] = {}

    def send_schedule(self, cursor: ShardCursor, start_time: float, on_finished: Callable[[], None]) -> None:
        """Send the arrivals of ``cursor``; call ``on_finished`` after the last response.

        ``start_time`` is in seconds of :func:`time.perf_counter`.
        """
        self._cursor, self._start_time, self._on_finished = cursor, start_time, on_finished
        self._set_next_arrival(cursor.take_next())
        self._send_due_arrivals()

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue with another shard of the schedule."""
        self._set_next_arrival(self._cursor.reassign(assignment))
        self._send_due_arrivals()

    def run_users(self, users: int, on_finished: Callable[[], None]) -> None:
        """Keep ``users`` requests in flight, each sent after a response; call ``on_finished`` after the last.

        The last response is that after :meth:`stop`, or after a call with 0 users.
        """
        self._user_count, self._on_finished = users, on_finished
        for _ in range(users - self._count_pending()):
            self._start_request(self._select_request(next(self._request_numbers)), _NAN)

    def stop(self) -> None:
        """Send no further request; those in flight continue."""
        self._user_count = 0
        now = perf_counter()
        for request, intended_start in self._waiting:
            self._record_drop(request, intended_start)
        self._waiting.clear()
        while self._next_start <= now:
            self._record_drop(self._select_request(self._next_number), self._next_start)
            self._set_next_arrival(self._cursor.take_next())
        self._set_next_arrival(None)
        self._cursor = ShardCursor()
        self._notify_if_finished()

    def close_stalled(self, timeout_seconds: float) -> None:
        """Close connections that transferred nothing for ``timeout_seconds``, and those idle for too long."""
        now = perf_counter()
        for connection in list(self._all):
            is_awaited = connection.is_busy or not connection.is_ready
            if is_awaited and connection.last_active_at < now - timeout_seconds:
                connection.close("timed out")
        oldest = now - MAX_IDLE_SECONDS
        for connection in [candidate for candidate in self._idle if candidate.last_active_at < oldest]:
            connection.close("idle")

    def abandon_requests(self) -> None:
        """End every request in flight as unanswered."""
        for connection in list(self._all):
            if connection.is_busy:
                connection.close(UNANSWERED_AT_END)

    def close(self) -> None:
        """Close the timer and every connection."""
        self._timer.close()
        for connection in list(self._all):
            connection.close(UNANSWERED_AT_END)

    # --- Arrivals ---------------------------------------------------------------------------------

    def _send_due_arrivals(self) -> None:
        now, left = perf_counter(), BATCH_SIZE
        while self._next_start <= now and left:
            request, intended_start = self._select_request(self._next_number), self._next_start
            self._set_next_arrival(self._cursor.take_next())
            self._start_request(request, intended_start)
            left -= 1
        if self._next_start <= perf_counter():
            self._loop.run_callback(self._send_due_arrivals)
        elif self._next_start < inf:
            self._timer.set(self._next_start)
        else:
            self._notify_if_finished()

    def _set_next_arrival(self, arrival: tuple[int, float] | None) -> None:
        if arrival is None:
            self._next_start = inf
        else:
            self._next_number, self._next_start = arrival[0], self._start_time + arrival[1]

    def _start_request(self, request: CompiledRequest, intended_start: float) -> None:
        if self._idle:
            self._send(self._idle.pop(), request, intended_start)
            return
        self._waiting.append((request, intended_start))
        if len(self._all) < self._max_connections:
            self._open_connection()

    def _send(self, connection: Connection, request: CompiledRequest, intended_start: float) -> None:
        self.in_flight += 1
        connection.send(request, intended_start)

    def _open_connection(self) -> None:
        try:
            self._all.add(self._create_connection(self))
        except OSError as error:
            if not self._all:
                self._fail_waiting(classify_os_error(error))

    def _fail_waiting(self, error: str) -> None:
        """Record every waiting request as sent and failed: no connection can be opened."""
        now = perf_counter()
        while self._waiting:
            request, intended_start = self._waiting.popleft()
            times = (intended_start, now, _NAN, now)
            self._record(request, times, 0, self._recorder.encode_error(error), 0)

    # --- Called by connections --------------------------------------------------------------------

    def on_connected(self, connection: Connection) -> None:
        """Send the first request of an established connection."""
        self._send_next_waiting(connection)

    def on_request_done(
        self, connection: Connection, status: int, error: str | None, ended_at: float
    ) -> None:
        """Record a finished request, and send the next one."""
        request = connection.request
        if request is None:
            return
        self.in_flight -= 1
        if error is None and (
            status == request.expected_status
            or (request.expected_status is None and status < _FIRST_ERROR_STATUS)
        ):
            error_code = 0 if request.check_body is None else self._check_body(request, connection)
        else:
            error_code = self._recorder.encode_error(error or _classify_response(request, status))
        times = (connection.intended_start, connection.sent_at, connection.first_byte_at, ended_at)
        self._record(request, times, status, error_code, connection.body_bytes)
        if self._user_count and self._count_pending() < self._user_count:
            self._waiting.append((self._select_request(next(self._request_numbers)), _NAN))
        if connection.is_closed:
            self._all.discard(connection)
            if self._waiting:
                self._open_connection()
        else:
            self._send_next_waiting(connection)
        self._notify_if_finished()

    def on_connection_lost(self, connection: Connection, error: str) -> None:
        """Remove a closed connection; if it was never established, one waiting request failed with it."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        elif self._waiting:
            request, intended_start = self._waiting.popleft()
            times = (intended_start, connection.sent_at, _NAN, perf_counter())
            self._record(request, times, 0, self._recorder.encode_error(error), 0)
            if self._waiting and not self._is_connecting():
                self._open_connection()
            self._notify_if_finished()

    def _is_connecting(self) -> bool:
        return any(not connection.is_ready for connection in self._all)

    def _send_next_waiting(self, connection: Connection) -> None:
        if self._waiting:
            request, intended_start = self._waiting.popleft()
            self._send(connection, request, intended_start)
        else:
            self._idle.append(connection)

    def _count_pending(self) -> int:
        return self.in_flight + len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in flight or waiting and no arrival is left."""
        return self._next_start == inf and not self._user_count and not self._waiting and not self.in_flight

    def _notify_if_finished(self) -> None:
        if self.is_idle:
            self._on_finished()

    # --- Recording --------------------------------------------------------------------------------

    def _record(
        self,
        request: CompiledRequest,
        times: tuple[float, float, float, float],
        status: int,
        error_code: int,
        body_bytes: int,
    ) -> None:
        """Record a request; ``times`` are its intended start, its send, the first byte and the end."""
        name = self._name_codes.get(request.name)
        if name is None:
            name = self._name_codes[request.name] = self._recorder.encode_name(request.name, request.method)
        intended, sent, first, ended = times
        self._write((
            name, intended + CLOCK_ORIGIN, sent + CLOCK_ORIGIN, first + CLOCK_ORIGIN, ended + CLOCK_ORIGIN,
            status, error_code, body_bytes,
        ))  # fmt: skip

    def _check_body(self, request: CompiledRequest, connection: Connection) -> int:
        error = request.check_body and request.check_body(connection.read_body())
        return self._recorder.encode_error(error) if error else 0

    def _record_drop(self, request: CompiledRequest, intended_start: float) -> None:
        if intended_start == intended_start:  # noqa: PLR0124 - not NaN: a closed load has no schedule
            self._recorder.record_dropped(intended_start + CLOCK_ORIGIN, NO_FREE_CONNECTION, request.name)


def _classify_response(request: CompiledRequest, status: int) -> str:
    return f"status {status}" if request.expected_status is None else "unexpected answer"
