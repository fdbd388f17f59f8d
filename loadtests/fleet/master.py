"""The engine of several processes: deals the schedule out, and adds up what workers report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import gevent
from gevent import socket
from gevent.event import Event
from locust.exception import RPCError
from locust.rpc import Message, zmqrpc

from loadtests.fleet.messages import AS_FILE, BEAT_SECONDS, SILENCE_SECONDS, Fields, deal_to_wire
from loadtests.locust.open_loop import SPAWN_SECONDS
from loadtests.profile.profile_models import OpenProfile, Profile, Stage, UserStage
from loadtests.recording.recorder import Books
from loadtests.recording.stats import Account, Sums
from loadtests.schedule.clock import now
from loadtests.schedule.engine import INTERRUPTED_SECONDS, EngineError, drain_seconds
from loadtests.schedule.pacing import arrivals
from loadtests.schedule.schedule_shard import Deal, counted
from slo.model import GeneratorProcess

JOIN_SECONDS = 60.0
"""How long workers may take to appear."""
DEAL_AHEAD_SECONDS = 1.0
"""How far ahead a new deal begins, so that every worker knows it by then."""
LEAD_SECONDS = 0.3
"""How long an order may take to reach every worker."""
LOST = "worker lost"
_PINGS = 5
_log = logging.getLogger(__name__)
_NONE = Deal(0.0, -1, 1)
_UNDERSTOOD = {"pong", "started", "failed", "sums", "done"}


@dataclass
class _Worker:
    """What the master knows of one worker; ``ahead`` is its clock less ours, in seconds."""

    id: str
    host: str
    pid: int
    heard: float
    ahead: float = 0.0
    trip: float = 1e9
    pings: int = 0
    started: bool = False
    lost: bool = False
    done: int = 0
    """The last phase that it has ended."""
    in_flight: int = 0
    deals: list[Deal] = field(default_factory=list)
    settled: int = 0
    """Arrivals of the phase that it has booked."""
    health: Fields = field(default_factory=dict)


class Fleet:
    """Sends with worker processes; ``summon`` brings those of this machine up, given the master's address.

    A worker that is lost has its share dealt to the others; what it had of it and did not report is booked
    as dropped. One that comes late is dealt a share from then on.
    """

    def __init__(
        self,
        profile: Profile,
        seed: int,
        address: tuple[str, int],
        wanted: int,
        summon: Callable[[str, int], Any],
    ) -> None:
        self._profile, self._seed, self._address, self._wanted = profile, seed, address, wanted
        self._summon = summon
        self._workers: dict[str, _Worker] = {}
        self._target, self._problem = "", ""
        self._phase = 0
        self._books: dict[int, Books] = {}
        self._stages: Sequence[Stage | UserStage] = ()
        self._begin = 0.0
        self._changed = Event()
        self._tasks: list[gevent.Greenlet[..., None]] = []
        self._versions: Mapping[str, str] = {}
        self.name = "fleet"

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send."""
        return self._versions

    @property
    def in_flight(self) -> int:
        """Requests that were under way when the workers last reported."""
        return sum(one.in_flight for one in self._alive())

    @property
    def lead_seconds(self) -> float:
        """Tell how long an order takes to arrive."""
        return LEAD_SECONDS

    def processes(self) -> Sequence[GeneratorProcess]:
        """Give how each worker did."""
        return [GeneratorProcess(one.host, one.pid, one.lost, **one.health) for one in self._workers.values()]

    def __enter__(self) -> Self:
        host, port = self._address
        try:
            self._server = zmqrpc.Server(host, port)
        except RPCError as error:
            raise EngineError(f"no workers can be had at {host}:{port}: {error}") from None
        self._tasks = [gevent.spawn(self._listen), gevent.spawn(self._beat)]
        for task in self._tasks:
            task.link_exception(self._break)
        self._summoned = self._summon(host, self._server.port)
        self._await(
            lambda: len(self._alive()) >= self._wanted and all(one.pings >= _PINGS for one in self._alive()),
            JOIN_SECONDS,
            "of {wanted} workers came up",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._alive():
            self._tell(worker, "quit")
        for task in self._tasks:
            task.kill()
        self._summoned.close()
        self._server.close(linger=1000)

    def start(self, target: str, books: Books) -> None:
        """Have every worker make ready; see :class:`loadtests.engine.Engine`."""
        self._target, self._books[0] = target, books
        for worker in self._alive():
            self._load(worker)
        self._await(
            lambda: all(one.started for one in self._alive()),
            SPAWN_SECONDS + SILENCE_SECONDS,
            "of {wanted} workers were ready to send",
        )

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        begin: float,
        books: Books,
        deals: Sequence[Deal] = (),  # noqa: ARG002 - it is the one that deals
    ) -> None:
        """Send the stages; see :class:`loadtests.engine.Engine`."""
        self._phase += 1
        self._books = {self._phase: books}
        self._stages, self._begin = stages, begin
        ready = [one for one in self._alive() if one.started]
        for share, worker in enumerate(ready):
            self._order(worker, [Deal(0.0, share, len(ready))])
        patience = drain_seconds(self._profile.timeout_seconds) + SILENCE_SECONDS
        end = begin + sum(stage.duration_seconds for stage in stages) + patience
        try:
            self._wait_for_all(end)
        except BaseException:
            for worker in self._alive():
                self._tell(worker, "stop")
            self._wait_for_all(now() + INTERRUPTED_SECONDS + BEAT_SECONDS)
            raise
        if self._problem or not self._alive():
            raise EngineError(self._problem or "every worker was lost")

    def deal(self, deal: Deal) -> None:
        """Do nothing: it is the one that deals."""

    # --- The talk ---------------------------------------------------------------------------------

    def _listen(self) -> None:
        while True:
            try:
                sender, message = self._server.recv_from_client()
            except RPCError:
                continue
            worker = self._workers.get(sender)
            if message.type == "hello":
                self._welcome(sender, message.data)
            elif worker is not None and not worker.lost and message.type in _UNDERSTOOD:
                worker.heard = now()
                getattr(self, f"_on_{message.type}")(worker, message.data)
            self._changed.set()

    def _tell(self, worker: _Worker, kind: str, **fields: Any) -> None:
        self._server.send_to_client(Message(kind, fields, worker.id))

    def _beat(self) -> None:
        while True:
            gevent.sleep(BEAT_SECONDS)
            gone = {(socket.gethostname(), pid) for pid in self._summoned.gone()}
            for worker in self._alive():
                if worker.heard < now() - SILENCE_SECONDS or (worker.host, worker.pid) in gone:
                    self._lose(worker)
                else:
                    self._tell(worker, "beat")

    def _welcome(self, sender: str, fields: Fields) -> None:
        worker = self._workers[sender] = _Worker(sender, fields["host"], fields["pid"], now())
        self._tell(worker, "ping", sent=now())

    def _on_pong(self, worker: _Worker, fields: Fields) -> None:
        """Estimate its clock from the quickest of some round trips (Cristian's algorithm)."""
        time = now()
        trip = time - fields["sent"]
        if trip < worker.trip:
            worker.trip, ahead = trip, fields["now"] - (fields["sent"] + time) / 2
            worker.ahead = ahead if abs(ahead) > trip / 2 else 0.0
        worker.pings += 1
        if worker.pings < _PINGS:
            self._tell(worker, "ping", sent=time)
        elif self._target:  # it comes late
            self._load(worker)

    def _on_started(self, worker: _Worker, fields: Fields) -> None:
        worker.started = True
        self.name, self._versions = fields["engine"], fields["versions"]
        if self._running():
            self._deal_anew(worker)

    def _on_failed(self, worker: _Worker, fields: Fields) -> None:
        if self._phase:
            _log.warning("worker %s failed and is taken for lost: %s", worker.id, fields["message"])
        else:
            self._problem = fields["message"]
        self._lose(worker)

    def _on_sums(self, worker: _Worker, fields: Fields) -> None:
        worker.in_flight = fields["in_flight"]
        books = self._books.get(fields["phase"])
        if books is None:
            return
        sums = Sums.from_wire(fields["sums"])
        sums.first -= worker.ahead
        sums.last -= worker.ahead
        if fields["phase"]:
            worker.settled += sum(_settled(one) for one in sums.accounts.values())
        books.add(sums)

    def _on_done(self, worker: _Worker, fields: Fields) -> None:
        self._on_sums(worker, fields)
        worker.done, worker.health = fields["phase"], fields["health"]

    # --- Dealing ----------------------------------------------------------------------------------

    def _alive(self) -> list[_Worker]:
        return [one for one in self._workers.values() if not one.lost]

    def _running(self) -> bool:
        return self._phase > 0 and any(one.done < self._phase for one in self._alive() if one.deals)

    def _load(self, worker: _Worker) -> None:
        share = max(self._wanted, 1)
        profile = self._profile
        if isinstance(profile, OpenProfile):
            most = -(-profile.max_in_flight // share)
            profile = profile.model_copy(update={"max_in_flight": most})
        self._tell(
            worker,
            "load",
            profile=profile.model_dump_json(by_alias=True, exclude_none=True, context=AS_FILE),
            seed=self._seed,
            target=self._target,
        )

    def _order(self, worker: _Worker, deals: list[Deal]) -> None:
        worker.deals, worker.settled, worker.health = deals, 0, {}
        self._tell(
            worker,
            "send",
            phase=self._phase,
            stages=[
                stage.model_dump_json(by_alias=True, exclude_none=True, context=AS_FILE)
                for stage in self._stages
            ],
            begin=self._begin + worker.ahead,
            deals=[deal_to_wire(deal) for deal in deals],
        )

    def _deal_anew(self, late: _Worker | None = None) -> float:
        """Deal what is left to those that are there; give when that begins, in seconds since the begin."""
        since = now() - self._begin + DEAL_AHEAD_SECONDS
        sending = [one for one in self._alive() if one.deals and one.done < self._phase]
        shares = len(sending) + (late is not None)
        for share, worker in enumerate(sending):
            deal = Deal(since, share, shares)
            worker.deals.append(deal)
            self._tell(worker, "deal", deal=deal_to_wire(deal))
        if late:
            self._order(late, [_NONE, Deal(since, shares - 1, shares)])
        return since

    def _lose(self, worker: _Worker) -> None:
        worker.lost, worker.in_flight = True, 0
        if not self._phase or worker.done >= self._phase or not worker.deals:
            return
        since = self._deal_anew()
        books = self._books[self._phase]
        if isinstance(self._profile, OpenProfile):
            stages = [stage for stage in self._stages if isinstance(stage, Stage)]
            moments = arrivals(stages, self._profile.arrivals, self._seed)
            missing = counted(moments, worker.deals, since) - worker.settled
            books.dropped(now(), LOST, number=max(missing, 0))
        self._changed.set()

    def _break(self, task: gevent.Greenlet[..., None]) -> None:
        self._problem = f"the talk with the workers broke off: {task.exception!r}"
        self._changed.set()

    def _wait_for_all(self, until: float) -> None:
        while self._running() and now() < until and not self._problem:
            self._changed.clear()
            self._changed.wait(BEAT_SECONDS)

    def _await(self, ready: Callable[[], bool], seconds: float, complaint: str) -> None:
        give_up = now() + seconds
        while not ready():
            self._changed.clear()
            self._changed.wait(BEAT_SECONDS)
            if self._problem:
                raise EngineError(self._problem)
            if gone := self._summoned.gone():
                raise EngineError(f"{len(gone)} workers ended before the load began")
            if now() > give_up or (self._workers and not self._alive()):
                counts = f"{len(self._alive())} {complaint.format(wanted=self._wanted)}"
                raise EngineError(f"only {counts} within {seconds:.0f} s")


def _settled(account: Account) -> int:
    """Count arrivals: the first request of each has a lateness, and one that was dropped has none."""
    return account.lateness.total + account.offered - account.sent
