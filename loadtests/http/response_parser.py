"""Finds the end and the status of a response: parsed by llhttp, or cached for a head that was parsed before.

A service sends the same head thousands of times (its ``Date`` changes once a second), so the result of llhttp
is cached by the bytes of the head. Only a complete response of known length in one read is looked up there;
llhttp parses all others.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 256 * 1024 * 1024
_MAX_CACHED_HEADS = 1_024
_HEAD_END = b"\r\n\r\n"
_FIRST_FINAL_STATUS = 200
_STATUSES_WITHOUT_BODY = {204, 304}


class MalformedResponseError(Exception):
    """The received bytes are not an HTTP response, or it is too large; the text is the error class."""


class ResponseParser:
    """Parses one response as it arrives; ``keeps_content`` keeps its headers and the start of its body.

    ``expects_no_body`` is for a response to HEAD. Sizes are in bytes.
    """

    def __init__(
        self, *, expects_no_body: bool, keeps_content: bool = False, max_kept_bytes: int = MAX_BODY_BYTES
    ) -> None:
        self._expects_no_body = expects_no_body
        self._keeps_content = keeps_content
        self._bytes_to_keep = max_kept_bytes if keeps_content else 0
        self._parser = HttpResponseParser(self)
        self._head_bytes = 0
        self.body_bytes = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._body_chunks: list[bytes] = []
        self._has_head = self._has_length = False
        self._has_extra_data = False
        self.status = 0
        self.content_length: int | None = None
        self.is_complete = self.keep_alive = False

    def feed(self, data: bytes) -> None:
        """Parse received bytes; ``is_complete`` is set at the end of the response.

        Raises:
            MalformedResponseError: the bytes are not an HTTP response, or it is too large.
        """
        if not self._has_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and _HEAD_END not in data:
                raise MalformedResponseError("answer too large")
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if isinstance(error.__context__, MalformedResponseError):  # of one of our callbacks
                raise error.__context__ from None
            if not self.is_complete:
                raise MalformedResponseError("malformed answer") from None
            self.keep_alive = False
        if self._has_extra_data:
            self.keep_alive = False

    def feed_eof(self) -> None:
        """Handle the end of the connection, which ends a response without a length.

        Raises:
            MalformedResponseError: the response is incomplete.
        """
        if not self._has_head or self._has_length:
            raise MalformedResponseError("connection closed" if not self._head_bytes else "answer cut short")
        self.is_complete, self.keep_alive = True, False

    @property
    def body(self) -> bytes:
        """Body as received so far, at most ``max_kept_bytes``; empty unless ``keeps_content`` is set."""
        return b"".join(self._body_chunks)

    # --- Called by llhttp -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Detect a second response, which no request asked for."""
        self._has_extra_data = self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header; note how the length of the body is given."""
        if self._keeps_content:
            self.headers.append((name, value))
        lower = name.lower()
        if lower == b"content-length":
            self._has_length = True
            self.content_length = int(value) if value.isdigit() else None
        elif lower == b"transfer-encoding":
            self._has_length = True

    def on_headers_complete(self) -> None:
        """Take the status; a response without a body ends here."""
        status = self._parser.get_status_code()
        is_interim = status < _FIRST_FINAL_STATUS  # e.g. 100 Continue, which precedes the response
        if is_interim or self.is_complete:
            self.headers.clear()
            return
        self.status, self._has_head = status, True
        self.keep_alive = self._parser.should_keep_alive()
        if self._expects_no_body or status in _STATUSES_WITHOUT_BODY:
            self.is_complete = True

    def on_body(self, data: bytes) -> None:
        """Count and keep a part of the body."""
        self.body_bytes += len(data)
        if self.body_bytes > MAX_BODY_BYTES:
            raise MalformedResponseError("answer too large")
        if self._bytes_to_keep:
            kept = data[: self._bytes_to_keep]
            self._body_chunks.append(kept)
            self._bytes_to_keep -= len(kept)
        if self._expects_no_body:
            self._has_extra_data = True

    def on_message_complete(self) -> None:
        """Mark the response as complete, unless it is an interim one."""
        if self._has_head:
            self.is_complete = True


def parse_header_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and values of the headers of a valid response head."""
    lines = head.split(b"\r\n")[1:-2]
    return [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]


class ResponseHeadCache:
    """Status and body length of responses by the bytes of their heads."""

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[int, int]] = {}
        self.get = self._entries.get
        """Return (status, body length in bytes) for the bytes of a head, or ``None``."""

    def add(self, data: bytes, response: ResponseParser) -> None:
        """Cache the head of a response received in one read, if the head alone gives the body length."""
        head_end, length = data.find(_HEAD_END) + len(_HEAD_END), response.content_length
        if not response.keep_alive or length is None or len(data) != head_end + length:
            return
        if len(self._entries) >= _MAX_CACHED_HEADS:
            self._entries.clear()
        self._entries[data[:head_end]] = response.status, length
