"""Divides one phase of a load among workers, and again when a worker joins late or is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.fleet.messages import FILE_CONTEXT, serialize_assignment
from loadtests.fleet.transport import MasterTransport, WorkerState
from loadtests.profile import OpenProfile, Profile, Stage, UserStage
from loadtests.recording import Recorder, RequestStats, StatsTable
from loadtests.schedule import ShardAssignment, count_arrivals, generate_arrivals, now

ASSIGNMENT_LEAD_SECONDS = 1.0
"""How far in the future a new assignment starts, so that every worker has received it by then."""
LOST_WORKER_ERROR = "worker lost"
_NO_SHARD = ShardAssignment(0.0, -1, 1)


@dataclass(eq=False)
class ShardedPhase:
    """One phase of a load; ``start_time`` is in Unix seconds by the master's clock."""

    number: int
    profile: Profile
    seed: int
    stages: Sequence[Stage | UserStage]
    start_time: float
    recorder: Recorder
    transport: MasterTransport

    def start(self) -> None:
        """Order every worker that is ready to send its shard."""
        workers = [worker for worker in self.transport.list_alive() if worker.is_ready]
        for shard, worker in enumerate(workers):
            self._order(worker, [ShardAssignment(0.0, shard, len(workers))])

    def is_running(self) -> bool:
        """Return whether a worker is still sending."""
        return bool(self._list_sending())

    def add_worker(self, worker: WorkerState) -> None:
        """Give a worker that joined late its shard."""
        self._reassign(worker)

    def remove_worker(self, worker: WorkerState) -> None:
        """Reassign the shard of a lost worker; record the arrivals that it has not reported as dropped."""
        if worker.finished_phase >= self.number or not worker.assignments:
            return
        since = self._reassign()
        if isinstance(self.profile, OpenProfile):
            stages = [stage for stage in self.stages if isinstance(stage, Stage)]
            arrival_times = generate_arrivals(stages, self.profile.arrivals, self.seed)
            missing = count_arrivals(arrival_times, worker.assignments, since) - worker.recorded_arrivals
            self.recorder.record_dropped(now(), LOST_WORKER_ERROR, count=max(missing, 0))

    def count_reported(self, worker: WorkerState, stats: StatsTable) -> None:
        """Count the arrivals that a worker has reported."""
        worker.recorded_arrivals += sum(map(_count_arrivals, stats.by_name.values()))

    def _list_sending(self) -> list[WorkerState]:
        return [
            worker
            for worker in self.transport.list_alive()
            if worker.assignments and worker.finished_phase < self.number
        ]

    def _reassign(self, late_worker: WorkerState | None = None) -> float:
        """Divide the rest of the schedule among the workers that are sending, and the late one.

        Returns the time from which on the new assignments apply, in seconds since the start of the load.
        """
        since = now() - self.start_time + ASSIGNMENT_LEAD_SECONDS
        workers = self._list_sending()
        shard_count = len(workers) + (late_worker is not None)
        for shard, worker in enumerate(workers):
            assignment = ShardAssignment(since, shard, shard_count)
            worker.assignments.append(assignment)
            self.transport.send(worker, "assign", assignment=serialize_assignment(assignment))
        if late_worker:
            self._order(late_worker, [_NO_SHARD, ShardAssignment(since, shard_count - 1, shard_count)])
        return since

    def _order(self, worker: WorkerState, assignments: list[ShardAssignment]) -> None:
        """Order a worker to send this phase."""
        worker.assignments, worker.recorded_arrivals, worker.health = assignments, 0, {}
        stages = [
            stage.model_dump_json(by_alias=True, exclude_none=True, context=FILE_CONTEXT)
            for stage in self.stages
        ]
        self.transport.send(
            worker,
            "send",
            phase=self.number,
            stages=stages,
            start_time=self.start_time + worker.clock_offset,
            assignments=[serialize_assignment(assignment) for assignment in assignments],
        )


def _count_arrivals(stats: RequestStats) -> int:
    """Count arrivals: the first request of each one has a lateness, and a dropped arrival has no request."""
    return stats.lateness.total + stats.dropped
