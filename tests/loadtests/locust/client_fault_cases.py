"""Cases: services that do not respond, and tasks that stop waiting."""

from __future__ import annotations

from typing import Any, cast

import gevent

from tests.loadtests.locust.client_cases import SERVERS, case, echo, summarize

for _fault in ("close", "reset", "half", "garbled", "never"):

    @case(f"fault: {_fault}")
    def _(user: Any, fault: str = _fault) -> Any:
        response = user.client.get(f"/{fault}")
        return [*summarize(response), response.content, response.headers]


for _fault in ("refused", "silent"):

    @case(f"fault: {_fault}")
    def _(user: Any, fault: str = _fault) -> Any:
        return summarize(user.client.get(SERVERS[fault] + "/x"))


@case("fault: unknown")
def _(user: Any) -> Any:
    return summarize(user.client.get("http://nowhere.invalid/x"))


@case("a connection closed between two requests")
def _(user: Any) -> Any:
    first = user.client.get("/once")
    gevent.sleep(0.1)
    second = user.client.get("/once")
    gevent.sleep(0.1)
    return [first.text, second.text]


@case("a timeout of the task")
def _(user: Any) -> Any:
    with gevent.Timeout(0.1, cast("Any", False)):
        user.client.get("/never")
    return echo(user, "/echo?after")["path"]


@case("a killed task")
def _(user: Any) -> Any:
    greenlet = gevent.spawn(user.client.get, "/never")
    gevent.sleep(0.1)
    greenlet.kill()
    return echo(user, "/echo?after")["path"]


@case("an event fired by the task")
def _(user: Any) -> Any:
    return user.environment.events.request.fire(
        request_type="RPC", name="fired by the task", response_time=5, response_length=7, exception=None,
        context={}, response=None, start_time=1.0, url=None,
    )  # fmt: skip
