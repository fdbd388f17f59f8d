"""TLS on a plain non-blocking socket.

``SSLContext.wrap_socket`` cannot be used: its result looks up its own class under a name that gevent has
replaced. So this uses ``SSLContext._wrap_socket``, as gevent's own sockets do.
"""

from __future__ import annotations

import ssl
from typing import Any


def create_verifying_context() -> ssl.SSLContext:
    """Return a TLS context that verifies the certificate and the host name of the service."""
    return ssl.create_default_context()


def create_trusting_context() -> ssl.SSLContext:
    """Return a TLS context that accepts any certificate, as Locust's fast users do by default."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TLSSocket:
    """TLS over a connected socket; an operation that would block raises ``SSLWantReadError`` or similar.

    Raises:
        OSError: TLS cannot be started.
        ValueError: ``host_name`` is not a host name.
    """

    __slots__ = ("_raw_socket", "_read", "do_handshake", "pending", "send")

    def __init__(self, raw_socket: Any, context: Any, host_name: str) -> None:
        self._raw_socket = raw_socket
        host = host_name.encode("idna").decode("ascii") if not host_name.isascii() else host_name
        inner = context._wrap_socket(raw_socket, False, host)  # noqa: SLF001 - see above
        self.do_handshake, self.pending = inner.do_handshake, inner.pending
        self.send, self._read = inner.write, inner.read

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end, even if the service did not announce it."""
        try:
            data: bytes = self._read(size)
        except ssl.SSLEOFError:
            return b""
        return data

    def close(self) -> None:
        """Close the socket."""
        self._raw_socket.close()
