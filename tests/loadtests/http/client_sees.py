"""Cases: what the task sees of an answer."""

from __future__ import annotations

import io
from typing import Any

from tests.loadtests.http.client_cases import PLACES, case, fields, outcome


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


for _place in ("other", "tls"):

    @case(f"a large body goes both ways ({_place})")
    def _(user: Any, place: str = _place) -> Any:
        return len(user.client.post(PLACES[place] + "/echo", data="x" * 3_000_000).json()["body"])


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
