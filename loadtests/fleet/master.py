"""The engine of several processes: it divides the load among workers and adds up what they report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from loadtests.fleet.child_processes import ChildWorkers
from loadtests.fleet.messages import (
    FILE_CONTEXT,
    HEARTBEAT_SECONDS,
    HEARTBEAT_TIMEOUT_SECONDS,
    MessageFields,
)
from loadtests.fleet.sharding import ShardedPhase
from loadtests.fleet.transport import MasterTransport, WorkerState
from loadtests.locust import SPAWN_TIMEOUT_SECONDS
from loadtests.profile import OpenProfile, Profile, Stage, UserStage
from loadtests.recording import Recorder, StatsTable
from loadtests.schedule import (
    INTERRUPT_DRAIN_SECONDS,
    EngineError,
    ShardAssignment,
    compute_drain_seconds,
    now,
)
from slo.model import GeneratorProcess

JOIN_SECONDS = 60.0
"""How long the master waits for the expected workers."""
LEAD_SECONDS = 0.3
"""How long an order may take to reach every worker."""
_log = logging.getLogger(__name__)


class FleetEngine:
    """Sends with worker processes; ``start_children`` starts those of this machine at the master's address.

    The shard of a lost worker is divided among the others; its arrivals up to then that it did not report are
    recorded as dropped. A worker that joins late sends a shard from then on.
    """

    def __init__(
        self,
        profile: Profile,
        seed: int,
        address: tuple[str, int],
        expected_workers: int,
        start_children: Callable[[str, int], ChildWorkers],
    ) -> None:
        self._profile, self._seed, self._expected_workers = profile, seed, expected_workers
        self._start_children = start_children
        handlers = {
            "ready": self._on_ready,
            "failed": self._on_failed,
            "stats": self._on_stats,
            "done": self._on_done,
        }
        self._transport = MasterTransport(address, handlers, self._on_joined, self._on_lost)
        self._target_url = ""
        self._phase: ShardedPhase | None = None
        self._recorders: dict[int, Recorder] = {}
        """By phase; statistics of other phases come too late and are ignored."""
        self._versions: Mapping[str, str] = {}
        self.name = "fleet"

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that send, as reported by a worker."""
        return self._versions

    @property
    def in_flight(self) -> int:
        """Requests in flight when the workers last reported."""
        return sum(worker.in_flight for worker in self._transport.list_alive())

    @property
    def lead_seconds(self) -> float:
        """How far in the future the start of a load must be, so that every worker has its order by then."""
        return LEAD_SECONDS

    def read_process_health(self) -> Sequence[GeneratorProcess]:
        """Return the health of each worker process."""
        return [
            GeneratorProcess(worker.host, worker.pid, worker.is_lost, **worker.health)
            for worker in self._transport.list_workers()
        ]

    def __enter__(self) -> Self:
        self._transport.open(self._start_children)
        self._transport.wait_for(
            self._have_workers_joined, JOIN_SECONDS, f"of {self._expected_workers} workers joined"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def start(self, target_url: str, recorder: Recorder) -> None:
        """Let every worker start its engine; see :class:`loadtests.schedule.Engine`."""
        self._target_url, self._recorders[0] = target_url, recorder
        for worker in self._transport.list_alive():
            self._prepare(worker)
        self._transport.wait_for(
            lambda: all(worker.is_ready for worker in self._transport.list_alive()),
            SPAWN_TIMEOUT_SECONDS + HEARTBEAT_TIMEOUT_SECONDS,
            f"of {self._expected_workers} workers were ready to send",
        )

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        recorder: Recorder,
        assignments: Sequence[ShardAssignment] = (),  # noqa: ARG002 - the master makes the assignments
    ) -> None:
        """Send the stages; see :class:`loadtests.schedule.Engine`."""
        number = self._phase.number + 1 if self._phase else 1
        phase = ShardedPhase(number, self._profile, self._seed, stages, start_time, recorder, self._transport)
        self._phase, self._recorders = phase, {number: recorder}
        phase.start()
        drain_seconds = compute_drain_seconds(self._profile.timeout_seconds) + HEARTBEAT_TIMEOUT_SECONDS
        end = start_time + sum(stage.duration_seconds for stage in stages) + drain_seconds
        try:
            self._transport.wait_while(phase.is_running, end)
        except BaseException:
            for worker in self._transport.list_alive():
                self._transport.send(worker, "stop")
            self._transport.wait_while(phase.is_running, now() + INTERRUPT_DRAIN_SECONDS + HEARTBEAT_SECONDS)
            raise
        if self._transport.problem or not self._transport.list_alive():
            raise EngineError(self._transport.problem or "every worker was lost")

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Do nothing: the master makes the assignments."""

    # --- Workers ----------------------------------------------------------------------------------

    def _have_workers_joined(self) -> bool:
        workers = self._transport.list_alive()
        return len(workers) >= self._expected_workers and all(worker.has_joined for worker in workers)

    def _prepare(self, worker: WorkerState) -> None:
        """Let a worker start its engine, with its share of the requests in flight."""
        profile = self._profile
        if isinstance(profile, OpenProfile):
            share = -(-profile.max_in_flight // max(self._expected_workers, 1))
            profile = profile.model_copy(update={"max_in_flight": share})
        self._transport.send(
            worker,
            "prepare",
            profile=profile.model_dump_json(by_alias=True, exclude_none=True, context=FILE_CONTEXT),
            seed=self._seed,
            target_url=self._target_url,
        )

    def _on_joined(self, worker: WorkerState) -> None:
        if self._target_url:  # it joins late
            self._prepare(worker)

    def _on_ready(self, worker: WorkerState, fields: MessageFields) -> None:
        worker.is_ready = True
        self.name, self._versions = fields["engine"], fields["versions"]
        if self._phase and self._phase.is_running():
            self._phase.add_worker(worker)

    def _on_failed(self, worker: WorkerState, fields: MessageFields) -> None:
        if self._phase:
            _log.warning("worker %s failed and counts as lost: %s", worker.id, fields["message"])
        else:
            self._transport.problem = fields["message"]
        self._transport.lose(worker)

    def _on_lost(self, worker: WorkerState) -> None:
        if self._phase:
            self._phase.remove_worker(worker)

    def _on_stats(self, worker: WorkerState, fields: MessageFields) -> None:
        worker.in_flight = fields["in_flight"]
        recorder = self._recorders.get(fields["phase"])
        if recorder is None:
            return
        stats = StatsTable.deserialize(fields["stats"])
        stats.first_start -= worker.clock_offset
        stats.last_end -= worker.clock_offset
        if self._phase:
            self._phase.count_reported(worker, stats)
        recorder.add_stats(stats)

    def _on_done(self, worker: WorkerState, fields: MessageFields) -> None:
        self._on_stats(worker, fields)
        worker.finished_phase, worker.health = fields["phase"], fields["health"]
