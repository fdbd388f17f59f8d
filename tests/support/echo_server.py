"""An HTTP server that returns each request as JSON, and unusual or broken responses at some paths."""

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

import brotli  # type: ignore[import-untyped] # brotli has no type information

BODY_TEXT = b"ein paar Worte, ein paar Worte"
_LENGTH = b"\r\nContent-Length: %d\r\n\r\n%b"


def _build_response(fields: bytes, body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + fields + _LENGTH % (len(body), body)


def _build_redirect(status: int, location: str) -> bytes:
    fields = f"Set-Cookie: hop={status}; Path=/\r\nLocation: {location}".encode()
    return _build_response(fields, b"", b"%d Moved" % status)


RESPONSES = {
    "/gzip": _build_response(b"Content-Encoding: gzip", gzip.compress(BODY_TEXT)),
    "/deflate": _build_response(b"Content-Encoding: deflate", zlib.compress(BODY_TEXT)),
    "/br": _build_response(b"Content-Encoding: br", brotli.compress(BODY_TEXT)),
    "/broken-gzip": _build_response(b"Content-Encoding: gzip", BODY_TEXT),
    "/chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nein paar\r\n6\r\n Worte\r\n0\r\n\r\n"
    ),
    "/latin": _build_response(b"Content-Type: text/plain; charset=latin-1", "Größe".encode("latin-1")),
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "/404": _build_response(b"X-Why: gone", b'{"error": "gone"}', b"404 Not Found"),
    "/500": _build_response(b"X-Why: oops", b"oops", b"500 Oops"),
    "/login": _build_response(b"Set-Cookie: sid=1; Path=/\r\nSet-Cookie: b=2; Path=/", b"in"),
    "/logout": _build_response(b"Set-Cookie: sid=; Path=/; Max-Age=0", b"out"),
    "/301": _build_redirect(301, "/echo?moved"),
    "/303": _build_redirect(303, "/echo?moved"),
    "/307": _build_redirect(307, "/echo?moved"),
    "/loop": _build_redirect(302, "/loop"),
    "/to-ftp": _build_redirect(302, "ftp://127.0.0.1/x"),
    "/to-nowhere": _build_redirect(302, "http://127.0.0.1:99999/x"),
    "/half": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    "/garbled": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/close": b"",
    "/once": _build_response(b"X-Closes: without saying so", b"ok"),
}
_CLOSING_PATHS = {"/half", "/garbled", "/close", "/once"}
"""Paths after whose response the connection is closed."""


@dataclass
class EchoServer:
    """A running server: its URL and the number of requests by path."""

    url: str
    request_counts: Counter[str] = field(default_factory=Counter)
    released: threading.Event = field(default_factory=threading.Event)
    """Set to end every request of ``/never``."""

    @property
    def total(self) -> int:
        return sum(self.request_counts.values())


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    echo: EchoServer


class _IPv6Server(_Server):
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

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.server.echo.request_counts[path] += 1
        if path == "/never":
            self.server.echo.released.wait(30)
            self.close_connection = True
        elif path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif path.startswith("/to-other/"):
            self.wfile.write(_build_redirect(302, f"http://{path.removeprefix('/to-other/')}/echo"))
        else:
            self.wfile.write(RESPONSES.get(path) or b"" if path in RESPONSES else self._build_echo(body))
            self.close_connection = self.close_connection or path in _CLOSING_PATHS

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = respond  # noqa: N815 - required names

    def _build_echo(self, body: bytes) -> bytes:
        fields: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            fields.setdefault(name.lower(), []).append(value)
        text = body.decode("latin-1")
        request = {"method": self.command, "path": self.path, "headers": fields, "body": text}
        content = json.dumps(request).encode()
        response = _build_response(b"Content-Type: application/json\r\nX-Shop: blue", content)
        return response[: response.index(b"\r\n\r\n") + 4] if self.command == "HEAD" else response

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        del format, args


@contextmanager
def run_echo_server(*, tls: ssl.SSLContext | None = None, ipv6: bool = False) -> Iterator[EchoServer]:
    """Serve on a free loopback port."""
    server_class, address = (_IPv6Server, "::1") if ipv6 else (_Server, "127.0.0.1")
    with server_class((address, 0), _Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        host = f"[{address}]" if ipv6 else address
        server.echo = EchoServer(f"http{'s' if tls else ''}://{host}:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.echo
        finally:
            server.echo.released.set()
            server.shutdown()
            thread.join()
