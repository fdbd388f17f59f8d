"""Cases: the responses that the task receives."""

from __future__ import annotations

import io
from typing import Any

from tests.loadtests.locust.client_cases import SERVERS, case, list_headers, summarize


@case("attributes of a response")
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


@case("a response in Latin-1")
def _(user: Any) -> Any:
    return user.client.get("/latin").text


for _coding in ("gzip", "deflate", "br", "chunked"):

    @case(f"a body in {_coding}")
    def _(user: Any, coding: str = _coding) -> Any:
        return user.client.get(f"/{coding}").text


@case("responses without a body")
def _(user: Any) -> Any:
    return [summarize(user.client.get(path)) for path in ("/204", "/304")]


for _status in (404, 500):

    @case(f"status {_status} is a failure")
    def _(user: Any, status: int = _status) -> Any:
        response = user.client.get(f"/{status}")
        try:
            response.raise_for_status()
        except Exception as error:  # noqa: BLE001 - the expected result
            return [*summarize(response), type(error).__name__, response.headers["x-why"]]
        return "good"


@case("iter_content of a response that was read")
def _(user: Any) -> Any:
    response = user.client.get("/latin")
    return [response.text, list(response.iter_content())]


for _kind in ("other", "tls"):

    @case(f"a large body is sent and received ({_kind})")
    def _(user: Any, kind: str = _kind) -> Any:
        return len(user.client.post(SERVERS[kind] + "/echo", data="x" * 3_000_000).json()["body"])


@case("a streamed response")
def _(user: Any) -> Any:
    response = user.client.get("/chunked", stream=True)
    return "".join(response.iter_content(chunk_size=4))


@case("lines of a response")
def _(user: Any) -> Any:
    return list(user.client.iter_lines("/latin"))[:1] == ["Gr\ufffd\ufffde"]


@case("an upload of files")
def _(user: Any) -> Any:
    request = user.client.post("/echo", files={"f": io.BytesIO(b"content")}).json()
    return ["content" in request["body"], list_headers(request, "content-type")[0][0].split(";")[0]]
