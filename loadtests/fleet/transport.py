"""The master's transport: messages to and from workers, their clocks, heartbeats, and the loss of workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent import socket
from gevent.event import Event
from locust.exception import RPCError
from locust.rpc import Message, zmqrpc

from loadtests.fleet.child_processes import ChildWorkers
from loadtests.fleet.messages import HEARTBEAT_SECONDS, HEARTBEAT_TIMEOUT_SECONDS, MessageFields
from loadtests.schedule import EngineError, ShardAssignment, now

PING_COUNT = 5
"""Round trips that the clock of a worker is estimated from."""


@dataclass(eq=False)
class WorkerState:
    """What the master knows of one worker."""

    id: str
    host: str
    pid: int
    last_message_time: float
    clock_offset: float = 0.0
    """Seconds that its clock is ahead of ours."""
    shortest_round_trip: float = 1e9
    """In seconds."""
    pong_count: int = 0
    is_ready: bool = False
    is_lost: bool = False
    in_flight: int = 0
    finished_phase: int = 0
    """The last phase that it has ended."""
    assignments: list[ShardAssignment] = field(default_factory=list)
    """Of the last phase that it was ordered to send."""
    recorded_arrivals: int = 0
    """Arrivals of that phase that it has reported."""
    health: MessageFields = field(default_factory=dict)

    @property
    def has_joined(self) -> bool:
        """Whether its clock has been compared, so that it can be ordered to send."""
        return self.pong_count >= PING_COUNT


MessageHandler = Callable[[WorkerState, MessageFields], None]


class MasterTransport:
    """Exchanges messages with the workers; its greenlets call the handlers, ``on_joined`` and ``on_lost``."""

    def __init__(
        self,
        address: tuple[str, int],
        handlers: Mapping[str, MessageHandler],
        on_joined: Callable[[WorkerState], None],
        on_lost: Callable[[WorkerState], None],
    ) -> None:
        self._address, self._on_joined, self._on_lost = address, on_joined, on_lost
        self._handlers = {**handlers, "pong": self._on_pong}
        self._workers: dict[str, WorkerState] = {}
        self._changed = Event()
        self._tasks: list[gevent.Greenlet[..., None]] = []
        self.problem = ""
        """Why the load can't go on; empty when it can."""

    def open(self, start_children: Callable[[str, int], ChildWorkers]) -> None:
        """Listen for workers; ``start_children`` starts those of this machine, given our host and port.

        Raises:
            EngineError: the address can't be listened at.
        """
        host, port = self._address
        try:
            self._server = zmqrpc.Server(host, port)
        except RPCError as error:
            raise EngineError(f"can't listen for workers at {host}:{port}: {error}") from None
        self._tasks = [gevent.spawn(self._receive_messages), gevent.spawn(self._exchange_heartbeats)]
        for task in self._tasks:
            task.link_exception(self._report_failed_task)
        self._children = start_children(host, self._server.port)

    def close(self) -> None:
        """Tell the workers to quit, and wait until those of this machine have ended."""
        for worker in self.list_alive():
            self.send(worker, "quit")
        for task in self._tasks:
            task.kill()
        self._children.close()
        self._server.close(linger=1000)

    def list_workers(self) -> list[WorkerState]:
        """Return all workers that have ever connected, including the lost ones."""
        return list(self._workers.values())

    def list_alive(self) -> list[WorkerState]:
        """Return the workers that are not lost."""
        return [worker for worker in self._workers.values() if not worker.is_lost]

    def send(self, worker: WorkerState, kind: str, **fields: Any) -> None:
        """Send a message to a worker."""
        self._server.send_to_client(Message(kind, fields, worker.id))

    def lose(self, worker: WorkerState) -> None:
        """Count a worker as lost from now on."""
        worker.is_lost, worker.in_flight = True, 0
        self._on_lost(worker)
        self._changed.set()

    # --- Waiting ----------------------------------------------------------------------------------

    def wait_while(self, condition: Callable[[], bool], until: float) -> None:
        """Wait while the condition holds, at most until a time (Unix seconds) or until there is a problem."""
        while condition() and now() < until and not self.problem:
            self._wait_for_change()

    def wait_for(self, condition: Callable[[], bool], seconds: float, description: str) -> None:
        """Wait until the condition holds; ``description`` completes "only N …" in the error message.

        Raises:
            EngineError: it does not hold in time, a worker process of this machine has ended, or all are
            lost.
        """
        give_up_at = now() + seconds
        while not condition():
            self._wait_for_change()
            if self.problem:
                raise EngineError(self.problem)
            if ended := self._children.find_ended():
                raise EngineError(f"{len(ended)} workers ended before the load started")
            if now() > give_up_at or (self._workers and not self.list_alive()):
                raise EngineError(f"only {len(self.list_alive())} {description} within {seconds:.0f} s")

    def _wait_for_change(self) -> None:
        self._changed.clear()
        self._changed.wait(HEARTBEAT_SECONDS)

    # --- Greenlets --------------------------------------------------------------------------------

    def _receive_messages(self) -> None:
        while True:
            try:
                sender, message = self._server.recv_from_client()
            except RPCError:
                continue
            worker = self._workers.get(sender)
            if message.type == "hello":
                self._welcome(sender, message.data)
            elif worker is not None and not worker.is_lost and message.type in self._handlers:
                worker.last_message_time = now()
                self._handlers[message.type](worker, message.data)
            self._changed.set()

    def _exchange_heartbeats(self) -> None:
        """Send heartbeats; a worker that is silent, or whose process on this machine has ended, is lost."""
        while True:
            gevent.sleep(HEARTBEAT_SECONDS)
            ended = {(socket.gethostname(), pid) for pid in self._children.find_ended()}
            for worker in self.list_alive():
                is_silent = worker.last_message_time < now() - HEARTBEAT_TIMEOUT_SECONDS
                if is_silent or (worker.host, worker.pid) in ended:
                    self.lose(worker)
                else:
                    self.send(worker, "heartbeat")

    def _report_failed_task(self, task: gevent.Greenlet[..., None]) -> None:
        self.problem = f"communication with the workers failed: {task.exception!r}"
        self._changed.set()

    # --- Joining ----------------------------------------------------------------------------------

    def _welcome(self, sender: str, fields: MessageFields) -> None:
        worker = self._workers[sender] = WorkerState(sender, fields["host"], fields["pid"], now())
        self.send(worker, "ping", sent=now())

    def _on_pong(self, worker: WorkerState, fields: MessageFields) -> None:
        """Estimate the worker's clock offset from the shortest round trip (Cristian's algorithm)."""
        time = now()
        round_trip = time - fields["sent"]
        if round_trip < worker.shortest_round_trip:
            worker.shortest_round_trip = round_trip
            offset = fields["now"] - (fields["sent"] + time) / 2
            # an offset that the round trip can explain is no evidence of one
            worker.clock_offset = offset if abs(offset) > round_trip / 2 else 0.0
        worker.pong_count += 1
        if worker.has_joined:
            self._on_joined(worker)
        else:
            self.send(worker, "ping", sent=time)
