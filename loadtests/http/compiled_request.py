"""Declared requests, compiled to the bytes that are sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.http.body_decoding import MAX_CHECKED_BYTES, ReceivedBody, UndecodableBodyError
from loadtests.http.response_parser import MAX_BODY_BYTES
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
    max_kept_bytes: int = MAX_BODY_BYTES
    """Bytes of the body that are kept, of a longer one its start."""
    method: str = ""
    check_body: Callable[[ReceivedBody], str | None] | None = None
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
        max_kept_bytes=MAX_CHECKED_BYTES,
        method=request.method,
        check_body=check,
    )


def build_body_check(expect: Expectation | None) -> Callable[[ReceivedBody], str | None] | None:
    """Return a function that checks a response body; ``None`` if the profile expects nothing of the body.

    The function decodes the body. It returns ``None`` for a body that meets the expectation, otherwise
    :data:`UNEXPECTED_BODY`, with a reason if the body can't be decoded or is too long to be checked.
    """
    if expect is None or (expect.contains is None and expect.matches is None):
        return None
    expected_text, pattern = expect.contains or "", re.compile(expect.matches or "")

    def check(body: ReceivedBody) -> str | None:
        try:
            text, is_cut = body.decode()
        except UndecodableBodyError as error:
            return f"{UNEXPECTED_BODY}: {error}"
        if expected_text in text and pattern.search(text):
            return None
        return (
            f"{UNEXPECTED_BODY}: not in the first {MAX_CHECKED_BYTES:,} bytes" if is_cut else UNEXPECTED_BODY
        )

    return check
