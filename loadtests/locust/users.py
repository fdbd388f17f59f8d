"""The Locust users of a profile: those of its locustfile, or one that sends its declared requests.

Users of an open loop are few at first where the start of a user sends requests, and more as needed.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import FastHttpUser, LoadTestShape, User
from locust.user.task import TaskSet

from loadtests.http import ReceivedBody, build_body_check
from loadtests.locust.arrival_queue import ArrivalQueue
from loadtests.locust.locustfile_loader import load_users_and_shapes
from loadtests.locust.user_class_factory import UserClassFactory, create_subclass
from loadtests.profile import (
    DeclaredRequest,
    OpenProfile,
    Profile,
    Row,
    ScheduledProfile,
    TraceProfile,
    fill_request,
    find_columns,
    read_rows,
)
from slo.documents import Problem, ProblemsError

INITIAL_USER_SECONDS = 0.25
"""Users that are started before the load, in seconds of arrivals: enough for tasks of that length."""
MAX_STARTS_PER_ARRIVAL = 2
"""Users that one arrival without a free user may start, so that failing starts can't multiply."""
_FIRST_ERROR_STATUS = 400
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedUsers:
    """The user classes of a profile, and the load shape of its locustfile."""

    classes: Sequence[type[User]]
    load_shape: LoadTestShape | None = None


def load_users(profile: Profile, user_class_factory: UserClassFactory) -> LoadedUsers:
    """Return the user classes of a profile, derived by the factory, and its load shape.

    Raises:
        ProblemsError: the locustfile cannot be loaded, or its users do not fit the profile's arrivals.
    """
    if profile.requests is not None:
        return LoadedUsers([user_class_factory.create_user_class(create_declared_user(profile))])
    path = Path(profile.locustfile or "")
    loaded = _load_locustfile(path)
    if isinstance(profile, OpenProfile):
        _check_open_loop(path, loaded.classes)
        if loaded.load_shape:
            name = type(loaded.load_shape).__name__
            _log.warning("%s: the load shape %s is not used: the profile's rate decides", path, name)
    derived = [user_class_factory.create_user_class(user_class) for user_class in loaded.classes]
    return LoadedUsers(derived, loaded.load_shape)


def create_declared_user(profile: Profile) -> type[User]:
    """Return a user class whose tasks send the declared requests, by their weights."""
    rows = read_rows(profile.feeder) if profile.feeder else ()
    requests = profile.requests or []
    tasks = [task for request in requests for task in [_create_task(request, rows)] * request.weight]
    return create_subclass(FastHttpUser, "DeclaredRequests", {"tasks": tasks})


def _create_task(request: DeclaredRequest, rows: Sequence[Row]) -> Callable[[FastHttpUser], None]:
    numbers, uses_row = count(), bool(find_columns(request))
    check_body = build_body_check(request.expect)

    def send(user: FastHttpUser) -> None:
        filled = fill_request(request, rows[next(numbers) % len(rows)]) if uses_row else request
        content = {"headers": filled.headers, "data": filled.body, "json": filled.json_body}
        with user.client.request(
            filled.method, filled.path, name=request.label, catch_response=True, **content
        ) as response:
            status = response.status_code
            error = _find_status_error(request, status) or (check_body and check_body(_read_body(response)))
            if status and error:
                response.failure(error)
            elif status:
                response.success()

    send.__name__ = request.label
    return send


def _read_body(response: Any) -> ReceivedBody:
    """Return the body of a response as Locust has decompressed it, with its charset."""
    content_type = (response.headers or {}).get("content-type", "")
    return ReceivedBody(response.content or b"", [(b"Content-Type", str(content_type).encode("latin-1"))])


def _find_status_error(request: DeclaredRequest, status: int) -> str | None:
    expected = request.expect.status if request.expect else None
    if expected is None:
        return f"status {status}" if status >= _FIRST_ERROR_STATUS else None
    return None if status == expected else f"status {status}, expected {expected}"


def _load_locustfile(path: Path) -> LoadedUsers:
    try:
        users, shapes = load_users_and_shapes(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's file does on import
        stack = traceback.extract_tb(error.__traceback__)
        frames = [frame for frame in stack if frame.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        message = f"can't be loaded: {type(error).__name__}: {error}"
        raise ProblemsError([Problem(str(path), line, "", message)]) from None
    problems = []
    if len(shapes) > 1:
        names = ", ".join(type(shape).__name__ for shape in shapes)
        problems.append(f"defines {len(shapes)} load shapes ({names}); a load has one")
    if not users:
        problems.append("defines no user class")
    if problems:
        raise ProblemsError([Problem(str(path), None, "", problem) for problem in problems])
    return LoadedUsers(list(users.values()), shapes[0] if shapes else None)


def _check_open_loop(path: Path, classes: Sequence[type[User]]) -> None:
    problems = []
    if not any(user_class.weight for user_class in classes):
        problems.append("no user class has a weight above 0, so no arrival could choose one")
    for user_class in classes:
        types = [task for task in user_class.tasks if isinstance(task, type)]
        task_sets = sorted({task.__name__ for task in types if issubclass(task, TaskSet)})
        if task_sets:
            message = f"{user_class.__name__} has the task sets {', '.join(task_sets)}"
            problems.append(f"{message}; arrivals at a rate need task functions, or use arrivals: closed")
        if not user_class.tasks:
            problems.append(f"{user_class.__name__} has no task")
    if problems:
        raise ProblemsError([Problem(str(path), None, "", problem) for problem in problems])


# --- Users at a rate -----------------------------------------------------------------------------


@dataclass(eq=False)
class CrewPart:
    """The users of one class."""

    user_class: type[User]
    weight: float
    max_count: int
    initial_count: int
    starting: list[Any] = field(default_factory=list)
    """Users that were started during the load and have not taken an arrival yet."""

    def count_starting(self) -> int:
        """Return how many users are still in their ``on_start``."""
        self.starting = [user for user in self.starting if _is_starting(user)]
        return len(self.starting)


class UserCrew:
    """The users of an open loop, of all classes together at most ``max_in_flight``, and one of each class.

    Users without an ``on_start`` cost nothing and are all started before the load. Others are started for
    :data:`INITIAL_USER_SECONDS` of arrivals, and one by one when no user is free.
    """

    def __init__(self, profile: ScheduledProfile | TraceProfile, user_classes: Sequence[type[User]]) -> None:
        peak_rate = max(stage.peak_rate for stage in profile.schedule)
        total_weight = sum(user_class.weight for user_class in user_classes)
        self.parts = [
            _create_part(user_class, user_class.weight / total_weight, profile.max_in_flight, peak_rate)
            for user_class in user_classes
        ]
        self._shortages: set[int] = set()
        self._has_shortage = Event()
        self._growth: gevent.Greenlet[..., None] | None = None

    @property
    def initial_count(self) -> int:
        """Number of users to start before the load."""
        return sum(part.initial_count for part in self.parts)

    def request_growth(self, part_index: int) -> None:
        """Note that no user of a class is free any more; it may be called in a callback of the loop."""
        self._shortages.add(part_index)
        self._has_shortage.set()

    def grow_as_needed(self, runner: Any, arrival_queue: ArrivalQueue) -> None:
        """Start further users, from now on, when no user is free."""
        self._growth = gevent.spawn(self._run_growth, runner, arrival_queue)

    def close(self) -> None:
        """Start no further user."""
        if self._growth:
            self._growth.kill()

    def _run_growth(self, runner: Any, arrival_queue: ArrivalQueue) -> None:
        while True:
            self._has_shortage.wait()
            self._has_shortage.clear()
            while self._shortages:
                index = self._shortages.pop()
                _start_missing_users(self.parts[index], arrival_queue.count_due(index), runner)


def _create_part(user_class: type[User], share: float, max_in_flight: int, peak_rate: float) -> CrewPart:
    max_count = max(round(share * max_in_flight), 1)
    if user_class.fixed_count:
        max_count = min(max_count, user_class.fixed_count)
    initial_count = max_count
    if user_class.on_start is not User.on_start:
        initial_count = min(max_count, max(ceil(share * peak_rate * INITIAL_USER_SECONDS), 1))
    return CrewPart(user_class, user_class.weight, max_count, initial_count)


def _start_missing_users(part: CrewPart, due_count: int, runner: Any) -> None:
    name = part.user_class.__name__
    missing = due_count + 1 - part.count_starting()
    count = min(missing, MAX_STARTS_PER_ARRIVAL, part.max_count - runner.user_classes_count[name])
    if count > 0:
        part.starting += runner.spawn_users({name: count})


def _is_starting(user: Any) -> bool:
    return not getattr(user, "has_started", False) and not user.greenlet.dead
