"""Cases: services that do not answer, and tasks that do not wait."""

from __future__ import annotations

from typing import Any, cast

import gevent

from tests.loadtests.http.client_cases import PLACES, case, echo, outcome

for _fault in ("close", "reset", "half", "garbled", "never"):

    @case(f"fault: {_fault}")
    def _(user: Any, fault: str = _fault) -> Any:
        response = user.client.get(f"/{fault}")
        return [*outcome(response), response.content, response.headers]


for _fault in ("refused", "silent"):

    @case(f"fault: {_fault}")
    def _(user: Any, fault: str = _fault) -> Any:
        return outcome(user.client.get(PLACES[fault] + "/x"))


@case("fault: unknown")
def _(user: Any) -> Any:
    return outcome(user.client.get("http://nowhere.invalid/x"))


@case("a connection closed between two requests")
def _(user: Any) -> Any:
    first = user.client.get("/once")
    gevent.sleep(0.1)
    second = user.client.get("/once")
    gevent.sleep(0.1)
    return [first.text, second.text]


@case("a task that is out of its own patience")
def _(user: Any) -> Any:
    with gevent.Timeout(0.1, cast("Any", False)):
        user.client.get("/never")
    return echo(user, "/echo?after")["path"]


@case("a task that is killed")
def _(user: Any) -> Any:
    asking = gevent.spawn(user.client.get, "/never")
    gevent.sleep(0.1)
    asking.kill()
    return echo(user, "/echo?after")["path"]


@case("an event fired by hand")
def _(user: Any) -> Any:
    return user.environment.events.request.fire(
        request_type="RPC", name="by hand", response_time=5, response_length=7, exception=None, context={},
        response=None, start_time=1.0, url=None,
    )  # fmt: skip
