"""Cases: how requests are named, and how a task decides whether they have failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from locust.exception import RescheduleTask

from tests.loadtests.locust.client_cases import case


@case("names of requests")
def _(user: Any) -> Any:
    user.client.request_name = None
    user.client.get("/echo?plain")
    user.client.get("/echo", params={"q": 1})
    user.client.get("/echo", name="explicit")
    with user.client.rename_request("renamed"):
        user.client.get("/echo")
        user.client.get("/echo", name="explicit")
    with user.client.get("/echo", name="x", catch_response=True) as response:
        response.request_meta["name"] = "changed"
    with user.rest_("GET", "/echo"):
        pass
    return "see the record"


def request_and_decide(user: Any, path: str, decide: Callable[[Any], object]) -> Any:
    try:
        with user.client.get(path, catch_response=True) as response:
            decide(response)
    except (Exception, RescheduleTask) as error:  # noqa: BLE001 - the expected result
        return f"raised {type(error).__name__}"
    return "continued"


def _raise(error: Exception) -> None:
    raise error


DECISIONS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a response without a decision is a success": ("/echo", lambda response: response.status_code),
    "a 404 without a decision is a failure": ("/404", lambda response: response.status_code),
    "a task can mark a 404 as a success": ("/404", lambda response: response.success()),
    "a task can mark a response as a failure": ("/echo", lambda response: response.failure("no basket")),
    "a task can mark a response as a failure with an exception": (
        "/echo",
        lambda response: response.failure(KeyError("a")),
    ),
    "an exception in the with block": ("/echo", lambda _: _raise(KeyError("basket"))),
    "RescheduleTask in the with block": ("/echo", lambda _: _raise(RescheduleTask())),
    "a task can mark a missing response as a success": ("/close", lambda response: response.success()),
}
for _sentence, (_path, _decide) in DECISIONS.items():

    @case(_sentence)
    def _(user: Any, path: str = _path, decide: Callable[[Any], object] = _decide) -> Any:
        return request_and_decide(user, path, decide)


@case("reading a body that cannot be decoded in the with block")
def _(user: Any) -> Any:
    return request_and_decide(user, "/broken-gzip", lambda response: response.content)


@case("catch_response without a with block")
def _(user: Any) -> Any:
    return user.client.get("/echo", catch_response=True).status_code


@case("rest with a JSON response")
def _(user: Any) -> Any:
    with user.rest("POST", "/echo", json={"a": 1}) as response:
        return [response.js["body"], response.js["headers"]["accept"]]


@case("rest with a response that is not JSON")
def _(user: Any) -> Any:
    with user.rest("GET", "/latin") as response:
        return response.js


@case("rest without a response")
def _(user: Any) -> Any:
    with user.rest("GET", "/close") as response:
        return response.js


@case("rest with a failed assertion")
def _(user: Any) -> Any:
    with user.rest("GET", "/echo") as response:
        assert response.js["body"] == "full", "the basket is empty"
