"""Closed-loop load with Locust's users: each user waits for a response before it sends the next request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import gevent
from locust import LoadTestShape, User
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
_SHAPE_INTERVAL_SECONDS = 1.0
"""As in Locust's ``shape_worker``."""
STOP_MARGIN_SECONDS = 1.0
"""Time beyond the request timeout in which users may finish their tasks."""


class ClosedLoopEngine(LocustEngine):
    """Sends with a number of users; the offered rate is the achieved rate."""

    name = "locust-closed"

    def __init__(self, profile: ClosedProfile, seed: int) -> None:
        self._recorder = Recorder()
        self._seed = seed
        self._user_count, self._assignment = 0, WHOLE_SCHEDULE[0]
        self._spawn_rate: float | None = None
        """Users to start or stop in a second, by the load shape; without one all at once."""
        self._user_classes: list[type[User]] | None = None
        """The classes that the load shape chooses; all by default."""
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
            if self._load_shape:
                self._follow_shape(self._load_shape, stage_end + _sum_durations(stages))
                return
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

    def _follow_shape(self, shape: LoadTestShape, end: float) -> None:
        """Run as many users as the load shape says each second, until it ends or until ``end``."""
        shape.runner = self._runner
        shape.reset_time()
        previous: object = None
        while now() < end:
            tick: Any = shape.tick()
            if tick is None:
                return
            if tick != previous:
                users, self._spawn_rate, *others = tick
                self._user_count, self._user_classes = int(users), self._find_classes(*others)
                self._set_user_count()
                previous = tick
            gevent.sleep(min(_SHAPE_INTERVAL_SECONDS, max(end - now(), 0.0)))

    def _find_classes(self, chosen: Sequence[type[User]] | None = None) -> list[type[User]] | None:
        """Return our classes in place of those of the locustfile; they have the same names."""
        if chosen is None:
            return None
        names = {user_class.__name__ for user_class in chosen}
        return [user_class for user_class in self._runner.user_classes if user_class.__name__ in names]

    def _count_tasks(self) -> None:
        """Count each task that starts; Locust has no event for it, and its task sets may be nested."""
        execute = self._execute_next_task

        def count_and_execute(task_set: TaskSet) -> None:
            self._recorder.count_task()
            execute(task_set)  # type: ignore[no-untyped-call]

        TaskSet.execute_next_task = count_and_execute  # type: ignore[method-assign]

    def _set_user_count(self) -> None:
        users = compute_user_share(self._user_count, self._assignment)
        spawn_rate = self._spawn_rate or max(users, 1)
        self._runner.start(users, spawn_rate, user_classes=self._user_classes)

    def _record(self, arrival: Any, **request: Any) -> None:  # noqa: ARG002 - a closed loop has no arrivals
        request["sent_at"] = request.pop("requested_at")
        self._recorder.record_request(intended_start=None, **request)


def _sum_durations(stages: Sequence[Stage | UserStage]) -> float:
    return sum(stage.duration_seconds for stage in stages)
