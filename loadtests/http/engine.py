"""The engine of profiles that declare their requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import gevent
from gevent import socket
from gevent.event import Event

from loadtests.http.connection import Connection
from loadtests.http.dispatcher import Dispatcher
from loadtests.http.request_selector import choice
from loadtests.http.tls import trusting_context, verifying_context
from loadtests.profile.profile_models import OpenProfile, Profile, Stage, UserStage
from loadtests.profile.target_url import Target, parse_target, without_secrets
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import ORIGIN, now
from loadtests.schedule.engine import GRACE_SECONDS, INTERRUPTED_SECONDS, EngineError, drain_seconds, share_of
from loadtests.schedule.pacing import arrivals
from loadtests.schedule.schedule_shard import WHOLE, Deal, Hand
from slo.model import GeneratorProcess

SWEEP_SECONDS = 0.1
"""How often what does not move is looked for, and rows are taken into the books."""
MOST_CONNECTIONS = 10_000
_PROBE_SECONDS = 1.0


class WireEngine:
    """Sends declared requests from callbacks on gevent's own loop, on raw sockets."""

    name = "wire"

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._dispatcher: Dispatcher | None = None
        self._sweeping: gevent.Greenlet[[], None] | None = None
        self._books = Books()
        self._over = Event()
        self._users, self._deal = 0, WHOLE[0]

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
            raise EngineError(f"{without_secrets(target)} can't be loaded: {error}") from None
        profile = self._profile
        most = profile.max_in_flight if isinstance(profile, OpenProfile) else MOST_CONNECTIONS
        loop = gevent.get_hub().loop
        context = trusting_context if profile.insecure else verifying_context
        connect = _connector(loop, place, address, context() if place.tls else None)
        self._dispatcher = Dispatcher(loop, connect, choice(profile, place, self._seed), most)
        self._take(books)
        self._sweeping = gevent.spawn(self._sweep)

    @property
    def lead_seconds(self) -> float:
        """Tell how long an order takes to arrive."""
        return 0.0

    def processes(self) -> Sequence[GeneratorProcess]:
        """Give none: it sends itself."""
        return ()

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        begin: float,
        books: Books,
        deals: Sequence[Deal] = WHOLE,
    ) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        if self._dispatcher is None:
            raise EngineError("the engine was not started")
        self._take(books)
        try:
            self._send(self._dispatcher, stages, begin, deals)
        except BaseException:
            self._dispatcher.stop()
            self._rests(self._dispatcher, now() + INTERRUPTED_SECONDS)
            self._dispatcher.abandon()
            raise
        self._dispatcher.stop()
        self._dispatcher.abandon()

    def deal(self, deal: Deal) -> None:
        """Go on with another share; see :class:`loadtests.engine.Engine`."""
        if self._dispatcher and isinstance(self._profile, OpenProfile):
            self._dispatcher.deal(deal)
        elif self._dispatcher:
            self._deal = deal
            self._dispatcher.serve(share_of(self._users, deal), self._over.set)

    def _send(
        self,
        dispatcher: Dispatcher,
        stages: Sequence[Stage | UserStage],
        begin: float,
        deals: Sequence[Deal],
    ) -> None:
        end = begin + sum(stage.duration_seconds for stage in stages)
        if isinstance(self._profile, OpenProfile):
            scheduled = [stage for stage in stages if isinstance(stage, Stage)]
            hand = Hand(arrivals(scheduled, self._profile.arrivals, self._seed), deals)
            dispatcher.follow(hand, begin - ORIGIN, self._over.set)
            gevent.sleep(max(end - now(), 0.0))  # a deal may still come when all is sent
            if not self._rests(dispatcher, end + GRACE_SECONDS):
                dispatcher.stop()
        else:
            until, self._deal = begin, deals[-1]
            gevent.sleep(max(begin - now(), 0.0))
            for stage in stages:
                until += stage.duration_seconds
                self._users = stage.users if isinstance(stage, UserStage) else 0
                dispatcher.serve(share_of(self._users, self._deal), self._over.set)
                gevent.sleep(max(until - now(), 0.0))
            dispatcher.stop()
        self._rests(dispatcher, end + drain_seconds(self._profile.timeout_seconds))

    def _rests(self, dispatcher: Dispatcher, until: float) -> bool:
        """Wait until nothing is under way any more, and tell whether that came in time."""
        while not dispatcher.at_rest and now() < until:
            self._over.clear()
            self._over.wait(max(until - now(), 0.0))
        return dispatcher.at_rest

    def _take(self, books: Books) -> None:
        self._books = books
        if self._dispatcher:
            self._dispatcher.use(books)

    def _sweep(self) -> None:
        while True:
            gevent.sleep(SWEEP_SECONDS)
            self._books.reduce()
            if self._dispatcher:
                self._dispatcher.sweep(self._profile.timeout_seconds)


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


def _connector(
    loop: Any, target: Target, address: tuple[int, Any], tls: Any
) -> Callable[[Dispatcher], Connection]:
    """Give what opens a connection to an address that was resolved."""
    return lambda owner: Connection(loop, owner, address, tls, target.host)
