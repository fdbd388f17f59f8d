"""Declared requests as the bytes that go on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.profile import Request
from loadtests.target import Target


@dataclass(slots=True, eq=False)
class Compiled:
    """A request, ready to send."""

    name: str
    payload: bytes
    without_body: bool
    """The answer has no body whatever its headers say (HEAD)."""
    expect: int | None = None
    keep: bool = False
    """Somebody will ask for the headers or the body of the answer."""
    method: str = ""
    check: Callable[[bytes], str | None] | None = None
    """Gives what is wrong with a body, or ``None``."""


def compiled(request: Request, target: Target) -> Compiled:
    """Build the bytes of an HTTP/1.1 request (RFC 9112)."""
    body = b""
    headers = {"Host": target.authority, "User-Agent": "proofload", "Accept": "*/*"}
    if request.json_body is not None:
        body = json.dumps(request.json_body).encode()
        headers["Content-Type"] = "application/json"
    elif request.body is not None:
        body = request.body.encode()
    if body or request.method in {"POST", "PUT", "PATCH"}:
        headers["Content-Length"] = str(len(body))
    given = {name.lower(): name for name in request.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in given} | request.headers
    lines = [f"{request.method} {target.prefix}{request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
    status = request.expect.status if request.expect else None
    return Compiled(request.label, head + body, request.method == "HEAD", status, method=request.method)
