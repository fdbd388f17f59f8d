"""Declared requests as the bytes that go on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.profile.declared_requests import Expect, Request
from loadtests.profile.target_url import Target

UNEXPECTED_BODY = "unexpected body"


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
    if target.authorization:
        headers["Authorization"] = target.authorization
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
    check = body_check(request.expect)
    return Compiled(
        request.label,
        head + body,
        request.method == "HEAD",
        request.expect.status if request.expect else None,
        keep=check is not None,
        method=request.method,
        check=check,
    )


def body_check(expect: Expect | None) -> Callable[[bytes], str | None] | None:
    """Give what looks at a body and says what is wrong with it, where anything is expected of it."""
    if expect is None or (expect.contains is None and expect.matches is None):
        return None
    text = (expect.contains or "").encode()
    pattern = re.compile((expect.matches or "").encode())
    return lambda body: None if text in body and pattern.search(body) else UNEXPECTED_BODY
