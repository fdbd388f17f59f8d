"""A worker: it sends the share that the master deals it, and reports what it counted."""

from __future__ import annotations

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

from loadtests.fleet.messages import BEAT_SECONDS, SILENCE_SECONDS, Fields, deal_from_wire
from loadtests.profile.profile_models import Profile, Stage, TraceStage, UserStage
from loadtests.recording.process_health import Health
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now
from loadtests.schedule.engine import Engine
from loadtests.session.gc_tuning import rare_collection
from loadtests.session.session import InterruptedLoadError
from slo.model import GeneratorProcess

_profile: TypeAdapter[Profile] = TypeAdapter(Profile)
_stages: TypeAdapter[TraceStage | Stage | UserStage] = TypeAdapter(TraceStage | Stage | UserStage)

_UNDERSTOOD = {"beat", "ping", "quit", "load", "send", "deal", "stop"}
MakeEngine = Callable[[Profile, int], Engine]


class Worker:
    """Serves one master until it says quit, or is gone."""

    def __init__(self, host: str, port: int, make: MakeEngine) -> None:
        self._id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._client = zmqrpc.Client(host, port, self._id)
        self._make = make
        self._engine: Engine | None = None
        self._phase = 0
        self._books = Books()
        self._sending: gevent.Greenlet[..., None] | None = None
        self._heard: float | None = None
        self._over = Event()

    def run(self) -> bool:
        """Serve; tell whether the master said goodbye."""
        self._tell("hello", host=socket.gethostname(), pid=os.getpid())
        tasks = [gevent.spawn(self._listen), gevent.spawn(self._report)]
        with rare_collection():
            self._over.wait()
        for task in tasks:
            task.kill()
        self._stop()
        if self._engine:
            self._engine.__exit__(None, None, None)
        self._client.close(linger=1000)
        return not self._deserted()

    def _deserted(self) -> bool:
        """Tell whether a master that was there once is silent."""
        return self._heard is not None and now() - self._heard > SILENCE_SECONDS

    def quit(self) -> None:
        """End, as if the master had said so."""
        self._over.set()

    # --- The talk ---------------------------------------------------------------------------------

    def _tell(self, kind: str, **fields: Any) -> None:
        self._client.send(Message(kind, fields, self._id))

    def _listen(self) -> None:
        while True:
            try:
                message = self._client.recv()
            except RPCError:
                continue
            self._heard = now()
            if message.type in _UNDERSTOOD:
                getattr(self, f"_on_{message.type}")(message.data)

    def _report(self) -> None:
        while True:
            gevent.sleep(BEAT_SECONDS)
            self._tell_sums("sums")
            if self._deserted():
                self._over.set()

    def _tell_sums(self, kind: str, **fields: Any) -> None:
        sums = self._books.take_sums()
        in_flight = self._engine.in_flight if self._engine else 0
        self._tell(kind, phase=self._phase, sums=sums.to_wire(), in_flight=in_flight, **fields)

    def _on_beat(self, fields: Fields) -> None:
        """Be glad."""

    def _on_ping(self, fields: Fields) -> None:
        self._tell("pong", sent=fields["sent"], now=now())

    def _on_quit(self, fields: Fields) -> None:  # noqa: ARG002 - it has none
        self._over.set()

    def _on_load(self, fields: Fields) -> None:
        gevent.spawn(self._load, fields).link_exception(self._fail)

    def _fail(self, greenlet: gevent.Greenlet[..., None]) -> None:
        self._tell("failed", message=str(greenlet.exception) or repr(greenlet.exception))

    def _load(self, fields: Fields) -> None:
        profile = _profile.validate_json(fields["profile"])
        self._engine = self._make(profile, fields["seed"]).__enter__()
        self._engine.start(fields["target"], self._books)
        self._tell("started", engine=self._engine.name, versions=dict(self._engine.versions))

    def _on_send(self, fields: Fields) -> None:
        self._sending = gevent.spawn(self._send, fields)
        self._sending.link_exception(self._fail)

    def _on_deal(self, fields: Fields) -> None:
        if self._engine and self._sending:
            self._engine.deal(deal_from_wire(fields["deal"]))

    def _on_stop(self, fields: Fields) -> None:  # noqa: ARG002 - it has none
        gevent.spawn(self._stop)

    def _stop(self) -> None:
        if self._sending:
            self._sending.kill(InterruptedLoadError)

    def _send(self, fields: Fields) -> None:
        if self._engine is None:
            return
        self._tell_sums("sums")
        self._phase = fields["phase"]
        self._books = Books(fields["begin"])
        stages = [_stages.validate_json(stage) for stage in fields["stages"]]
        deals = [deal_from_wire(deal) for deal in fields["deals"]]
        health = Health()
        try:
            with health:
                self._engine.send(stages, fields["begin"], self._books, deals)
        except InterruptedLoadError:
            pass
        finally:
            self._tell_sums("done", health=_figures(health.reading()))


def _figures(reading: GeneratorProcess) -> dict[str, float | None]:
    """Give what the master does not know by itself."""
    return {
        "cpu_ratio": reading.cpu_ratio,
        "loop_lag_p99_seconds": reading.loop_lag_p99_seconds,
        "loop_lag_max_seconds": reading.loop_lag_max_seconds,
    }
