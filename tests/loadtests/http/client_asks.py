"""Cases: what the server sees."""

from __future__ import annotations

from typing import Any

from tests.loadtests.http.client_cases import PLACES, case, echo, fields

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


_FALSE: tuple[Any, ...] = ({}, [], 0, False)


@case("json that is false is sent too")
def _(user: Any) -> Any:
    return [echo(user, method="POST", json=value)["body"] for value in _FALSE]


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


@case("a content type among the default headers stands, but not for json")
def _(user: Any) -> Any:
    user.client.client.default_headers["content-type"] = "application/json"
    asked: tuple[dict[str, Any], ...] = ({"data": "{}"}, {"data": b"{}"}, {"data": {"a": "b"}}, {"json": {}})
    seen = [fields(echo(user, method="POST", **one), "content-type") for one in asked]
    del user.client.client.default_headers["content-type"]
    return seen


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
