"""A worker: it sends the shard that the master assigns to it, and reports its statistics."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from locust.exception import RPCError
from locust.rpc import Message, zmqrpc
from pydantic import TypeAdapter

from loadtests.fleet.messages import (
    HEARTBEAT_SECONDS,
    HEARTBEAT_TIMEOUT_SECONDS,
    MessageFields,
    deserialize_assignment,
)
from loadtests.profile import Profile, Stage, TraceStage, UserStage
from loadtests.recording import Recorder
from loadtests.schedule import Engine, now
from loadtests.session import InterruptedLoadError, ProcessHealthMonitor, collect_garbage_rarely
from slo.model import GeneratorProcess

_PROFILE_ADAPTER: TypeAdapter[Profile] = TypeAdapter(Profile)
_STAGE_ADAPTER: TypeAdapter[TraceStage | Stage | UserStage] = TypeAdapter(TraceStage | Stage | UserStage)

ANSWER_SECONDS = 120.0
"""How long a worker waits for the first answer of its master, which may start after it."""
_log = logging.getLogger(__name__)

EngineFactory = Callable[[Profile, int], Engine]


class Worker:
    """Works for one master until the master tells it to quit, is lost, or does not answer in time."""

    def __init__(
        self, host: str, port: int, create_engine: EngineFactory, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self._master, self._answer_seconds, self._start_time = f"{host}:{port}", answer_seconds, now()
        self._id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._client = zmqrpc.Client(host, port, self._id)
        self._create_engine = create_engine
        self._engine: Engine | None = None
        self._phase = 0
        self._recorder = Recorder()
        self._sender: gevent.Greenlet[..., None] | None = None
        self._last_message_time: float | None = None
        self._finished = Event()
        self._problem = ""
        self._handlers: dict[str, Callable[[MessageFields], None]] = {
            "ping": self._on_ping,
            "prepare": self._on_prepare,
            "send": self._on_send,
            "assign": self._on_assign,
            "stop": self._on_stop,
            "quit": self._on_quit,
        }

    def run(self) -> bool:
        """Work until the end; return whether the master, or a call of :meth:`quit`, ended it."""
        self._send_message("hello", host=socket.gethostname(), pid=os.getpid())
        tasks = [gevent.spawn(self._receive_messages), gevent.spawn(self._report_stats)]
        with collect_garbage_rarely():
            self._finished.wait()
        for task in tasks:
            task.kill()
        self._stop_load()
        if self._engine:
            self._engine.__exit__(None, None, None)
        self._client.close(linger=1000)
        if self._problem:
            _log.error("%s", self._problem)
        return not self._problem

    def quit(self) -> None:
        """End, as if the master had told it to."""
        self._finished.set()

    def _find_problem(self) -> str:
        """Return why the worker can't go on: its master never answered, or is silent now; else nothing."""
        if self._last_message_time is None:
            if now() - self._start_time <= self._answer_seconds:
                return ""
            return (
                f"the master at {self._master} did not answer within {self._answer_seconds:g} s: check that "
                "it runs, and that this machine can connect to it"
            )
        if now() - self._last_message_time <= HEARTBEAT_TIMEOUT_SECONDS:
            return ""
        return f"the master at {self._master} is lost: no message for {HEARTBEAT_TIMEOUT_SECONDS:g} s"

    # --- Messages ---------------------------------------------------------------------------------

    def _send_message(self, kind: str, **fields: Any) -> None:
        self._client.send(Message(kind, fields, self._id))

    def _receive_messages(self) -> None:
        while True:
            try:
                message = self._client.recv()
            except RPCError:
                continue
            self._last_message_time = now()
            if message.type in self._handlers:
                self._handlers[message.type](message.data)

    def _report_stats(self) -> None:
        """Send statistics regularly (they are our heartbeats), and end when there is a problem."""
        while True:
            gevent.sleep(HEARTBEAT_SECONDS)
            self._send_stats("stats")
            if problem := self._find_problem():
                self._problem = problem
                self._finished.set()

    def _send_stats(self, kind: str, **fields: Any) -> None:
        stats = self._recorder.take_stats().serialize()
        in_flight = self._engine.in_flight if self._engine else 0
        self._send_message(kind, phase=self._phase, stats=stats, in_flight=in_flight, **fields)

    def _report_failure(self, greenlet: gevent.Greenlet[..., None]) -> None:
        self._send_message("failed", message=str(greenlet.exception) or repr(greenlet.exception))

    def _on_ping(self, fields: MessageFields) -> None:
        self._send_message("pong", sent=fields["sent"], now=now())

    def _on_prepare(self, fields: MessageFields) -> None:
        gevent.spawn(self._start_engine, fields).link_exception(self._report_failure)

    def _on_send(self, fields: MessageFields) -> None:
        self._sender = gevent.spawn(self._send_load, fields)
        self._sender.link_exception(self._report_failure)

    def _on_assign(self, fields: MessageFields) -> None:
        if self._engine and self._sender:
            self._engine.assign_shard(deserialize_assignment(fields["assignment"]))

    def _on_stop(self, fields: MessageFields) -> None:  # noqa: ARG002 - the message has no fields
        gevent.spawn(self._stop_load)

    def _on_quit(self, fields: MessageFields) -> None:  # noqa: ARG002 - the message has no fields
        self._finished.set()

    # --- The load ---------------------------------------------------------------------------------

    def _start_engine(self, fields: MessageFields) -> None:
        profile = _PROFILE_ADAPTER.validate_json(fields["profile"])
        self._engine = self._create_engine(profile, fields["seed"]).__enter__()
        self._engine.start(fields["target_url"], self._recorder)
        self._send_message("ready", engine=self._engine.name, versions=dict(self._engine.versions))

    def _send_load(self, fields: MessageFields) -> None:
        if self._engine is None:
            return
        self._send_stats("stats")
        self._phase = fields["phase"]
        start_time = fields["start_time"]
        self._recorder = Recorder(start_time)
        stages = [_STAGE_ADAPTER.validate_json(stage) for stage in fields["stages"]]
        assignments = [deserialize_assignment(assignment) for assignment in fields["assignments"]]
        health_monitor = ProcessHealthMonitor()
        try:
            with health_monitor:
                self._engine.send(stages, start_time, self._recorder, assignments)
        except InterruptedLoadError:
            pass
        finally:
            self._send_stats("done", health=_serialize_health(health_monitor.read_health()))

    def _stop_load(self) -> None:
        if self._sender:
            self._sender.kill(InterruptedLoadError)


def _serialize_health(health: GeneratorProcess) -> dict[str, float | None]:
    """Return the fields that the master does not know itself."""
    return {
        "cpu_ratio": health.cpu_ratio,
        "loop_lag_p99_seconds": health.loop_lag_p99_seconds,
        "loop_lag_max_seconds": health.loop_lag_max_seconds,
    }
