"""One connection: sends a request, reads its response and calls its owner back. No greenlet waits on it."""

from __future__ import annotations

import errno
import socket
import ssl
from time import perf_counter
from typing import Any, Protocol

from gevent.monkey import get_original

from loadtests.http.body_decoding import ReceivedBody
from loadtests.http.compiled_request import CompiledRequest
from loadtests.http.response_parser import (
    MalformedResponseError,
    ResponseHeadCache,
    ResponseParser,
    parse_header_lines,
)
from loadtests.http.tls import TLSSocket

_Socket = get_original("socket", "socket")  # a gevent socket would switch greenlets
_READ, _WRITE = 1, 2
_CHUNK_BYTES, _LARGE_CHUNK_BYTES = 4_096, 262_144
"""Size of one read in bytes. The large one is for the rest of a response that did not fit into one read:
a large buffer takes longer to allocate than it saves on small responses."""
_HEAD_END, _HEAD_END_BYTES = b"\r\n\r\n", 4
_ERROR_CLASSES = {
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


class ConnectionOwner(Protocol):
    """The object that sends through a connection and is called back by it."""

    head_cache: ResponseHeadCache

    def on_connected(self, connection: Connection) -> None:
        """Handle an established connection."""

    def on_request_done(
        self, connection: Connection, status: int, error: str | None, ended_at: float
    ) -> None:
        """Handle the end of a request; without a response, ``status`` is 0 and ``error`` its class."""

    def on_connection_lost(self, connection: Connection, error: str) -> None:
        """Handle a connection that closed while it was idle or before it was established."""


MAX_IDLE_SECONDS = 4.0
"""Longest time a connection stays open without a request. Servers close idle connections after 5 s (uvicorn,
Node) or more; a request sent at that moment gets no response, and the server does not count it."""


def classify_os_error(error: OSError) -> str:
    """Return the error class of a socket error: a short text from a small set, for counting."""
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return "name not resolved"
    return _ERROR_CLASSES.get(error.errno or 0, type(error).__name__)


class Connection:
    """Sends one request after the other to one address, over TLS if a context is passed.

    Times are seconds of :func:`time.perf_counter`: ``sent_at`` of the latest request, ``first_byte_at`` of
    its response, ``last_active_at`` of the last transfer. ``received`` is the latest response: its bytes if
    one read returned all of them (the body starts at offset ``body_at``), otherwise its parser.
    ``body_bytes`` is the size of its body.
    """

    __slots__ = (
        "_head_cache",
        "_owner",
        "_parser",
        "_reader",
        "_recv",
        "_send",
        "_socket",
        "_tls",
        "_unsent",
        "_writer",
        "body_at",
        "body_bytes",
        "first_byte_at",
        "intended_start",
        "is_busy",
        "is_closed",
        "is_ready",
        "last_active_at",
        "received",
        "request",
        "sent_at",
    )

    def __init__(
        self, loop: Any, owner: ConnectionOwner, address: tuple[int, Any], tls_context: Any, host_name: str
    ) -> None:
        """Start to connect.

        Raises:
            OSError: no socket can be created.
        """
        family, socket_address = address
        self._owner, self._head_cache = owner, owner.head_cache
        self._parser: ResponseParser | None = None
        self._unsent = b""
        self.request: CompiledRequest | None = None
        self.intended_start = self.sent_at = self.last_active_at = self.first_byte_at = perf_counter()
        self.received: bytes | ResponseParser = b""
        self.body_at = self.body_bytes = 0
        self.is_busy = self.is_ready = self.is_closed = False
        raw_socket = _Socket(family, socket.SOCK_STREAM)
        raw_socket.setblocking(False)
        raw_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = raw_socket.connect_ex(socket_address)
        self._tls = (tls_context, host_name) if tls_context else None
        self._use_socket(raw_socket)
        self._reader = loop.io(raw_socket.fileno(), _READ)
        self._writer = loop.io(raw_socket.fileno(), _WRITE)
        if code in {0, errno.EINPROGRESS}:
            self._writer.start(self._on_connect)
        else:
            loop.run_callback(self._fail, classify_os_error(OSError(code, "")))

    def send(self, request: CompiledRequest, intended_start: float) -> None:
        """Send a request now; the connection must be established and idle."""
        self.request, self.intended_start, self.is_busy = request, intended_start, True
        self.sent_at = self.last_active_at = perf_counter()
        self._write(request.payload)

    def read_body(self) -> ReceivedBody:
        """Return the body of the latest response; its request must have ``keeps_response`` set."""
        received = self.received
        if isinstance(received, bytes):
            return ReceivedBody(received[self.body_at :], parse_header_lines(received[: self.body_at]))
        return ReceivedBody(received.body, received.headers, received.body_bytes > len(received.body))

    def close(self, error: str) -> None:
        """Close the connection; a request in flight ends with the error."""
        self._fail(error)

    # --- Connecting -------------------------------------------------------------------------------

    def _use_socket(self, new_socket: Any) -> None:
        self._socket, self._recv, self._send = new_socket, new_socket.recv, new_socket.send

    def _on_connect(self) -> None:
        self._writer.stop()
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._fail(classify_os_error(OSError(code, "")))
        elif self._tls is None:
            self._mark_ready()
        else:
            context, host_name = self._tls
            try:
                tls_socket = TLSSocket(self._socket, context, host_name)
            except (OSError, ValueError):
                self._fail("TLS failed")
                return
            self._use_socket(tls_socket)
            self._do_handshake()

    def _do_handshake(self) -> None:
        self._reader.stop()
        self._writer.stop()
        try:
            self._socket.do_handshake()
        except ssl.SSLWantReadError:
            self._reader.start(self._do_handshake)
        except ssl.SSLWantWriteError:
            self._writer.start(self._do_handshake)
        except OSError as error:
            self._fail(classify_os_error(error))
        else:
            self._mark_ready()

    def _mark_ready(self) -> None:
        self.is_ready = True
        self._reader.start(self._on_readable)
        self._owner.on_connected(self)

    # --- Sending and reading ----------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        try:
            sent = self._send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            self._fail(classify_os_error(error))
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        self._writer.stop()
        self.last_active_at = perf_counter()
        unsent, self._unsent = self._unsent, b""
        self._write(unsent)

    def _on_readable(self) -> None:
        try:
            data = self._recv(_CHUNK_BYTES if self._parser is None else _LARGE_CHUNK_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            self._fail(classify_os_error(error))
            return
        if self._parser is None and self.is_busy:
            head_end = data.find(_HEAD_END) + _HEAD_END_BYTES
            cached = self._head_cache.get(data[:head_end])
            if cached is not None and len(data) == head_end + cached[1] and not self._unsent:
                self.is_busy = False
                self.received, self.body_at, self.body_bytes = data, head_end, cached[1]
                self.first_byte_at = ended_at = perf_counter()
                self._owner.on_request_done(self, cached[0], None, ended_at)
                return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Parse with llhttp: a response whose head is not cached, or one that takes several reads."""
        request = self.request
        if not self.is_busy or request is None:
            self._fail("unexpected data" if data else "connection closed")
            return
        self.last_active_at = perf_counter()
        is_first_read = self._parser is None
        if self._parser is None:
            self.first_byte_at = self.last_active_at
            self._parser = ResponseParser(
                expects_no_body=request.expects_no_body,
                keeps_content=request.keeps_response,
                max_kept_bytes=request.max_kept_bytes,
            )
        parser = self._parser
        try:
            parser.feed(data) if data else parser.feed_eof()
        except MalformedResponseError as error:
            self._fail(str(error))
            return
        if parser.is_complete:
            if is_first_read and not request.expects_no_body:
                self._head_cache.add(data, parser)
            self._finish(parser)
        elif self._tls and self._socket.pending():
            self._on_readable()

    def _finish(self, response: ResponseParser) -> None:
        self._parser, self.is_busy = None, False
        self.received, self.body_at, self.body_bytes = response, 0, response.body_bytes
        if not response.keep_alive or self._unsent:
            self._close_socket()
        self._owner.on_request_done(self, response.status, None, perf_counter())

    def _fail(self, error: str) -> None:
        """Close the socket; end a request in flight without a complete response."""
        if self.is_closed:
            return
        self._close_socket()
        if self.is_busy:
            self.is_busy = False
            partial, self._parser = self._parser, None
            self.received, self.body_at = partial or b"", 0
            self.body_bytes = partial.body_bytes if partial else 0
            ended_at = perf_counter()
            if partial is None:
                self.first_byte_at = ended_at
            self._owner.on_request_done(self, partial.status if partial else 0, error, ended_at)
        else:
            self._owner.on_connection_lost(self, error)

    def _close_socket(self) -> None:
        self.is_closed, self.is_ready = True, False
        self._reader.close()
        self._writer.close()
        self._socket.close()
