"""The response to one request, or the error in its place."""

from __future__ import annotations

from time import perf_counter
from typing import Self

from geventhttpclient.header import Headers

from loadtests.http.connection import Connection
from loadtests.http.response_parser import ResponseParser, parse_header_lines

_HEADER_ENCODING = "latin-1"


class RawResponse:
    """A response, or the error class in its place.

    Times are seconds of :func:`time.perf_counter`: ``requested_at`` when the task called the client,
    ``sent_at`` when the request was sent; without a connection both are the end. ``body_bytes`` is the size
    as received.

    It has the methods of geventhttpclient's response that Locust's ``FastResponse`` calls.
    """

    __slots__ = (
        "_body_at",
        "_headers",
        "_received",
        "body_bytes",
        "ended_at",
        "error",
        "first_byte_at",
        "requested_at",
        "sent_at",
        "status",
    )

    def __init__(
        self, connection: Connection | None, status: int, error: str | None, ended_at: float
    ) -> None:
        self.status, self.error, self.ended_at = status, error, ended_at
        self._headers: Headers | None = None
        if connection is None:
            self._received: bytes | ResponseParser = b""
            self._body_at = self.body_bytes = 0
            self.requested_at = self.sent_at = self.first_byte_at = ended_at
        else:
            self._received, self._body_at = connection.received, connection.body_at
            self.body_bytes, self.first_byte_at = connection.body_bytes, connection.first_byte_at
            self.requested_at = self.sent_at = connection.sent_at

    @classmethod
    def create_failed(cls, error: str, requested_at: float) -> Self:
        """Return the response to a request that its task no longer waits for."""
        response = cls(None, 0, error, perf_counter())
        response.requested_at = response.sent_at = requested_at
        return response

    @property
    def has_set_cookie(self) -> bool:
        """Whether the response has the header ``Set-Cookie``."""
        if isinstance(self._received, ResponseParser):
            return any(name.lower() == b"set-cookie" for name, _ in self._received.headers)
        return b"\r\nset-cookie:" in self._received[: self._body_at].lower()

    @property
    def headers(self) -> Headers:
        """Headers; their names are case-insensitive."""
        if self._headers is None:
            self._headers = Headers()
            for name, value in self._parse_fields():
                self._headers.add(name.decode(_HEADER_ENCODING), value.decode(_HEADER_ENCODING))
        return self._headers

    def _parse_fields(self) -> list[tuple[bytes, bytes]]:
        if isinstance(self._received, ResponseParser):
            return self._received.headers
        return parse_header_lines(self._received[: self._body_at])

    def get_code(self) -> int:
        """Return the status; 0 without a response."""
        return 0 if self.error else self.status

    def read(self, size: int | None = None) -> bytes:
        """Return the body as received; with a ``size`` nothing, as Locust's responses once they are read."""
        if size is not None:
            return b""
        if isinstance(self._received, ResponseParser):
            return self._received.body
        return self._received[self._body_at :]

    def release(self) -> None:
        """Do nothing: the connection is already back in the pool."""
