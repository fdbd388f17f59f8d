"""Where an answer ends, and its status: read by llhttp, and remembered for heads that come again.

A service answers with the same head thousands of times (its ``Date`` changes once a second), so what llhttp
found in one is kept under its very bytes. Everything else than a whole answer of known length in one piece
is read by llhttp from beginning to end.
"""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

MOST_HEAD_BYTES = 65_536
MOST_BODY_BYTES = 256 * 1024 * 1024
_MOST_REMEMBERED = 1_024
_END = b"\r\n\r\n"
_FIRST_FINAL = 200
_WITHOUT_BODY = {204, 304}


class MalformedAnswerError(Exception):
    """What came is no HTTP answer, or more than one asked for; the text says what."""


class Answer:
    """One answer that comes in pieces; ``keep`` holds on to its headers and its body."""

    def __init__(self, *, without_body: bool, keep: bool = False) -> None:
        self._without_body = without_body
        self._keep = keep
        self._parser = HttpResponseParser(self)
        self._head_bytes = 0
        self.body_bytes = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._head_over = self._bounded = False
        self._extra = False
        self.status = 0
        self.length: int | None = None
        self.whole = self.keep_alive = False

    def feed(self, data: bytes) -> None:
        """Read a piece; ``whole`` tells whether the answer is complete.

        Raises:
            MalformedAnswerError: it is no answer.
        """
        if not self._head_over:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and _END not in data:
                raise MalformedAnswerError("answer too large")
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            if not self.whole:
                raise MalformedAnswerError("malformed answer") from None
            self.keep_alive = False
        if self._extra:
            self.keep_alive = False

    def end(self) -> None:
        """Take note that the service closed the connection; that may be how its answer ends.

        Raises:
            MalformedAnswerError: the answer is cut short.
        """
        if not self._head_over or self._bounded:
            raise MalformedAnswerError("connection closed" if not self._head_bytes else "answer cut short")
        self.whole, self.keep_alive = True, False

    @property
    def body(self) -> bytes:
        """What was kept of the body."""
        return b"".join(self._pieces)

    # --- Called by llhttp -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Notice an answer that nobody asked for."""
        self._extra = self.whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Notice how the length is told."""
        if self._keep:
            self.headers.append((name, value))
        lower = name.lower()
        if lower == b"content-length":
            self._bounded = True
            self.length = int(value) if value.isdigit() else None
        elif lower == b"transfer-encoding":
            self._bounded = True

    def on_headers_complete(self) -> None:
        """Take the status; some answers end here."""
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL or self.whole:  # 100 Continue and its like come before the answer
            self.headers.clear()
            return
        self.status, self._head_over = status, True
        self.keep_alive = self._parser.should_keep_alive()
        if self._without_body or status in _WITHOUT_BODY:
            self.whole = True

    def on_body(self, data: bytes) -> None:
        """Count the body."""
        self.body_bytes += len(data)
        if self.body_bytes > MOST_BODY_BYTES:
            raise MalformedAnswerError("answer too large")
        if self._keep:
            self._pieces.append(data)
        if self._without_body:
            self._extra = True

    def on_message_complete(self) -> None:
        """Take note of the end; that of an interim answer is none."""
        if self._head_over:
            self.whole = True


class Heads:
    """Remembers the heads of answers that one asks for again and again."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, int]] = {}
        self.get = self._known.get
        """Give (status, length of the body) of a head's bytes, or ``None``."""

    def learn(self, data: bytes, answer: Answer) -> None:
        """Keep the head of an answer that came whole in one piece, if its length is known from it alone."""
        end = data.find(_END) + len(_END)
        if not answer.keep_alive or answer.length is None or len(data) != end + answer.length:
            return
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[data[:end]] = answer.status, answer.length
