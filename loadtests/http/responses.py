"""What came of one exchange, in the shapes that Locust's responses are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import perf_counter
from typing import Any, Self

from geventhttpclient.header import Headers
from geventhttpclient.useragent import CompatResponse
from locust.contrib.fasthttp import FastRequest, FastResponse, ResponseContextManager
from locust.exception import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    ResponseError,
    StopTest,
    StopUser,
)

from loadtests.http.connection import Connection
from loadtests.http.response_parser import Answer

_LATIN = "latin-1"
_FLOW = (InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser)
"""Raised by tasks to say what comes next, not that anything is wrong."""


class Reply:
    """An answer, or why there is none; times by :func:`time.perf_counter`, ``length`` in bytes as received.

    ``asked`` is when the task asked for it, ``began`` when it was sent. Without a connection it never was.

    It plays the part of geventhttpclient's response under Locust's ``FastResponse``.
    """

    __slots__ = (
        "_body_at",
        "_headers",
        "_received",
        "asked",
        "began",
        "ended",
        "error",
        "first",
        "length",
        "status",
    )

    def __init__(self, connection: Connection | None, status: int, error: str | None, ended: float) -> None:
        self.status, self.error, self.ended = status, error, ended
        self._headers: Headers | None = None
        if connection is None:
            self._received: bytes | Answer = b""
            self._body_at = self.length = 0
            self.asked = self.began = self.first = ended
        else:
            self._received, self._body_at = connection.received, connection.body_at
            self.length, self.first = connection.length, connection.first
            self.asked = self.began = connection.began

    @classmethod
    def none(cls, error: str, asked: float) -> Self:
        """Give what there is of a request that was asked, and that nobody waited for any longer."""
        reply = cls(None, 0, error, perf_counter())
        reply.asked = reply.began = asked
        return reply

    @property
    def sets_cookies(self) -> bool:
        """Tell whether a header of it is ``Set-Cookie``."""
        if isinstance(self._received, Answer):
            return any(name.lower() == b"set-cookie" for name, _ in self._received.headers)
        return b"\r\nset-cookie:" in self._received[: self._body_at].lower()

    @property
    def headers(self) -> Headers:
        """The headers, by names in any case."""
        if self._headers is None:
            self._headers = Headers()
            for name, value in self._fields():
                self._headers.add(name.decode(_LATIN), value.decode(_LATIN))
        return self._headers

    def _fields(self) -> list[tuple[bytes, bytes]]:
        if isinstance(self._received, Answer):
            return self._received.headers
        lines = self._received[: self._body_at].split(b"\r\n")[1:-2]
        return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]

    def get_code(self) -> int:
        """Give the status; 0 without an answer."""
        return 0 if self.error else self.status

    def read(self, size: int | None = None) -> bytes:
        """Give the body as it was received; in pieces nothing, as Locust's answers once they are read."""
        if size is not None:
            return b""
        if isinstance(self._received, Answer):
            return self._received.body
        return self._received[self._body_at :]

    def release(self) -> None:
        """Do nothing: the connection is free already."""


class _Lazy(FastResponse):
    """Locust's response, without the work that most tasks never ask for."""

    _response: Reply  # type: ignore[assignment]
    _asked: tuple[str, str, Headers, bytes]
    error: Exception | None = None

    @property
    def headers(self) -> Headers | None:  # type: ignore[override]
        """Headers of the answer; ``None`` without one."""
        return None if self._response.error else self._response.headers

    @property
    def request(self) -> FastRequest:  # type: ignore[override]
        """What was sent."""
        method, url, headers, payload = self._asked
        return FastRequest(url, method=method, headers=headers.copy(), payload=payload)

    @property
    def url(self) -> str:
        """The address that was asked."""
        return self._asked[1]

    @property
    def elapsed(self) -> timedelta:
        """Time from the send to the end of the answer."""
        return timedelta(seconds=self._response.ended - self._response.began)

    @property
    def history(self) -> list[CompatResponse]:
        """Nothing: the responses of redirects are reported each by itself."""
        return []


class WireResponse(_Lazy):
    """What ``self.client`` gives back."""

    def __init__(self, reply: Reply, asked: tuple[str, str, Headers, bytes], error: Exception | None) -> None:
        self._response, self._asked, self.error = reply, asked, error


class WireResponseContextManager(_Lazy, ResponseContextManager):
    """The same where the task says what is good; ``report`` takes the meta data and the reply at the end."""

    def __init__(
        self, response: WireResponse, report: Callable[[dict[str, Any], Reply], None], meta: dict[str, Any]
    ) -> None:
        ResponseContextManager.__init__(self, response, None, meta, catch_response=True)
        self._report = report

    def __exit__(self, *raised: object) -> bool:  # type: ignore[override] # Locust's own gives one too
        """End the block; unlike Locust's, a request is reported whatever is raised there: it was sent."""
        kind, value, _ = raised
        if kind and self._manual_result is None and not isinstance(value, ResponseError):
            if isinstance(value, Exception) and not isinstance(value, _FLOW):
                self.request_meta["exception"] = value
            self._report_request()
        return bool(super().__exit__(*raised))  # type: ignore[no-untyped-call]

    def __del__(self) -> None:
        """Report a request that was sent, and whose block was forgotten."""
        if not self._entered:
            self._report_request()

    def _report_request(self) -> None:
        self._report(self.request_meta, self._response)
