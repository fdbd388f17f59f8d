"""A locustfile whose one task tries everything that a task may ask of its client, and writes what it saw.

It runs in Proofload's generator, and (started by itself) in Locust as it comes.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task
from locust.env import Environment
from locust.exception import RescheduleTask

PLACES = json.loads(os.environ["TEST_PLACES"])
"""Base URLs of other servers by what is odd with them."""
CASES: dict[str, Callable[[Any], Any]] = {}
"""Each takes a user, and gives what he saw."""
SEEN: dict[str, Any] = {}
HEARD: list[dict[str, Any]] = []


def case(sentence: str) -> Callable[[Callable[[Any], Any]], None]:
    """Add a case; its requests are counted under the sentence, where it does not name them itself."""
    return lambda function: CASES.update({sentence: function})


@events.request.add_listener
def hear(**fields: Any) -> None:
    """Write down what is told of a request."""
    HEARD.append({
        "name": fields["name"],
        "method": fields["request_type"],
        "error": type(fields["exception"]).__name__,
        "bytes": fields["response_length"],
        "context": sorted(fields["context"]),
        "keys": sorted(fields),
    })  # fmt: skip


@events.request.add_listener
def stumble(**_: Any) -> None:
    """Raise, as listeners may."""
    raise KeyError("in a listener")


class Shop(FastHttpUser):
    """Tries every case once."""

    network_timeout = 0.3
    connection_timeout = 0.3
    max_redirects = 3
    default_headers = {"x-TEAM": "blue", "Accept-Language": "de"}  # noqa: RUF012 - as in Locust's manual
    host = None

    def context(self) -> dict[str, str]:
        """Give what listeners hear of the user."""
        return {"shop": "north"}

    @task
    def everything(self) -> None:
        """Try them all."""
        for sentence, function in CASES.items():
            self.client.cookiejar.clear()
            with self.client.rename_request(sentence):
                try:
                    SEEN[sentence] = function(self)
                except Exception as error:  # noqa: BLE001 - it is what was seen
                    SEEN[sentence] = f"raised {type(error).__name__}: {error}"
        Path(os.environ["TEST_OUT"]).write_text(json.dumps({"seen": SEEN, "heard": HEARD}, default=str))


def echo(user: Any, path: str = "/echo", method: str = "GET", **options: Any) -> Any:
    """Ask the server what it sees."""
    return user.client.request(method, path, **options).json()


def fields(seen: Any, *names: str) -> list[Any]:
    """Give some headers of what the server saw, each ``None`` or a list of its values."""
    return [seen["headers"].get(name) for name in names]


def outcome(response: Any) -> list[Any]:
    """Give what a task most often looks at."""
    return [response.status_code, bool(response.ok), response.text]


# --- What the server sees -------------------------------------------------------------------------

for _verb in ("get", "post", "put", "patch", "delete", "options"):

    @case(f"{_verb} is {_verb.upper()}")
    def _(user: Any, verb: str = _verb) -> Any:
        return getattr(user.client, verb)("/echo").json()["method"]


@case("a method in small letters is sent in capital ones")
def _(user: Any) -> Any:
    return echo(user, method="get")["method"]


@case("head has headers and no body")
def _(user: Any) -> Any:
    response = user.client.head("/echo")
    return [response.status_code, response.headers["x-shop"], response.content.decode()]


@case("text is sent as UTF-8")
def _(user: Any) -> Any:
    seen = echo(user, method="POST", data="Größe")
    return [seen["body"].encode("latin-1").decode(), fields(seen, "content-length", "content-type")]


@case("bytes are sent as they are")
def _(user: Any) -> Any:
    seen = echo(user, method="PUT", data=b"\x00\xff")
    return [seen["body"], fields(seen, "content-length", "content-type")]


@case("a dictionary is sent as a form")
def _(user: Any) -> Any:
    seen = echo(user, method="POST", data={"a": "1 2", "b": ["x", "y"], "ü": "&"})
    return [seen["body"], fields(seen, "content-type")]


@case("an empty dictionary is sent as nothing")
def _(user: Any) -> Any:
    return echo(user, method="POST", data={})["body"]


@case("a form may have another content type, in any case")
def _(user: Any) -> Any:
    return fields(echo(user, method="POST", data={"a": 1}, headers={"content-TYPE": "x/y"}), "content-type")


@case("json is sent with its content type")
def _(user: Any) -> Any:
    seen = echo(user, method="POST", json={"a": [1, None]})
    return [seen["body"], fields(seen, "content-type", "accept")]


@case("json that is false is sent too")
def _(user: Any) -> Any:
    return [echo(user, method="POST", json=value)["body"] for value in ({}, [], 0, False)]


@case("json is sent where data is empty")
def _(user: Any) -> Any:
    return echo(user, method="POST", data="", json={"a": 1})["body"]


@case("json may have another content type")
def _(user: Any) -> Any:
    headers = {"content-type": "application/vnd.shop+json", "accept": "text/plain"}
    return fields(echo(user, method="POST", json={}, headers=headers), "content-type", "accept")


@case("a post of nothing has the length 0")
def _(user: Any) -> Any:
    return fields(echo(user, method="POST"), "content-length")


@case("a body may go with get and delete")
def _(user: Any) -> Any:
    return [echo(user, method=method, data="x")["body"] for method in ("GET", "DELETE")]


@case("a length that the task gives is sent once")
def _(user: Any) -> Any:
    return fields(echo(user, method="POST", data="abc", headers={"Content-length": "3"}), "content-length")


@case("params become the query")
def _(user: Any) -> Any:
    return [
        echo(user, "/echo", params={"q": "a b", "n": [1, 2]})["path"],
        echo(user, "/echo?x=1", params={"q": "ü"})["path"],
    ]


@case("headers are sent, those of the task before those of the class")
def _(user: Any) -> Any:
    seen = echo(user, headers={"X-Team": "red", "X-Size": "3"})
    return fields(seen, "x-team", "x-size", "accept-language")


@case("a header with the same name in another case is sent once")
def _(user: Any) -> Any:
    return fields(echo(user, headers={"user-AGENT": "me", "HOST": "shop"}), "user-agent", "host")


@case("a list of values is sent line by line")
def _(user: Any) -> Any:
    return fields(echo(user, headers={"X-Many": ["a", "b"]}), "x-many")


@case("what goes without saying")
def _(user: Any) -> Any:
    names = ("host", "x-team", "accept-encoding", "accept", "user-agent", "connection", "cookie")
    host, *others = fields(echo(user), *names)
    others[3] = [agent.rpartition("-")[0] for agent in others[3]]  # without its version
    return [host == [user.host.partition("//")[2]], *others]


@case("auth is basic")
def _(user: Any) -> Any:
    seen = [echo(user, auth=auth) for auth in (("me", "päss"), (b"me", b"1"))]
    return [fields(one, "authorization") for one in seen]


@case("a default header set later is sent from then on")
def _(user: Any) -> Any:
    before = fields(echo(user, "/echo?later"), "authorization")
    user.client.client.default_headers["Authorization"] = "Bearer 1"
    after = fields(echo(user, "/echo?later"), "authorization")
    del user.client.client.default_headers["Authorization"]
    return [before, after, fields(echo(user, "/echo?later"), "authorization")]


@case("a base URL set later is asked from then on")
def _(user: Any) -> Any:
    first, user.client.base_url = user.client.base_url, PLACES["other"]
    seen = fields(echo(user), "host")[0] == [PLACES["other"].partition("//")[2]]
    user.client.base_url = first
    return [seen, fields(echo(user), "host")[0] == [first.partition("//")[2]]]


@case("paths are quoted once")
def _(user: Any) -> Any:
    paths = ("/echo/a b", "/echo/ä", "/echo/%2F%C3%A4", "/echo?q=a b&ü=|", "/echo/#part", "/echo/;p=1?a=b;c")
    return [echo(user, path)["path"] for path in paths]


@case("an absolute URL goes to another service")
def _(user: Any) -> Any:
    return fields(echo(user, PLACES["other"] + "/echo"), "host")[0] == [PLACES["other"].partition("//")[2]]


@case("IPv6")
def _(user: Any) -> Any:
    return fields(echo(user, PLACES["ipv6"] + "/echo"), "host")[0] == [PLACES["ipv6"].partition("//")[2]]


@case("a certificate that signs itself is taken")
def _(user: Any) -> Any:
    return [echo(user, PLACES["tls"] + "/echo", method=method)["method"] for method in ("GET", "PUT")]


# --- What the task sees ---------------------------------------------------------------------------


@case("an answer")
def _(user: Any) -> Any:
    response = user.client.post("/echo", data="abc", headers={"X-A": "1"})
    response.raise_for_status()
    names = ("x-SHOP", "X-Shop", "x-shop")
    return [
        *(response.headers[name] for name in names),
        response.headers.get("none"),
        "x-Shop" in response.headers,
        response.url.removeprefix(user.host),
        response.request.method,
        response.request.url.removeprefix(user.host),
        response.request.headers["x-a"],
        response.request.body,
        response.content.startswith(b"{"),
        response.text.startswith("{"),
    ]


@case("an answer in Latin-1")
def _(user: Any) -> Any:
    return user.client.get("/latin").text


for _coding in ("gzip", "deflate", "br", "chunked"):

    @case(f"a body in {_coding}")
    def _(user: Any, coding: str = _coding) -> Any:
        return user.client.get(f"/{coding}").text


@case("answers without a body")
def _(user: Any) -> Any:
    return [outcome(user.client.get(path)) for path in ("/204", "/304")]


for _status in (404, 500):

    @case(f"{_status} has failed")
    def _(user: Any, status: int = _status) -> Any:
        response = user.client.get(f"/{status}")
        try:
            response.raise_for_status()
        except Exception as error:  # noqa: BLE001 - it is what is asked for
            return [*outcome(response), type(error).__name__, response.headers["x-why"]]
        return "good"


@case("content in pieces, of an answer that was read")
def _(user: Any) -> Any:
    response = user.client.get("/latin")
    return [response.text, list(response.iter_content())]


@case("a streamed answer")
def _(user: Any) -> Any:
    response = user.client.get("/chunked", stream=True)
    return "".join(response.iter_content(chunk_size=4))


@case("lines of an answer")
def _(user: Any) -> Any:
    return list(user.client.iter_lines("/latin"))[:1] == ["Gr\ufffd\ufffde"]


@case("an upload of files")
def _(user: Any) -> Any:
    seen = user.client.post("/echo", files={"f": io.BytesIO(b"content")}).json()
    return ["content" in seen["body"], fields(seen, "content-type")[0][0].split(";")[0]]


# --- Names and decisions --------------------------------------------------------------------------


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


# --- Cookies --------------------------------------------------------------------------------------


def cookies(user: Any, **options: Any) -> Any:
    return fields(echo(user, **options), "cookie")[0]


@case("cookies are kept, deleted and cleared")
def _(user: Any) -> Any:
    user.client.get("/login")
    seen = [cookies(user)]
    user.client.get("/logout")
    seen.append(cookies(user))
    user.client.cookiejar.clear()
    return [*seen, cookies(user)]


@case("a cookie that the task gives is the only one")
def _(user: Any) -> Any:
    user.client.get("/login")
    return cookies(user, headers={"Cookie": "mine=1"})


@case("cookies do not go to another service")
def _(user: Any) -> Any:
    user.client.get("/login")
    return fields(echo(user, PLACES["ipv6"] + "/echo"), "cookie")[0]


@case("users do not share cookies")
def _(user: Any) -> Any:
    user.client.get("/login")
    return cookies(type(user)(user.environment))


# --- Redirects ------------------------------------------------------------------------------------


@case("a redirect sets a cookie")
def _(user: Any) -> Any:
    user.client.get("/301", allow_redirects=False)
    return cookies(user)


@case("a redirect that may not be followed is the answer")
def _(user: Any) -> Any:
    response = user.client.post("/303", data="x", allow_redirects=False)
    return [response.status_code, response.headers["location"]]


for _code in (301, 303, 307):

    @case(f"a post is redirected by {_code}")
    def _(user: Any, code: int = _code) -> Any:
        seen = echo(user, f"/{code}", method="POST", json={"a": 1}, allow_redirects=True)
        return [seen["method"], seen["path"], seen["body"], fields(seen, "content-type", "cookie")]


@case("a redirect without end")
def _(user: Any) -> Any:
    return user.client.get("/loop", allow_redirects=True).ok


for _place in ("ftp", "nowhere"):

    @case(f"a redirect to {_place}")
    def _(user: Any, place: str = _place) -> Any:
        return user.client.get(f"/to-{place}", allow_redirects=True).status_code


@case("a redirect to another service does not take the password along")
def _(user: Any) -> Any:
    place = PLACES["other"].partition("//")[2]
    return fields(echo(user, f"/to-other/{place}", auth=("me", "1"), allow_redirects=True), "authorization")


@case("a redirect that goes without saying")
def _(user: Any) -> Any:
    return user.client.get("/301").status_code


# --- Faults ---------------------------------------------------------------------------------------


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
    with gevent.Timeout(0.1, False):
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


def main(host: str) -> None:
    """Run it in Locust as it comes."""
    environment = Environment(user_classes=[Shop], events=events, host=host)
    environment.create_local_runner()
    Shop.host = host
    Shop(environment).everything()


if __name__ == "__main__":
    main(sys.argv[1])
