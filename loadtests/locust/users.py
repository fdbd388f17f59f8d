"""The Locust users of a profile: those of its locustfile, or one that sends its declared requests."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from locust import FastHttpUser, User
from locust.user.task import TaskSet

from loadtests.http import ReceivedBody, build_body_check
from loadtests.locust.locustfile_loader import load_users_and_shapes
from loadtests.locust.user_class_factory import UserClassFactory, create_subclass
from loadtests.profile import (
    DeclaredRequest,
    OpenProfile,
    Profile,
    Row,
    fill_request,
    find_columns,
    read_rows,
)
from slo.documents import Problem, ProblemsError

_FIRST_ERROR_STATUS = 400


def load_user_classes(profile: Profile, user_class_factory: UserClassFactory) -> list[type[User]]:
    """Return the user classes of a profile, derived by the factory.

    Raises:
        ProblemsError: the locustfile cannot be loaded, or its users do not fit the profile's arrivals.
    """
    if profile.requests is not None:
        return [user_class_factory.create_user_class(create_declared_user(profile))]
    path = Path(profile.locustfile or "")
    classes = _load_locustfile(path)
    if isinstance(profile, OpenProfile):
        _check_open_loop(path, classes)
    return [user_class_factory.create_user_class(user_class) for user_class in classes]


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


def _load_locustfile(path: Path) -> list[type[User]]:
    try:
        users, shapes = load_users_and_shapes(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's file does on import
        stack = traceback.extract_tb(error.__traceback__)
        frames = [frame for frame in stack if frame.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        message = f"can't be loaded: {type(error).__name__}: {error}"
        raise ProblemsError([Problem(str(path), line, "", message)]) from None
    problems = [
        f"defines the load shape {type(shape).__name__}; the profile's stages shape it" for shape in shapes
    ]
    if not users:
        problems.append("defines no user class")
    if problems:
        raise ProblemsError([Problem(str(path), None, "", problem) for problem in problems])
    return list(users.values())


def _check_open_loop(path: Path, classes: list[type[User]]) -> None:
    problems = []
    if len(classes) > 1:
        names = ", ".join(user_class.__name__ for user_class in classes)
        message = f"defines {len(classes)} user classes ({names})"
        problems.append(f"{message}; a load with arrivals at a rate can take one user class only")
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
