"""The engine for profiles that declare their requests."""

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
from loadtests.http.request_selector import create_request_selector
from loadtests.http.tls import create_trusting_context, create_verifying_context
from loadtests.profile import (
    OpenProfile,
    Profile,
    Stage,
    TargetUrl,
    UserStage,
    parse_target_url,
    remove_credentials,
)
from loadtests.recording import Recorder
from loadtests.schedule import (
    CLOCK_ORIGIN,
    INTERRUPT_DRAIN_SECONDS,
    LATE_START_SECONDS,
    WHOLE_SCHEDULE,
    EngineError,
    ShardAssignment,
    ShardCursor,
    compute_drain_seconds,
    compute_user_share,
    generate_arrivals,
    now,
)
from slo.model import GeneratorProcess

SWEEP_INTERVAL_SECONDS = 0.1
"""Interval at which stalled connections are closed and recorded rows are reduced to sums."""
MAX_CONNECTIONS = 10_000
_PROBE_TIMEOUT_SECONDS = 1.0


class HttpEngine:
    """Sends declared requests from callbacks on gevent's loop, on raw sockets."""

    name = "wire"

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        self._dispatcher: Dispatcher | None = None
        self._sweeper: gevent.Greenlet[[], None] | None = None
        self._recorder = Recorder()
        self._finished = Event()
        self._user_count, self._assignment = 0, WHOLE_SCHEDULE[0]

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send requests, by name."""
        return {name: version(name) for name in ("gevent", "httptools")}

    @property
    def in_flight(self) -> int:
        """Number of requests in flight."""
        return self._dispatcher.in_flight if self._dispatcher else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sweeper:
            self._sweeper.kill()
        if self._dispatcher:
            self._dispatcher.close()

    def start(self, target_url: str, recorder: Recorder) -> None:
        """Resolve the target URL and prepare to send; see :class:`loadtests.schedule.Engine`."""
        try:
            target = parse_target_url(target_url)
            address = _resolve_address(target)
        except (ValueError, OSError) as error:
            raise EngineError(f"{remove_credentials(target_url)} can't be loaded: {error}") from None
        profile = self._profile
        max_connections = profile.max_in_flight if isinstance(profile, OpenProfile) else MAX_CONNECTIONS
        loop = gevent.get_hub().loop
        create_context = create_trusting_context if profile.insecure else create_verifying_context
        tls_context = create_context() if target.uses_tls else None
        open_connection = _create_connection_factory(loop, target, address, tls_context)
        select_request = create_request_selector(profile, target, self._seed)
        self._dispatcher = Dispatcher(loop, open_connection, select_request, max_connections)
        self._set_recorder(recorder)
        self._sweeper = gevent.spawn(self._run_sweeps)

    @property
    def lead_seconds(self) -> float:
        """Seconds that an order to send takes to arrive: none within this process."""
        return 0.0

    def read_process_health(self) -> Sequence[GeneratorProcess]:
        """Return nothing: no other process sends for this engine."""
        return ()

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        recorder: Recorder,
        assignments: Sequence[ShardAssignment] = WHOLE_SCHEDULE,
    ) -> None:
        """Send the stages; see :class:`loadtests.schedule.Engine`."""
        if self._dispatcher is None:
            raise EngineError("the engine was not started")
        self._set_recorder(recorder)
        try:
            self._send_stages(self._dispatcher, stages, start_time, assignments)
        except BaseException:
            self._dispatcher.stop()
            self._wait_until_idle(self._dispatcher, now() + INTERRUPT_DRAIN_SECONDS)
            self._dispatcher.abandon_requests()
            raise
        self._dispatcher.stop()
        self._dispatcher.abandon_requests()

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue with another shard; see :class:`loadtests.schedule.Engine`."""
        if self._dispatcher and isinstance(self._profile, OpenProfile):
            self._dispatcher.assign_shard(assignment)
        elif self._dispatcher:
            self._assignment = assignment
            self._dispatcher.run_users(compute_user_share(self._user_count, assignment), self._finished.set)

    def _send_stages(
        self,
        dispatcher: Dispatcher,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        assignments: Sequence[ShardAssignment],
    ) -> None:
        end = start_time + sum(stage.duration_seconds for stage in stages)
        if isinstance(self._profile, OpenProfile):
            scheduled = [stage for stage in stages if isinstance(stage, Stage)]
            arrivals = generate_arrivals(scheduled, self._profile.arrivals, self._seed)
            cursor = ShardCursor(arrivals, assignments)
            dispatcher.send_schedule(cursor, start_time - CLOCK_ORIGIN, self._finished.set)
            gevent.sleep(max(end - now(), 0.0))  # until the end another shard may be assigned
            if not self._wait_until_idle(dispatcher, end + LATE_START_SECONDS):
                dispatcher.stop()
        else:
            stage_end, self._assignment = start_time, assignments[-1]
            gevent.sleep(max(start_time - now(), 0.0))
            for stage in stages:
                stage_end += stage.duration_seconds
                self._user_count = stage.users if isinstance(stage, UserStage) else 0
                share = compute_user_share(self._user_count, self._assignment)
                dispatcher.run_users(share, self._finished.set)
                gevent.sleep(max(stage_end - now(), 0.0))
            dispatcher.stop()
        self._wait_until_idle(dispatcher, end + compute_drain_seconds(self._profile.timeout_seconds))

    def _wait_until_idle(self, dispatcher: Dispatcher, deadline: float) -> bool:
        """Wait until no request is in flight; return ``False`` if that lasts beyond the deadline."""
        while not dispatcher.is_idle and now() < deadline:
            self._finished.clear()
            self._finished.wait(max(deadline - now(), 0.0))
        return dispatcher.is_idle

    def _set_recorder(self, recorder: Recorder) -> None:
        self._recorder = recorder
        if self._dispatcher:
            self._dispatcher.set_recorder(recorder)

    def _run_sweeps(self) -> None:
        while True:
            gevent.sleep(SWEEP_INTERVAL_SECONDS)
            self._recorder.reduce_rows()
            if self._dispatcher:
                self._dispatcher.close_stalled(self._profile.timeout_seconds)


def _resolve_address(target: TargetUrl) -> tuple[int, Any]:
    """Return the family and the socket address of a service: of several, the first that accepts a connection.

    On many machines ``localhost`` is ``::1`` first, while the service listens on 127.0.0.1 only.
    """
    resolved = socket.getaddrinfo(target.host, target.port, 0, socket.SOCK_STREAM)
    addresses = [(family, socket_address) for family, _, _, _, socket_address in resolved]
    for family, socket_address in addresses if len(addresses) > 1 else ():
        with socket.socket(family, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.settimeout(_PROBE_TIMEOUT_SECONDS)
            probe.connect(socket_address)
            return family, socket_address
    return addresses[0]


def _create_connection_factory(
    loop: Any, target: TargetUrl, address: tuple[int, Any], tls_context: Any
) -> Callable[[Dispatcher], Connection]:
    """Return a function that opens a connection to a resolved address."""
    return lambda owner: Connection(loop, owner, address, tls_context, target.host)
