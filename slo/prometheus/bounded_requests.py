"""HTTP requests whose time and memory are bounded, whatever the server sends."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

T = TypeVar("T")

RETRIED_STATUSES = frozenset({500, 502, 503, 504})
ACCEPTED_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
_CHUNK_BYTES = 65_536
_BACKOFF_SECONDS = 0.2
"""Wait before the second retry; it doubles with each one. The first follows at once."""


class DeadlineExceededError(Exception):
    """There was no whole answer in time."""


class AnswerTooLargeError(Exception):
    """The answer is larger than the limit; the message states the limit."""


class EncodingNotAcceptedError(Exception):
    """The answer has an encoding that was not asked for; the message states which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_redirect: bool

    @property
    def ok(self) -> bool:
        """Return whether the request succeeded."""
        return self.status < 400  # noqa: PLR2004 - client and server errors, by RFC 9110

    def parse_json(self) -> Any:
        """Return the body's JSON, or ``None`` if it is not JSON or nested too deep."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of one request with all its retries."""

    seconds: float
    body_bytes: int
    """Maximum length of the body, decompressed."""
    retries: int


def create_session() -> requests.Session:
    """Return a session without retries of its own: before a retry they read a whole body, however long."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return session


def send_bounded(session: requests.Session, limits: RequestLimits, **request: Any) -> Answer:
    """Send a request; retry it after a connection error and after a server error.

    Args:
        session: a session of :func:`create_session`.
        limits: the time includes name lookup, connections, headers, body, retries and the waits before them.
        request: the arguments of :meth:`requests.Session.request`.

    Raises:
        DeadlineExceededError: the time is over.
        AnswerTooLargeError: the body is larger than the limit.
        EncodingNotAcceptedError: the body has another encoding than those of ``ACCEPTED_ENCODINGS``.
        OSError: there is no connection or no answer, also after the retries.
        urllib3.exceptions.HTTPError: the answer ends early or is not HTTP.
    """
    deadline = time.monotonic() + limits.seconds
    attempt = partial(_send_once, session, deadline, limits.body_bytes, request)
    for retries_left in range(limits.retries, -1, -1):
        try:
            answer = _call_until(deadline, attempt)
        except (requests.ConnectionError, requests.Timeout) as error:
            if not retries_left or isinstance(error, requests.exceptions.SSLError):
                raise
        else:
            if not retries_left or answer.status not in RETRIED_STATUSES:
                return answer
        _wait_before_retry(limits.retries - retries_left, deadline)
    raise AssertionError("the last attempt returns or raises")


def _wait_before_retry(retry: int, deadline: float) -> None:
    seconds = _BACKOFF_SECONDS * 2**retry if retry else 0
    time.sleep(max(min(seconds, deadline - time.monotonic()), 0))


def _send_once(
    session: requests.Session, deadline: float, max_bytes: int, request: Mapping[str, Any]
) -> Answer:
    headers = {**request["headers"], "Accept-Encoding": "gzip, deflate"}
    with session.request(**{**request, "headers": headers, "stream": True}) as response:
        body = _read_body(response, deadline, max_bytes)
        return Answer(response.status_code, response.headers, body, response.is_redirect)


def _read_body(response: requests.Response, deadline: float, max_bytes: int) -> bytes:
    """Read a body piece by piece: a small compressed body can be very large when it is decompressed."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ACCEPTED_ENCODINGS:
        raise EncodingNotAcceptedError(f"it answers in the encoding {encoding[:40]!r}; gzip was asked for")
    body = bytearray()
    for piece in response.raw.stream(_CHUNK_BYTES, decode_content=True):
        body += piece
        if len(body) > max_bytes:
            raise AnswerTooLargeError(f"its answer is larger than {max_bytes:,} bytes")
        if time.monotonic() > deadline:
            raise DeadlineExceededError
    return bytes(body)


def _call_until(deadline: float, function: Callable[[], T]) -> T:
    """Return the result of a function, which is left alone if it takes too long.

    It runs in a thread of its own: no timeout of a socket ends the wait for a server that sends a byte now
    and then, and none covers the name lookup.
    """
    results: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            results.put((function(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = results.get(timeout=max(deadline - time.monotonic(), 0))
    except Empty:
        raise DeadlineExceededError from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value] # there is a result where there is no error
