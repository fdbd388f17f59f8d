"""What became of a request, from Locust's ``request`` event: its status, and the class of its failure."""

from __future__ import annotations

import socket
import ssl
import zlib
from typing import Any

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.exception import CatchResponseError
from requests.exceptions import HTTPError

from loadtests.http.user_session import WireError
from loadtests.recording.recorder import Books
from loadtests.schedule.clock import now

_CLASSES: tuple[tuple[type[BaseException], str], ...] = (
    (CatchResponseError, "unexpected answer"),
    (HTTPConnectionClosed, "connection closed"),
    (HTTPParseError, "malformed answer"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "connection reset"),
    (BrokenPipeError, "connection closed"),
    (socket.gaierror, "name not resolved"),
    (ssl.SSLError, "TLS failed"),
    (TimeoutError, "timed out"),
    (zlib.error, "malformed answer"),
)


def status(response: Any) -> int:
    """Give the HTTP status of an answer; 0 where there was none."""
    return int(getattr(response, "status_code", 0) or 0)


def error_class(exception: BaseException | None, response: Any) -> str | None:
    """Name the class of a failure in words, so that failures can be counted; ``None`` for a good answer."""
    if exception is None:
        return None
    for error in (exception, getattr(response, "error", None)):
        if isinstance(error, WireError):  # whatever else a task says of it, no answer came
            return error.text
    exception = getattr(exception, "original", None) or exception  # what geventhttpclient wrapped
    if isinstance(exception, LocustBadStatusCode | HTTPError):
        return f"status {status(response)}"
    for kind, words in _CLASSES:
        if isinstance(exception, kind):
            return words
    return type(exception).__name__


def book(
    books: Books,
    name: str,
    response_time: float,
    response: Any,
    exception: BaseException | None,
    **_: object,
) -> None:
    """Write down a request of a user who waits for answers: it was offered when it was sent.

    ``response_time`` is in milliseconds, as Locust gives it.
    """
    ended = now()
    books.sent(
        name,
        intended=None,
        began=ended - response_time / 1000,
        ended=ended,
        status=status(response),
        error=error_class(exception, response),
    )
