"""Cases: how requests are named, and what the task makes of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locust.exception import RescheduleTask

from tests.loadtests.http.client_cases import case


@case("names")
def _(user: Any) -> Any:
    user.client.request_name = None
    user.client.get("/echo?plain")
    user.client.get("/echo", params={"q": 1})
    user.client.get("/echo", name="said")
    with user.client.rename_request("renamed"):
        user.client.get("/echo")
        user.client.get("/echo", name="said")
    with user.client.get("/echo", name="x", catch_response=True) as response:
        response.request_meta["name"] = "changed"
    with user.rest_("GET", "/echo"):
        pass
    return "see the books"


def decided(user: Any, path: str, decide: Callable[[Any], object]) -> Any:
    try:
        with user.client.get(path, catch_response=True) as response:
            decide(response)
    except (Exception, RescheduleTask) as error:  # noqa: BLE001 - it is what is asked for
        return f"raised {type(error).__name__}"
    return "on we go"


def _raise(error: Exception) -> None:
    raise error


DECISIONS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "an answer nothing is said of is good": ("/echo", lambda response: response.status_code),
    "a 404 nothing is said of has failed": ("/404", lambda response: response.status_code),
    "a 404 may be good": ("/404", lambda response: response.success()),
    "an answer may have failed": ("/echo", lambda response: response.failure("no basket")),
    "an answer may have failed by an exception": ("/echo", lambda response: response.failure(KeyError("a"))),
    "a task that raises in its block": ("/echo", lambda _: _raise(KeyError("basket"))),
    "a task that is rescheduled in its block": ("/echo", lambda _: _raise(RescheduleTask())),
    "no answer may be good, if the task says so": ("/close", lambda response: response.success()),
}
for _sentence, (_path, _decide) in DECISIONS.items():

    @case(_sentence)
    def _(user: Any, path: str = _path, decide: Callable[[Any], object] = _decide) -> Any:
        return decided(user, path, decide)


@case("a task that looks at a body that can't be read")
def _(user: Any) -> Any:
    return decided(user, "/broken-gzip", lambda response: response.content)


@case("a response without its block")
def _(user: Any) -> Any:
    return user.client.get("/echo", catch_response=True).status_code


@case("rest")
def _(user: Any) -> Any:
    with user.rest("POST", "/echo", json={"a": 1}) as response:
        return [response.js["body"], response.js["headers"]["accept"]]


@case("rest of what is no JSON")
def _(user: Any) -> Any:
    with user.rest("GET", "/latin") as response:
        return response.js


@case("rest without an answer")
def _(user: Any) -> Any:
    with user.rest("GET", "/close") as response:
        return response.js


@case("rest whose check fails")
def _(user: Any) -> Any:
    with user.rest("GET", "/echo") as response:
        assert response.js["body"] == "full", "the basket is empty"
