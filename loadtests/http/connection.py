"""One connection: sends a request, reads its answer, and says what became of it. No greenlet waits on it."""

from __future__ import annotations

import errno
import socket
import ssl
from time import perf_counter
from typing import Any, Protocol

from gevent.monkey import get_original

from loadtests.http.compiled_request import Compiled
from loadtests.http.response_parser import Answer, Heads, MalformedAnswerError
from loadtests.http.tls import TLSSocket

_Socket = get_original("socket", "socket")  # gevent's own would switch greenlets
_READ, _WRITE = 1, 2
_PIECE, _LARGE_PIECE = 4_096, 262_144
"""Bytes asked for at once: a large buffer costs more to make than it saves, before an answer is large."""
_END, _END_LENGTH = b"\r\n\r\n", 4
_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection closed",
    errno.ETIMEDOUT: "timed out",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
    errno.EADDRNOTAVAIL: "no local port free",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
}


class Owner(Protocol):
    """Whoever has a connection send."""

    heads: Heads

    def connected(self, connection: Connection) -> None:
        """Take note that a connection stands."""

    def done(self, connection: Connection, status: int, error: str | None, ended: float) -> None:
        """Take the end of a request; ``status`` 0 and an error where there is no answer."""

    def lost(self, connection: Connection, error: str) -> None:
        """Take note that a connection is gone that had nothing to do, or never stood."""


IDLE_SECONDS = 4.0
"""Longest that a connection is kept without a request. Servers close theirs after 5 s (uvicorn, Node) or
more, and a request that is on its way at that moment has no answer, and is on nobody's books but ours."""


def reason(error: OSError) -> str:
    """Name a failure in words, so that failures can be counted."""
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return "name not resolved"
    return _REASONS.get(error.errno or 0, type(error).__name__)


class Connection:
    """Sends one request after the other to one address, over TLS where a context is given.

    ``began`` is when the latest request was sent, ``first`` when the first byte of its answer came,
    ``active`` when anything last moved, all by :func:`time.perf_counter`. ``received`` is the latest answer:
    its bytes as they came, whose body begins at ``body_at``, or what was read of one in pieces; ``length``
    is that of its body in bytes.
    """

    __slots__ = (
        "_answer",
        "_heads",
        "_owner",
        "_reader",
        "_recv",
        "_rest",
        "_send",
        "_socket",
        "_tls",
        "_writer",
        "active",
        "began",
        "body_at",
        "busy",
        "closed",
        "first",
        "intended",
        "length",
        "ready",
        "received",
        "request",
    )

    def __init__(self, loop: Any, owner: Owner, address: tuple[int, Any], tls: Any, name: str) -> None:
        """Begin to connect.

        Raises:
            OSError: no socket can be had.
        """
        family, place = address
        self._owner, self._heads = owner, owner.heads
        self._answer: Answer | None = None
        self._rest = b""
        self.request: Compiled | None = None
        self.intended = self.began = self.active = self.first = perf_counter()
        self.received: bytes | Answer = b""
        self.body_at = self.length = 0
        self.busy = self.ready = self.closed = False
        raw = _Socket(family, socket.SOCK_STREAM)
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = raw.connect_ex(place)
        self._tls = (tls, name) if tls else None
        self._take_socket(raw)
        self._reader, self._writer = loop.io(raw.fileno(), _READ), loop.io(raw.fileno(), _WRITE)
        if code in {0, errno.EINPROGRESS}:
            self._writer.start(self._on_connect)
        else:
            loop.run_callback(self._end, reason(OSError(code, "")))

    def send(self, request: Compiled, intended: float) -> None:
        """Send a request now; the connection has to stand and to be idle."""
        self.request, self.intended, self.busy = request, intended, True
        self.began = self.active = perf_counter()
        self._write(request.payload)

    def body(self) -> bytes:
        """Give the body of the latest answer, of a request that keeps it."""
        received = self.received
        return received[self.body_at :] if isinstance(received, bytes) else received.body

    def close(self, error: str) -> None:
        """Close it; a request under way ends with the error."""
        self._end(error)

    # --- Standing up ------------------------------------------------------------------------------

    def _take_socket(self, taken: Any) -> None:
        self._socket, self._recv, self._send = taken, taken.recv, taken.send

    def _on_connect(self) -> None:
        self._writer.stop()
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._end(reason(OSError(code, "")))
        elif self._tls is None:
            self._stand()
        else:
            context, name = self._tls
            try:
                wrapped = TLSSocket(self._socket, context, name)
            except (OSError, ValueError):
                self._end("TLS failed")
                return
            self._take_socket(wrapped)
            self._shake_hands()

    def _shake_hands(self) -> None:
        self._reader.stop()
        self._writer.stop()
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._reader.start(self._shake_hands)
        except ssl.SSLWantWriteError:
            self._writer.start(self._shake_hands)
        except OSError as error:
            self._end(reason(error))
        else:
            self._stand()

    def _stand(self) -> None:
        self.ready = True
        self._reader.start(self._on_readable)
        self._owner.connected(self)

    # --- Sending and reading ----------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        try:
            sent = self._send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            self._end(reason(error))
            return
        if sent < len(data):
            self._rest = data[sent:]
            self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        self._writer.stop()
        self.active = perf_counter()
        rest, self._rest = self._rest, b""
        self._write(rest)

    def _on_readable(self) -> None:
        try:
            data = self._recv(_PIECE if self._answer is None else _LARGE_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            self._end(reason(error))
            return
        if self._answer is None and self.busy:
            end = data.find(_END) + _END_LENGTH
            known = self._heads.get(data[:end])
            if known is not None and len(data) == end + known[1] and not self._rest:
                self.busy = False
                self.received, self.body_at, self.length = data, end, known[1]
                self.first = ended = perf_counter()
                self._owner.done(self, known[0], None, ended)
                return
        self._read(data)

    def _read(self, data: bytes) -> None:
        """Read what llhttp has to see: the first of its kind, or an answer in several pieces."""
        request = self.request
        if not self.busy or request is None:
            self._end("unexpected data" if data else "connection closed")
            return
        self.active = perf_counter()
        first = self._answer is None
        if self._answer is None:
            self.first = self.active
            self._answer = Answer(without_body=request.without_body, keep=request.keep)
        answer = self._answer
        try:
            answer.feed(data) if data else answer.end()
        except MalformedAnswerError as error:
            self._end(str(error))
            return
        if answer.whole:
            if first and not request.without_body:
                self._heads.learn(data, answer)
            self._finish(answer)
        elif self._tls and self._socket.pending():
            self._on_readable()

    def _finish(self, answer: Answer) -> None:
        self._answer, self.busy = None, False
        self.received, self.body_at, self.length = answer, 0, answer.body_bytes
        if not answer.keep_alive or self._rest:
            self._shut()
        self._owner.done(self, answer.status, None, perf_counter())

    def _end(self, error: str) -> None:
        """End without an answer."""
        if self.closed:
            return
        self._shut()
        if self.busy:
            self.busy = False
            answer, self._answer = self._answer, None
            self.received, self.body_at, self.length = answer or b"", 0, answer.body_bytes if answer else 0
            ended = perf_counter()
            if answer is None:
                self.first = ended
            self._owner.done(self, answer.status if answer else 0, error, ended)
        else:
            self._owner.lost(self, error)

    def _shut(self) -> None:
        self.closed, self.ready = True, False
        self._reader.close()
        self._writer.close()
        self._socket.close()
