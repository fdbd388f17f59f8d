"""The Locust users of a profile: those of its locustfile, or one made of the requests it declares."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from locust import FastHttpUser, User
from locust.user.task import TaskSet
from locust.util.load_locustfile import load_locustfile

from loadtests.http.compiled_request import body_check
from loadtests.locust.clients import Clients
from loadtests.locust.subclassing import derived
from loadtests.profile.data_rows import Row, columns, filled, read_rows
from loadtests.profile.declared_requests import Request
from loadtests.profile.profile_models import OpenProfile, Profile
from slo.documents.yaml_source import Problem, ProblemsError

_FIRST_BAD = 400


def user_classes(profile: Profile, clients: Clients) -> list[type[User]]:
    """Give the users that a profile sends with, by these clients.

    Raises:
        ProblemsError: its locustfile can't be loaded, or holds what can't be sent in that way.
    """
    if profile.requests is not None:
        return [clients.given_to(declared(profile))]
    path = Path(profile.locustfile or "")
    classes = _loaded(path)
    if isinstance(profile, OpenProfile):
        _check_open(path, classes)
    return [clients.given_to(one) for one in classes]


def declared(profile: Profile) -> type[User]:
    """Make a user of declared requests, each a task of its weight."""
    rows = read_rows(profile.feeder) if profile.feeder else ()
    requests = profile.requests or []
    tasks = [task for request in requests for task in [_task(request, rows)] * request.weight]
    return derived(FastHttpUser, "DeclaredRequests", {"tasks": tasks})


def _task(request: Request, rows: Sequence[Row]) -> Callable[[FastHttpUser], None]:
    numbers, fed, check = count(), bool(columns(request)), body_check(request.expect)

    def send(user: FastHttpUser) -> None:
        one = filled(request, rows[next(numbers) % len(rows)]) if fed else request
        asked = {"name": request.label, "headers": one.headers, "data": one.body, "json": one.json_body}
        with user.client.request(one.method, one.path, catch_response=True, **asked) as answer:
            complaint = _complaint(request, answer.status_code) or (check and check(answer.content or b""))
            if answer.status_code and complaint:
                answer.failure(complaint)
            elif answer.status_code:
                answer.success()

    send.__name__ = request.label
    return send


def _complaint(request: Request, status: int) -> str | None:
    expected = request.expect.status if request.expect else None
    if expected is None:
        return f"status {status}" if status >= _FIRST_BAD else None
    return None if status == expected else f"status {status}, expected {expected}"


def _loaded(path: Path) -> list[type[User]]:
    try:
        users, shapes = load_locustfile(str(path))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's file does on import
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
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


def _check_open(path: Path, classes: list[type[User]]) -> None:
    problems = []
    if len(classes) > 1:
        names = ", ".join(one.__name__ for one in classes)
        problems.append(
            f"defines {len(classes)} user classes ({names}); arrivals at a rate take one, with tasks"
        )
    for one in classes:
        nested = sorted(
            {task.__name__ for task in one.tasks if isinstance(task, type) and issubclass(task, TaskSet)}
        )
        if nested:
            message = f"{one.__name__} has the task sets {', '.join(nested)}"
            problems.append(f"{message}; arrivals at a rate take functions, or use arrivals: closed")
        if not one.tasks:
            problems.append(f"{one.__name__} has no task")
    if problems:
        raise ProblemsError([Problem(str(path), None, "", problem) for problem in problems])
