"""Cases: the requests that the server receives."""

from __future__ import annotations

from typing import Any

from tests.loadtests.locust.client_cases import SERVERS, case, echo, list_headers

for _verb in ("get", "post", "put", "patch", "delete", "options"):

    @case(f"{_verb} sends {_verb.upper()}")
    def _(user: Any, verb: str = _verb) -> Any:
        return getattr(user.client, verb)("/echo").json()["method"]


@case("a lower-case method is sent in upper case")
def _(user: Any) -> Any:
    return echo(user, method="get")["method"]


@case("a response to HEAD has headers and no body")
def _(user: Any) -> Any:
    response = user.client.head("/echo")
    return [response.status_code, response.headers["x-shop"], response.content.decode()]


@case("text is sent as UTF-8")
def _(user: Any) -> Any:
    request = echo(user, method="POST", data="Größe")
    return [
        request["body"].encode("latin-1").decode(),
        list_headers(request, "content-length", "content-type"),
    ]


@case("bytes are sent unchanged")
def _(user: Any) -> Any:
    request = echo(user, method="PUT", data=b"\x00\xff")
    return [request["body"], list_headers(request, "content-length", "content-type")]


@case("a dictionary is sent as a form")
def _(user: Any) -> Any:
    request = echo(user, method="POST", data={"a": "1 2", "b": ["x", "y"], "ü": "&"})
    return [request["body"], list_headers(request, "content-type")]


@case("an empty dictionary sends no body")
def _(user: Any) -> Any:
    return echo(user, method="POST", data={})["body"]


@case("a content type of the task replaces that of a form, in any case")
def _(user: Any) -> Any:
    return list_headers(
        echo(user, method="POST", data={"a": 1}, headers={"content-TYPE": "x/y"}), "content-type"
    )


@case("json is sent with its content type")
def _(user: Any) -> Any:
    request = echo(user, method="POST", json={"a": [1, None]})
    return [request["body"], list_headers(request, "content-type", "accept")]


_FALSE: tuple[Any, ...] = ({}, [], 0, False)


@case("a false JSON value is sent")
def _(user: Any) -> Any:
    return [echo(user, method="POST", json=value)["body"] for value in _FALSE]


@case("json is sent when data is empty")
def _(user: Any) -> Any:
    return echo(user, method="POST", data="", json={"a": 1})["body"]


@case("a content type of the task replaces that of json")
def _(user: Any) -> Any:
    headers = {"content-type": "application/vnd.shop+json", "accept": "text/plain"}
    return list_headers(echo(user, method="POST", json={}, headers=headers), "content-type", "accept")


@case("a POST without a body has length 0")
def _(user: Any) -> Any:
    return list_headers(echo(user, method="POST"), "content-length")


@case("GET and DELETE can have a body")
def _(user: Any) -> Any:
    return [echo(user, method=method, data="x")["body"] for method in ("GET", "DELETE")]


@case("a Content-Length of the task is sent once")
def _(user: Any) -> Any:
    return list_headers(
        echo(user, method="POST", data="abc", headers={"Content-length": "3"}), "content-length"
    )


@case("params are sent as the query")
def _(user: Any) -> Any:
    return [
        echo(user, "/echo", params={"q": "a b", "n": [1, 2]})["path"],
        echo(user, "/echo?x=1", params={"q": "ü"})["path"],
    ]


@case("headers of the task override those of the class")
def _(user: Any) -> Any:
    request = echo(user, headers={"X-Team": "red", "X-Size": "3"})
    return list_headers(request, "x-team", "x-size", "accept-language")


@case("a header that differs only in case is sent once")
def _(user: Any) -> Any:
    return list_headers(echo(user, headers={"user-AGENT": "me", "HOST": "shop"}), "user-agent", "host")


@case("a list of header values is sent as one line each")
def _(user: Any) -> Any:
    return list_headers(echo(user, headers={"X-Many": ["a", "b"]}), "x-many")


@case("default headers")
def _(user: Any) -> Any:
    names = ("host", "x-team", "accept-encoding", "accept", "user-agent", "connection", "cookie")
    host, *others = list_headers(echo(user), *names)
    others[3] = [agent.rpartition("-")[0] for agent in others[3]]  # without its version
    return [host == [user.host.partition("//")[2]], *others]


@case("auth is sent as basic authentication")
def _(user: Any) -> Any:
    requests = [echo(user, auth=auth) for auth in (("me", "päss"), (b"me", b"1"))]
    return [list_headers(request, "authorization") for request in requests]


@case("a default header set later applies to later requests")
def _(user: Any) -> Any:
    before = list_headers(echo(user, "/echo?later"), "authorization")
    user.client.client.default_headers["Authorization"] = "Bearer 1"
    after = list_headers(echo(user, "/echo?later"), "authorization")
    del user.client.client.default_headers["Authorization"]
    return [before, after, list_headers(echo(user, "/echo?later"), "authorization")]


@case("a default content type applies to data, but not to json")
def _(user: Any) -> Any:
    user.client.client.default_headers["content-type"] = "application/json"
    bodies: tuple[dict[str, Any], ...] = ({"data": "{}"}, {"data": b"{}"}, {"data": {"a": "b"}}, {"json": {}})
    types = [list_headers(echo(user, method="POST", **body), "content-type") for body in bodies]
    del user.client.client.default_headers["content-type"]
    return types


@case("a base URL set later applies to later requests")
def _(user: Any) -> Any:
    first, user.client.base_url = user.client.base_url, SERVERS["other"]
    is_other = list_headers(echo(user), "host")[0] == [SERVERS["other"].partition("//")[2]]
    user.client.base_url = first
    return [is_other, list_headers(echo(user), "host")[0] == [first.partition("//")[2]]]


@case("paths are quoted once")
def _(user: Any) -> Any:
    paths = ("/echo/a b", "/echo/ä", "/echo/%2F%C3%A4", "/echo?q=a b&ü=|", "/echo/#part", "/echo/;p=1?a=b;c")
    return [echo(user, path)["path"] for path in paths]


@case("an absolute URL goes to another service")
def _(user: Any) -> Any:
    return list_headers(echo(user, SERVERS["other"] + "/echo"), "host")[0] == [
        SERVERS["other"].partition("//")[2]
    ]


@case("an IPv6 address")
def _(user: Any) -> Any:
    return list_headers(echo(user, SERVERS["ipv6"] + "/echo"), "host")[0] == [
        SERVERS["ipv6"].partition("//")[2]
    ]


@case("a self-signed certificate is accepted")
def _(user: Any) -> Any:
    return [echo(user, SERVERS["tls"] + "/echo", method=method)["method"] for method in ("GET", "PUT")]
