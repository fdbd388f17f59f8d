"""Connections for greenlets: one asks, waits for its answer, and leaves the connection to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import gevent
from gevent import getcurrent, socket
from gevent.hub import get_hub

from loadtests.http.compiled_request import Compiled
from loadtests.http.connection import IDLE_SECONDS, Connection, reason
from loadtests.http.response_parser import Heads
from loadtests.http.responses import Reply
from loadtests.recording.recorder import UNANSWERED

SWEEP_SECONDS = 0.1
"""How often connections are looked for that do not move."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go."""

    host: str
    port: int
    tls: bool


class _Lent(Connection):
    """A connection that a greenlet waits on."""

    __slots__ = ("origin", "outcome", "waiter")

    origin: Origin
    outcome: Reply | None
    waiter: Any


class Pool:
    """Exchanges requests for answers over connections that are kept, the latest used first.

    A connection may take ``connect_seconds`` to stand, and an answer ``answer_seconds`` between two of its
    bytes; ``context`` makes the TLS context. Nothing is sent twice.
    """

    def __init__(self, context: Callable[[], Any], connect_seconds: float, answer_seconds: float) -> None:
        self._hub = get_hub()
        self._context = context
        self._tls: Any = None
        self._connect_seconds, self._answer_seconds = connect_seconds, answer_seconds
        self.heads = Heads()
        self.closing = False
        """Users that are not at a task already are to begin none."""
        self._idle: dict[Origin, list[_Lent]] = defaultdict(list)
        self._all: set[_Lent] = set()
        self._addresses: dict[Origin, list[tuple[int, Any]]] = {}
        self._sweeping: gevent.Greenlet[[], None] | None = None

    def exchange(self, origin: Origin, request: Compiled) -> Reply:
        """Send a request, and wait for what comes of it."""
        idle = self._idle[origin]
        try:
            connection = idle.pop() if idle else self._connect(origin)
        except OSError as error:
            return Reply(None, 0, reason(error), perf_counter())
        if connection.outcome is None:
            connection.waiter = getcurrent()
            connection.send(request, 0.0)
            self._await(connection)
        reply = connection.outcome
        connection.outcome = None
        if not connection.closed:
            idle.append(connection)
        return reply  # type: ignore[return-value]  # _await ends when there is one

    def close(self) -> None:
        """Close every connection; who waits on one is told so."""
        if self._sweeping:
            self._sweeping.kill()
        for connection in list(self._all):
            self._hub.loop.run_callback(connection.close, UNANSWERED)

    # --- Called by connections --------------------------------------------------------------------

    def connected(self, connection: Any) -> None:
        """Wake the greenlet that wanted it."""
        self._wake(connection)

    def done(self, connection: Any, status: int, error: str | None, ended: float) -> None:
        """Hand the answer over."""
        if connection.closed:
            self._all.discard(connection)
        connection.outcome = Reply(connection, status, error, ended)
        self._wake(connection)

    def lost(self, connection: Any, error: str) -> None:
        """Forget a connection; a greenlet that wanted it hears why."""
        self._all.discard(connection)
        idle = self._idle[connection.origin]
        if connection in idle:
            idle.remove(connection)
            return
        connection.outcome = Reply(connection, 0, error, connection.active)
        self._wake(connection)

    # --- Inside -----------------------------------------------------------------------------------

    def _connect(self, origin: Origin) -> _Lent:
        """Open a connection to the first of the addresses that takes one, or to none."""
        if self._sweeping is None:
            self._sweeping = gevent.spawn(self._sweep)
        addresses = self._addresses.get(origin)
        if addresses is None:
            found = socket.getaddrinfo(origin.host, origin.port, 0, socket.SOCK_STREAM)
            addresses = self._addresses[origin] = [(family, place) for family, _, _, _, place in found]
        if origin.tls and self._tls is None:
            self._tls = self._context()
        for address in addresses:
            connection = self._connect_to(origin, address)
            if connection.ready:
                if address != self._addresses[origin][0]:
                    self._addresses[origin] = [address, *(one for one in addresses if one != address)]
                break
        return connection

    def _connect_to(self, origin: Origin, address: tuple[int, Any]) -> _Lent:
        """Open a connection, and wait until it stands or is lost."""
        connection = _Lent(self._hub.loop, self, address, self._tls if origin.tls else None, origin.host)
        connection.origin, connection.outcome, connection.waiter = origin, None, getcurrent()
        self._all.add(connection)
        while not connection.ready and connection.outcome is None:
            self._switch(connection)
        return connection

    def _await(self, connection: _Lent) -> None:
        while connection.outcome is None:
            self._switch(connection)

    def _switch(self, connection: _Lent) -> None:
        try:
            self._hub.switch()
        except BaseException:  # the greenlet is killed, or out of its own patience
            connection.waiter = None
            connection.close(UNANSWERED)
            raise

    def _wake(self, connection: Any) -> None:
        waiter, connection.waiter = connection.waiter, None
        if waiter is not None and waiter is not getcurrent():
            waiter.switch()

    def _sweep(self) -> None:
        """End what does not move; from the loop, where greenlets may be woken."""
        while True:
            gevent.sleep(SWEEP_SECONDS)
            for connection in filter(self._still, list(self._all)):
                self._hub.loop.run_callback(self._end_if_still, connection)
            self._hub.loop.run_callback(self._end_idle)

    def _end_idle(self) -> None:
        """Close what nothing was sent on for a while: the latest used are at the end, and stay."""
        limit = perf_counter() - IDLE_SECONDS
        for idle in self._idle.values():
            for connection in [one for one in idle if one.active < limit]:
                connection.close("idle")

    def _end_if_still(self, connection: _Lent) -> None:
        if self._still(connection):
            connection.close("timed out")

    def _still(self, connection: _Lent) -> bool:
        patience = self._answer_seconds if connection.ready else self._connect_seconds
        waited = connection.busy or not (connection.ready or connection.closed)
        return waited and connection.active < perf_counter() - patience
