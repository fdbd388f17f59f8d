"""The engine of profiles that declare their requests."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from random import Random
from types import TracebackType
from typing import Any, Self

import gevent
from gevent import socket
from gevent.event import Event

from loadtests.clock import ORIGIN, now
from loadtests.engine import (
    DRAIN_SECONDS,
    GRACE_SECONDS,
    INTERRUPTED_SECONDS,
    TIMEOUT_SECONDS,
    EngineError,
)
from loadtests.hand import WHOLE, Deal, Hand
from loadtests.pacing import arrivals
from loadtests.profile import OpenProfile, Profile, Stage, UserStage
from loadtests.recorder import Books
from loadtests.target import Target, parse_target
from loadtests.wire.connection import Connection
from loadtests.wire.dispatcher import Dispatcher
from loadtests.wire.request import Compiled, compiled
from loadtests.wire.tls import verifying_context

SWEEP_SECONDS = 0.1
"""How often what does not move is looked for, and rows are taken into the books."""
MOST_CONNECTIONS = 10_000
_PROBE_SECONDS = 1.0
_RARE = 1_000_000
_BLOCK = 1_024


class WireEngine:
    """Sends declared requests from callbacks on gevent's own loop, on raw sockets."""

    name = "wire"

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._dispatcher: Dispatcher | None = None
        self._sweeping: gevent.Greenlet[[], None] | None = None
        self._books = Books()
        self._deals: tuple[Deal, ...] = WHOLE

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""
        return {name: version(name) for name in ("gevent", "httptools")}

    @property
    def in_flight(self) -> int:
        """Requests that are under way now."""
        return self._dispatcher.in_flight if self._dispatcher else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sweeping:
            self._sweeping.kill()
        if self._dispatcher:
            self._dispatcher.close()

    def start(self, target: str, books: Books) -> None:
        """Make ready to send; see :class:`loadtests.engine.Engine`."""
        try:
            place = parse_target(target)
            address = _address(place)
        except (ValueError, OSError) as error:
            raise EngineError(f"{target} can't be loaded: {error}") from None
        requests = [compiled(one, place) for one in self._profile.requests or []]
        weights = [one.weight for one in self._profile.requests or []]
        profile = self._profile
        most = profile.max_in_flight if isinstance(profile, OpenProfile) else MOST_CONNECTIONS
        loop = gevent.get_hub().loop
        connect = _connector(loop, place, address)
        self._dispatcher = Dispatcher(loop, connect, _chooser(requests, weights, self._seed), most)
        self._take(books)
        self._sweeping = gevent.spawn(self._sweep)

    def send(self, stages: Sequence[Stage | UserStage], begin: float, books: Books) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        if self._dispatcher is None:
            raise EngineError("the engine was not started")
        self._take(books)
        over = Event()
        with _rare_collection():
            try:
                self._send(self._dispatcher, stages, begin, over)
            except BaseException:
                self._dispatcher.stop()
                over.wait(INTERRUPTED_SECONDS)
                self._dispatcher.abandon()
                raise
        self._dispatcher.stop()
        self._dispatcher.abandon()

    def _send(
        self, dispatcher: Dispatcher, stages: Sequence[Stage | UserStage], begin: float, over: Event
    ) -> None:
        end = begin + sum(stage.duration_seconds for stage in stages)
        if isinstance(self._profile, OpenProfile):
            scheduled = [stage for stage in stages if isinstance(stage, Stage)]
            hand = Hand(arrivals(scheduled, self._profile.arrivals, self._seed), self._deals)
            dispatcher.follow(hand, begin - ORIGIN, over.set)
            if not over.wait(end + GRACE_SECONDS - now()):
                dispatcher.stop()
        else:
            until = begin
            for stage in stages:
                until += stage.duration_seconds
                dispatcher.serve(stage.users if isinstance(stage, UserStage) else 0, over.set)
                gevent.sleep(max(until - now(), 0.0))
            dispatcher.stop()
        over.wait(end + DRAIN_SECONDS - now())

    def _take(self, books: Books) -> None:
        self._books = books
        if self._dispatcher:
            self._dispatcher.use(books)

    def _sweep(self) -> None:
        while True:
            gevent.sleep(SWEEP_SECONDS)
            self._books.reduce()
            if self._dispatcher:
                self._dispatcher.sweep(TIMEOUT_SECONDS)


def _address(target: Target) -> tuple[int, Any]:
    """Give the address of a service: of several, the first that takes a connection.

    ``localhost`` is ``::1`` first on many machines, while the service listens on 127.0.0.1 alone.
    """
    found = socket.getaddrinfo(target.host, target.port, 0, socket.SOCK_STREAM)
    addresses = [(family, place) for family, _, _, _, place in found]
    for family, place in addresses if len(addresses) > 1 else ():
        with socket.socket(family, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.settimeout(_PROBE_SECONDS)
            probe.connect(place)
            return family, place
    return addresses[0]


def _connector(loop: Any, target: Target, address: tuple[int, Any]) -> Callable[[Dispatcher], Connection]:
    """Give what opens a connection to an address that was resolved."""
    tls = verifying_context() if target.tls else None
    return lambda owner: Connection(loop, owner, address, tls, target.host)


def _chooser(requests: list[Compiled], weights: list[int], seed: int) -> Callable[[int], Compiled]:
    """Give what draws the request of an arrival by weight; the same seed draws the same for its number."""
    if len(requests) == 1:
        return lambda _: requests[0]

    @lru_cache(maxsize=4)
    def block(number: int) -> list[Compiled]:
        return Random(f"{seed}/{number}").choices(requests, weights, k=_BLOCK)

    return lambda number: block(number // _BLOCK)[number % _BLOCK]


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Keep the garbage collector from pausing the load: little is made that needs it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_RARE, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
