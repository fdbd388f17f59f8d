"""The status and the error class of a request, from the arguments of Locust's ``request`` event."""

from __future__ import annotations

import socket
import ssl
import zlib
from typing import Any

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.exception import CatchResponseError
from requests.exceptions import HTTPError

from loadtests.locust.user_session import NoUsableResponseError
from loadtests.recording import UNEXPECTED_ANSWER, Recorder
from loadtests.schedule import now

_ERROR_CLASSES: tuple[tuple[type[BaseException], str], ...] = (
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


def get_status(response: Any) -> int:
    """Return the HTTP status of a response; 0 without one."""
    return int(getattr(response, "status_code", 0) or 0)


def classify_error(exception: BaseException | None, response: Any) -> str | None:
    """Return the error class of a request, a short text for counting; ``None`` for a good response."""
    if exception is None:
        return None
    for error in (exception, getattr(response, "error", None)):
        if isinstance(error, NoUsableResponseError):  # no response came, whatever the task reports
            return error.text
    exception = getattr(exception, "original", None) or exception  # geventhttpclient wraps the socket's error
    if isinstance(exception, LocustBadStatusCode | HTTPError):
        return f"status {get_status(response)}"
    if isinstance(exception, CatchResponseError):
        message = str(exception).strip()
        return f"{UNEXPECTED_ANSWER}: {message}" if message else UNEXPECTED_ANSWER
    for exception_type, error_class in _ERROR_CLASSES:
        if isinstance(exception, exception_type):
            return error_class
    return describe_exception(exception)


def describe_exception(exception: BaseException) -> str:
    """Return type and text of an exception, e.g. ``KeyError: 'token'``."""
    try:
        message = str(exception).strip()
    except Exception:  # noqa: BLE001 - an exception of the user's code may not even have a text
        message = ""
    name = type(exception).__name__
    return f"{name}: {message}" if message else name


def record_request(
    recorder: Recorder,
    name: str,
    response_time: float,
    response: Any,
    exception: BaseException | None,
    **_: object,
) -> None:
    """Record a request of a closed loop: its offered time is its send.

    ``response_time`` is in milliseconds, as in Locust.
    """
    ended_at = now()
    recorder.record_request(
        name,
        intended_start=None,
        sent_at=ended_at - response_time / 1000,
        ended_at=ended_at,
        status=get_status(response),
        error=classify_error(exception, response),
    )
