"""A real HTTP server that answers with what it saw, and in odd or broken ways where its path says so."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli  # type: ignore[import-untyped] # it comes without types

TEXT = b"ein paar Worte, ein paar Worte"
_LENGTH = b"\r\nContent-Length: %d\r\n\r\n%b"


def _answer(fields: bytes, body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + fields + _LENGTH % (len(body), body)


def _moved(status: int, place: str) -> bytes:
    return _answer(
        f"Set-Cookie: hop={status}; Path=/\r\nLocation: {place}".encode(), b"", b"%d Moved" % status
    )


ANSWERS = {
    "/gzip": _answer(b"Content-Encoding: gzip", gzip.compress(TEXT)),
    "/deflate": _answer(b"Content-Encoding: deflate", zlib.compress(TEXT)),
    "/br": _answer(b"Content-Encoding: br", brotli.compress(TEXT)),
    "/broken-gzip": _answer(b"Content-Encoding: gzip", TEXT),
    "/chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nein paar\r\n6\r\n Worte\r\n0\r\n\r\n"
    ),
    "/latin": _answer(b"Content-Type: text/plain; charset=latin-1", "Größe".encode("latin-1")),
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "/404": _answer(b"X-Why: gone", b'{"error": "gone"}', b"404 Not Found"),
    "/500": _answer(b"X-Why: oops", b"oops", b"500 Oops"),
    "/login": _answer(b"Set-Cookie: sid=1; Path=/\r\nSet-Cookie: b=2; Path=/", b"in"),
    "/logout": _answer(b"Set-Cookie: sid=; Path=/; Max-Age=0", b"out"),
    "/301": _moved(301, "/echo?moved"),
    "/303": _moved(303, "/echo?moved"),
    "/307": _moved(307, "/echo?moved"),
    "/loop": _moved(302, "/loop"),
    "/to-ftp": _moved(302, "ftp://127.0.0.1/x"),
    "/to-nowhere": _moved(302, "http://127.0.0.1:99999/x"),
    "/half": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "/garbled": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/close": b"",
    "/once": _answer(b"X-Closes: without saying so", b"ok"),
}
_LAST = {"/half", "/garbled", "/close", "/once"}
"""After these the connection is closed."""


@dataclass
class Echo:
    """Where it listens, and how many requests reached it by path."""

    url: str
    paths: Counter[str] = field(default_factory=Counter)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends ``/never`` for good."""

    @property
    def total(self) -> int:
        return sum(self.paths.values())


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    echo: Echo


class _ServerOfIPv6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.echo.paths[path] += 1
        if path == "/never":
            self.server.echo.released.wait(30)
            self.close_connection = True
        elif path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif path.startswith("/to-other/"):
            self.wfile.write(_moved(302, f"http://{path.removeprefix('/to-other/')}/echo"))
        else:
            self.wfile.write(ANSWERS.get(path) or b"" if path in ANSWERS else self._echoed(body))
            self.close_connection = self.close_connection or path in _LAST

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - theirs

    def _echoed(self, body: bytes) -> bytes:
        fields: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            fields.setdefault(name.lower(), []).append(value)
        seen = {"method": self.command, "path": self.path, "headers": fields, "body": body.decode("latin-1")}
        answer = _answer(b"Content-Type: application/json\r\nX-Shop: blue", json.dumps(seen).encode())
        return answer[: answer.index(b"\r\n\r\n") + 4] if self.command == "HEAD" else answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        del format, args


@contextmanager
def echoing(*, tls: ssl.SSLContext | None = None, ipv6: bool = False) -> Iterator[Echo]:
    """Serve on a free loopback port."""
    kind, place = (_ServerOfIPv6, "::1") if ipv6 else (_Server, "127.0.0.1")
    with kind((place, 0), _Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        host = f"[{place}]" if ipv6 else place
        server.echo = Echo(f"http{'s' if tls else ''}://{host}:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.echo
        finally:
            server.echo.released.set()
            server.shutdown()
            thread.join()
