"""Declared requests, compiled to the bytes that are sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.profile import DeclaredRequest, Expectation, TargetUrl, encode_request_target
from loadtests.recording import UNEXPECTED_BODY


@dataclass(slots=True, eq=False)
class CompiledRequest:
    """A request, ready to send."""

    name: str
    payload: bytes
    expects_no_body: bool
    """The response has no body, whatever its headers say (HEAD)."""
    expected_status: int | None = None
    keeps_response: bool = False
    """The headers and the body of the response are needed later."""
    method: str = ""
    check_body: Callable[[bytes], str | None] | None = None
    """Return the error class of a response body, ``None`` for the expected one."""


def compile_request(request: DeclaredRequest, target_url: TargetUrl) -> CompiledRequest:
    """Return a declared request as the bytes of an HTTP/1.1 request (RFC 9112).

    Raises:
        ValueError: a value can't be written; the profile's reader has refused all such values.
    """
    body = b""
    headers = {"Host": target_url.authority, "User-Agent": "proofload", "Accept": "*/*"}
    if target_url.authorization:
        headers["Authorization"] = target_url.authorization
    if request.json_body is not None:
        body = json.dumps(request.json_body, allow_nan=False).encode()
        headers["Content-Type"] = "application/json"
    elif request.body is not None:
        body = request.body.encode()
    if body or request.method in {"POST", "PUT", "PATCH"}:
        headers["Content-Length"] = str(len(body))
    overridden = {name.lower() for name in request.headers}
    defaults = {name: value for name, value in headers.items() if name.lower() not in overridden}
    lines = [f"{request.method} {encode_request_target(target_url.path_prefix + request.path)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (defaults | request.headers).items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    check = build_body_check(request.expect)
    return CompiledRequest(
        request.label,
        head + body,
        request.method == "HEAD",
        request.expect.status if request.expect else None,
        keeps_response=check is not None,
        method=request.method,
        check_body=check,
    )


def build_body_check(expect: Expectation | None) -> Callable[[bytes], str | None] | None:
    """Return a function that checks a response body; ``None`` if the profile expects nothing of the body.

    The function returns :data:`UNEXPECTED_BODY`, or ``None`` for a body that meets the expectation.
    """
    if expect is None or (expect.contains is None and expect.matches is None):
        return None
    text = (expect.contains or "").encode()
    pattern = re.compile((expect.matches or "").encode())
    return lambda body: None if text in body and pattern.search(body) else UNEXPECTED_BODY
