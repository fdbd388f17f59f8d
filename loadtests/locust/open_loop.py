"""Open-loop load with Locust's users: each waits for the next arrival of the schedule and runs one task."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import inf
from types import TracebackType
from typing import Any

import gevent
from gevent import getcurrent
from locust import User

from loadtests.locust.arrival_queue import Arrival, ArrivalQueue
from loadtests.locust.locust_engine import LocustEngine
from loadtests.locust.user_class_factory import create_subclass
from loadtests.locust.users import CrewPart, UserCrew
from loadtests.profile import ScheduledProfile, Stage, TraceProfile, UserStage
from loadtests.recording import UNANSWERED_AT_END, Recorder
from loadtests.schedule import (
    CLOCK_ORIGIN,
    INTERRUPT_DRAIN_SECONDS,
    LATE_START_SECONDS,
    WHOLE_SCHEDULE,
    EngineError,
    ShardAssignment,
    ShardCursor,
    compute_drain_seconds,
    create_class_selector,
    generate_arrivals,
    now,
)

SPAWN_TIMEOUT_SECONDS, SPAWN_POLL_INTERVAL_SECONDS = 30.0, 0.02
"""Time in which the users must have finished their ``on_start``, and the interval of the check."""

_SEED_BITS = 32
_NO_FREE_USER = "no user was free"


class OpenLoopEngine(LocustEngine):
    """Sends the arrivals of a schedule with Locust's users.

    At most ``max_in_flight`` requests are in flight; an arrival that finds no free user starts late and is
    recorded as late. A task is one arrival; its further requests, and those of ``on_start``, are recorded as
    offered at their send.
    """

    name = "locust"

    def __init__(self, profile: ScheduledProfile | TraceProfile, seed: int) -> None:
        self._profile, self._seed = profile, seed
        super().__init__(profile, 0)

    def _prepare_user_classes(self, user_classes: Sequence[type[User]]) -> list[type[User]]:
        self._crew = UserCrew(self._profile, [user_class for user_class in user_classes if user_class.weight])
        select_class = create_class_selector([part.weight for part in self._crew.parts], self._seed)
        self._arrival_queue = ArrivalQueue(len(self._crew.parts), select_class, self._crew.request_growth)
        return [
            _create_arrival_user(part, index, self._arrival_queue, self._seed)
            for index, part in enumerate(self._crew.parts)
        ]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.close()
        super().__exit__(kind, error, trace)
        self._arrival_queue.close()

    @property
    def in_flight(self) -> int:
        """Number of arrivals whose task is running."""
        return sum(arrival.task_started_at < inf for arrival in self._arrival_queue.pending)

    def start(self, target_url: str, recorder: Recorder) -> None:
        """Spawn the users; see :class:`loadtests.schedule.Engine`."""
        self._environment.host = target_url
        self._show_statistics(recorder)
        self._arrival_queue.recorder = recorder
        user_count = self._crew.initial_count
        self._runner.start(user_count, spawn_rate=user_count)
        give_up_at = now() + SPAWN_TIMEOUT_SECONDS
        while self._arrival_queue.free_user_count < user_count and now() < give_up_at:
            gevent.sleep(SPAWN_POLL_INTERVAL_SECONDS)
            spawning = self._runner.spawning_greenlet
            if spawning is not None and spawning.ready():
                user_count = self._runner.user_count  # without users whose on_start failed
        if not self._arrival_queue.free_user_count:
            seconds = f"{SPAWN_TIMEOUT_SECONDS:.0f} s"
            raise EngineError(f"no user started: each on_start failed or took longer than {seconds}")
        self._crew.grow_as_needed(self._runner, self._arrival_queue)

    def send(
        self,
        stages: Sequence[Stage | UserStage],
        start_time: float,
        recorder: Recorder,
        assignments: Sequence[ShardAssignment] = WHOLE_SCHEDULE,
    ) -> None:
        """Send the stages; see :class:`loadtests.schedule.Engine`."""
        open_stages = [stage for stage in stages if isinstance(stage, Stage)]
        end = start_time + sum(stage.duration_seconds for stage in open_stages)
        cursor = ShardCursor(generate_arrivals(open_stages, self._profile.arrivals, self._seed), assignments)
        self._show_statistics(recorder)
        self._arrival_queue.start(cursor, start_time, end + LATE_START_SECONDS, recorder)
        try:
            gevent.sleep(max(end - now(), 0.0))  # until the end another shard may be assigned
            drained_at = end + compute_drain_seconds(self._profile.timeout_seconds)
            self._arrival_queue.wait_until_settled(drained_at - now())
        except BaseException:
            self._finish(recorder, INTERRUPT_DRAIN_SECONDS)
            raise
        self._finish(recorder, 0.0)

    def assign_shard(self, assignment: ShardAssignment) -> None:
        """Continue with another shard; see :class:`loadtests.schedule.Engine`."""
        self._arrival_queue.assign_shard(assignment)

    def _finish(self, recorder: Recorder, wait_seconds: float) -> None:
        """Release no further arrival, wait for running tasks; record the rest as dropped or unanswered."""
        for intended_start in self._arrival_queue.stop():
            recorder.record_dropped(intended_start, _NO_FREE_USER)
        waiting = [arrival for arrival in self._arrival_queue.pending if arrival.task_started_at == inf]
        for arrival in waiting:
            if arrival.intended_start <= now():
                recorder.record_dropped(arrival.intended_start, _NO_FREE_USER)
            self._arrival_queue.settle(arrival)
        self._arrival_queue.wait_until_settled(wait_seconds if self._arrival_queue.pending else 0.0)
        for arrival in list(self._arrival_queue.pending):
            _abandon_arrival(arrival, recorder)
            self._arrival_queue.settle(arrival)

    def _find_current_arrival(self) -> Any:
        greenlet: Any = getcurrent()
        while greenlet is not None:
            if (arrival := getattr(greenlet, "arrival", None)) is not None:
                return arrival
            parent = getattr(greenlet, "spawning_greenlet", None)
            greenlet = parent and parent()
        return None

    def _record(self, arrival: Arrival | None, **request: Any) -> None:
        requested_at, sent_at = request.pop("requested_at"), request.pop("sent_at")
        if arrival is None:
            self._arrival_queue.recorder.record_request(intended_start=None, sent_at=requested_at, **request)
            return
        if arrival.is_abandoned:
            return  # already recorded as unanswered
        if arrival.is_settled:  # a request of a greenlet that outlived its task
            self._arrival_queue.recorder.record_request(intended_start=None, sent_at=requested_at, **request)
        elif arrival.request_count:
            arrival.recorder.record_request(intended_start=None, sent_at=requested_at, **request)
        else:
            first_sent_at = sent_at or arrival.task_started_at
            arrival.recorder.record_request(
                intended_start=arrival.intended_start, sent_at=first_sent_at, **request
            )
        arrival.request_count += 1


def _abandon_arrival(arrival: Arrival, recorder: Recorder) -> None:
    """Record the request that an arrival still waits for, or that its task sent none."""
    arrival.is_abandoned = True
    client = getattr(arrival.user, "client", None)
    is_known = hasattr(client, "pending_request")  # only a PooledSession has the attribute
    unknown = ("(unanswered)", "", arrival.task_started_at - CLOCK_ORIGIN)
    pending_request = getattr(client, "pending_request", unknown)
    if pending_request and (is_known or not arrival.request_count):
        name, method, requested_at = pending_request
        recorder.record_request(
            name,
            intended_start=None if arrival.request_count else arrival.intended_start,
            sent_at=requested_at + CLOCK_ORIGIN,
            ended_at=now(),
            status=0,
            error=UNANSWERED_AT_END,
            method=method,
        )
    elif not arrival.request_count:
        recorder.record_dropped(arrival.intended_start, "task sent no request before the end")


def _create_arrival_user(part: CrewPart, index: int, arrival_queue: ArrivalQueue, seed: int) -> type[User]:
    """Return a user class that runs one of its tasks for each arrival of the class that it takes."""
    user_class = part.user_class
    tasks = list(user_class.tasks)
    settings = {"wait_time": lambda _: 0, "fixed_count": part.initial_count}
    arrival_user = create_subclass(user_class, user_class.__name__, settings)
    arrival_user.tasks = [_create_arrival_task(tasks, index, arrival_queue, seed)]
    return arrival_user


def _create_arrival_task(
    tasks: list[Any], user_class: int, arrival_queue: ArrivalQueue, seed: int
) -> Callable[[Any], None]:
    def run_task(user: Any) -> None:
        user.has_started = True
        arrival = arrival_queue.take(user_class)
        if arrival.is_settled:
            return
        if now() > arrival_queue.deadline:
            arrival.recorder.record_dropped(arrival.intended_start, _NO_FREE_USER)
            arrival_queue.settle(arrival)
            return
        random.seed(seed << _SEED_BITS | arrival.number)  # the n-th arrival is the same in every run
        task = random.choice(tasks)
        arrival.recorder.count_task()
        greenlet: Any = getcurrent()
        user._arrival = greenlet.arrival = arrival  # noqa: SLF001 - our own attribute
        arrival.user = user
        arrival.task_started_at = now()
        reason = f"task {task.__name__} sent no request"
        try:
            task(user)
        except Exception as error:
            reason = f"task {task.__name__} raised {type(error).__name__}"
            raise  # Locust logs the traceback
        finally:
            user._arrival = greenlet.arrival = None  # noqa: SLF001 - our own attribute
            if not arrival.request_count and not arrival.is_settled:
                arrival.recorder.record_dropped(arrival.intended_start, reason)
            arrival_queue.settle(arrival)

    return run_task
