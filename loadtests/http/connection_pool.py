"""A pool of connections for greenlets; a greenlet has a connection to itself until its response is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import gevent
from gevent import getcurrent, socket
from gevent.hub import get_hub

from loadtests.http.compiled_request import CompiledRequest
from loadtests.http.connection import MAX_IDLE_SECONDS, Connection, classify_os_error
from loadtests.http.raw_response import RawResponse
from loadtests.http.response_parser import ResponseHeadCache
from loadtests.recording import UNANSWERED_AT_END

SWEEP_INTERVAL_SECONDS = 0.1
"""Interval at which the pool looks for stalled and idle connections."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Host, port and scheme of a server (RFC 6454)."""

    host: str
    port: int
    uses_tls: bool


class _PooledConnection(Connection):
    """A connection with the greenlet that waits for its response."""

    __slots__ = ("origin", "response", "waiter")

    origin: Origin
    response: RawResponse | None
    waiter: Any


class ConnectionPool:
    """Sends requests over keep-alive connections, the most recently used connection first.

    Timeouts in seconds: ``connect_timeout`` to establish a connection, ``response_timeout`` between two bytes
    of a response. ``create_tls_context`` is called for the first HTTPS request. No request is sent twice.
    """

    def __init__(
        self, create_tls_context: Callable[[], Any], connect_timeout: float, response_timeout: float
    ) -> None:
        self._hub = get_hub()
        self._create_tls_context = create_tls_context
        self._tls_context: Any = None
        self._connect_timeout, self._response_timeout = connect_timeout, response_timeout
        self.head_cache = ResponseHeadCache()
        self.is_closing = False
        """Users outside a task must not start another one."""
        self._idle: dict[Origin, list[_PooledConnection]] = defaultdict(list)
        self._all: set[_PooledConnection] = set()
        self._addresses: dict[Origin, list[tuple[int, Any]]] = {}
        self._sweeper: gevent.Greenlet[[], None] | None = None

    def exchange(self, origin: Origin, request: CompiledRequest) -> RawResponse:
        """Send a request; wait for its response, and return it or the error in its place."""
        idle = self._idle[origin]
        try:
            connection = idle.pop() if idle else self._connect(origin)
        except OSError as error:
            return RawResponse(None, 0, classify_os_error(error), perf_counter())
        if connection.response is None:
            connection.waiter = getcurrent()
            connection.send(request, 0.0)
            self._wait_for_response(connection)
        response = connection.response
        connection.response = None
        if not connection.is_closed:
            idle.append(connection)
        return response  # type: ignore[return-value]  # _wait_for_response returns when it is set

    def close(self) -> None:
        """Close every connection; requests in flight end as unanswered."""
        if self._sweeper:
            self._sweeper.kill()
        for connection in list(self._all):
            self._hub.loop.run_callback(connection.close, UNANSWERED_AT_END)

    # --- Called by connections --------------------------------------------------------------------

    def on_connected(self, connection: Any) -> None:
        """Wake the greenlet that opened the connection."""
        self._wake_waiter(connection)

    def on_request_done(self, connection: Any, status: int, error: str | None, ended_at: float) -> None:
        """Pass the response to the greenlet that waits for it."""
        if connection.is_closed:
            self._all.discard(connection)
        connection.response = RawResponse(connection, status, error, ended_at)
        self._wake_waiter(connection)

    def on_connection_lost(self, connection: Any, error: str) -> None:
        """Remove a closed connection; a greenlet that waits for it gets the error."""
        self._all.discard(connection)
        idle = self._idle[connection.origin]
        if connection in idle:
            idle.remove(connection)
            return
        connection.response = RawResponse(connection, 0, error, connection.last_active_at)
        self._wake_waiter(connection)

    # --- Connecting and waiting -------------------------------------------------------------------

    def _connect(self, origin: Origin) -> _PooledConnection:
        """Return a connection to the first address that accepts one, else the failed one to the last."""
        if self._sweeper is None:
            self._sweeper = gevent.spawn(self._run_sweeps)
        addresses = self._addresses.get(origin)
        if addresses is None:
            resolved = socket.getaddrinfo(origin.host, origin.port, 0, socket.SOCK_STREAM)
            addresses = [(family, socket_address) for family, _, _, _, socket_address in resolved]
            self._addresses[origin] = addresses
        if origin.uses_tls and self._tls_context is None:
            self._tls_context = self._create_tls_context()
        for address in addresses:
            connection = self._open_connection(origin, address)
            if connection.is_ready:
                if address != self._addresses[origin][0]:
                    others = (other for other in addresses if other != address)
                    self._addresses[origin] = [address, *others]
                break
        return connection

    def _open_connection(self, origin: Origin, address: tuple[int, Any]) -> _PooledConnection:
        """Open a connection; wait until it is established or has failed."""
        connection = _PooledConnection(
            self._hub.loop, self, address, self._tls_context if origin.uses_tls else None, origin.host
        )
        connection.origin, connection.response, connection.waiter = origin, None, getcurrent()
        self._all.add(connection)
        while not connection.is_ready and connection.response is None:
            self._switch_to_hub(connection)
        return connection

    def _wait_for_response(self, connection: _PooledConnection) -> None:
        while connection.response is None:
            self._switch_to_hub(connection)

    def _switch_to_hub(self, connection: _PooledConnection) -> None:
        try:
            self._hub.switch()
        except BaseException:  # the greenlet is killed, or a timeout of its own has expired
            connection.waiter = None
            connection.close(UNANSWERED_AT_END)
            raise

    def _wake_waiter(self, connection: Any) -> None:
        waiter, connection.waiter = connection.waiter, None
        if waiter is not None and waiter is not getcurrent():
            waiter.switch()

    def _run_sweeps(self) -> None:
        """Close stalled and idle connections, in the loop's callbacks: only there may greenlets be woken."""
        while True:
            gevent.sleep(SWEEP_INTERVAL_SECONDS)
            for connection in filter(self._is_stalled, list(self._all)):
                self._hub.loop.run_callback(self._close_if_stalled, connection)
            self._hub.loop.run_callback(self._close_idle)

    def _close_idle(self) -> None:
        oldest = perf_counter() - MAX_IDLE_SECONDS
        for idle in self._idle.values():
            for connection in [candidate for candidate in idle if candidate.last_active_at < oldest]:
                connection.close("idle")

    def _close_if_stalled(self, connection: _PooledConnection) -> None:
        if self._is_stalled(connection):
            connection.close("timed out")

    def _is_stalled(self, connection: _PooledConnection) -> bool:
        timeout = self._response_timeout if connection.is_ready else self._connect_timeout
        is_awaited = connection.is_busy or not (connection.is_ready or connection.is_closed)
        return is_awaited and connection.last_active_at < perf_counter() - timeout
