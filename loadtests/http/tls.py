"""TLS on a plain socket that does not block.

``SSLContext.wrap_socket`` can't be had here: what it makes looks for its own class under a name where
gevent has put another. So this goes one step deeper, to where gevent's own sockets begin.
"""

from __future__ import annotations

import ssl
from typing import Any


def verifying_context() -> ssl.SSLContext:
    """Make a TLS context that verifies the service's certificate and name."""
    return ssl.create_default_context()


def trusting_context() -> ssl.SSLContext:
    """Make a TLS context that takes any certificate, as Locust's fast users do unless told otherwise."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TLSSocket:
    """Speaks TLS over a connected socket; what would block raises ``SSLWantReadError`` or its like.

    Raises:
        OSError: TLS can't be begun.
        ValueError: ``name`` is no host's name.
    """

    __slots__ = ("_raw", "_read", "do_handshake", "pending", "send")

    def __init__(self, raw: Any, context: Any, name: str) -> None:
        self._raw = raw
        host = name.encode("idna").decode("ascii") if not name.isascii() else name
        inner = context._wrap_socket(raw, False, host)  # noqa: SLF001 - see above
        self.do_handshake, self.pending = inner.do_handshake, inner.pending
        self.send, self._read = inner.write, inner.read

    def recv(self, size: int) -> bytes:
        """Read up to so many bytes; nothing at the end, also where the service did not announce it."""
        try:
            data: bytes = self._read(size)
        except ssl.SSLEOFError:
            return b""
        return data

    def close(self) -> None:
        """Close the socket."""
        self._raw.close()
