"""Closed-loop load with Locust's users: each user waits for a response before it sends the next request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import gevent
from locust.user.task import TaskSet

from loadtests.locust.locust_engine import LocustEngine
from loadtests.profile import ClosedProfile, Stage, UserStage
from loadtests.recording import Recorder
from loadtests.schedule import (
    INTERRUPT_DRAIN_SECONDS,
    WHOLE_SCHEDULE,
    ShardAssignment,
    compute_user_share,
    now,
)

_SEED_BITS = 32
STOP_MARGIN_SECONDS = 1.0
"""Time beyond the request timeout in which users may finish their tasks."""


class ClosedLoopEngine(LocustEngine):
    """Sends with a number of users; the offered rate is the achieved rate."""

    name = "locust-closed"

    def __init__(self, profile: ClosedProfile, seed: int) -> None:
        self._recorder = Recorder()
        self._seed = seed
        self._user_count, self._assignment = 0, WHOLE_SCHEDULE[0]
        self._stop_timeout = profile.timeout_seconds + STOP_MARGIN_SECONDS
        super().__init__(profile, self._stop_timeout)
        self._execute_next_task = TaskSet.execute_next_task
        self._count_tasks()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        TaskSet.execute_next_task = self._execute_next_task  # type: ignore[method-assign]

    @property
    def in_flight(self) -> int:
        """Number of running users; each has at most one request in flight."""
        return self._runner.user_count

    def start(self, target_url: str, recorder: Recorder) -> None:
        """Set the target URL; users are spawned at each stage."""
        self._show_statistics(recorder)
        self._environment.host = target_url

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        recorder: Recorder,
        assignments: Sequence[ShardAssignment] = WHOLE_SCHEDULE,
    ) -> None:
        """Send the stages; see :class:`loadtests.schedule.Engine`."""
        self._recorder, self._assignment = recorder, assignments[-1]
        self._show_statistics(recorder)
        random.seed(self._seed << _SEED_BITS | self._assignment.shard)
        self._environment.stop_timeout = self._stop_timeout
        stage_end = start_time
        gevent.sleep(max(start_time - now(), 0.0))
        self._user_class_factory.set_closing(False)
        try:
            for stage in stages:
                if isinstance(stage, UserStage):
                    stage_end += stage.duration_seconds
                    self._user_count = stage.users
                    self._set_user_count()
                    gevent.sleep(max(stage_end - now(), 0.0))
        except BaseException:
            self._environment.stop_timeout = INTERRUPT_DRAIN_SECONDS
            raise
        finally:
            self._user_class_factory.set_closing(True)
            self._runner.stop()

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue with another share of the users; see :class:`loadtests.schedule.Engine`."""
        self._assignment = assignment
        self._set_user_count()

    def _count_tasks(self) -> None:
        """Count each task that starts; Locust has no event for it, and its task sets may be nested."""
        execute = self._execute_next_task

        def count_and_execute(task_set: TaskSet) -> None:
            self._recorder.count_task()
            execute(task_set)  # type: ignore[no-untyped-call]

        TaskSet.execute_next_task = count_and_execute  # type: ignore[method-assign]

    def _set_user_count(self) -> None:
        users = compute_user_share(self._user_count, self._assignment)
        self._runner.start(users, spawn_rate=max(users, 1))

    def _record(self, arrival: Any, **request: Any) -> None:  # noqa: ARG002 - a closed loop has no arrivals
        request["sent_at"] = request.pop("requested_at")
        self._recorder.record_request(intended_start=None, **request)
