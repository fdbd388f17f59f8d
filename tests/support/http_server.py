"""A small HTTP server that counts the requests it receives, and misbehaves on request."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_DELAYS = {"/slow": 0.02, "/stall": 30}
"""Seconds."""


@dataclass
class ReceivedRequests:
    """The requests that the server has received."""

    url: str
    paths: Counter[str] = field(default_factory=Counter)
    connections: set[object] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    first_received: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Lets ``/stall`` respond from now on."""

    @property
    def total(self) -> int:
        return sum(self.paths.values())


@contextmanager
def serve_http() -> Iterator[ReceivedRequests]:
    """Serve on a free loopback port.

    The response has status 200, except: ``/status/NNN`` responds with that status, ``/moved`` redirects to
    ``/``, ``/close`` closes the connection without a response, ``/slow`` responds after 20 ms, ``/stall``
    when ``released`` is set, ``/half`` with half a response.
    """
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, ValueError):
                self.close_connection = True

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                received.paths[self.path] += 1
                received.connections.add(self.client_address)
                received.bodies.append(body)
                received.headers.append(dict(self.headers))
            received.first_received.set()
            if self.path == "/close":
                self.close_connection = True
                return
            received.released.wait(_DELAYS.get(self.path, 0))
            self.send_status_and_body()

        def send_status_and_body(self) -> None:
            status = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/status/") else 200
            self.send_response(302 if self.path == "/moved" else status)
            if self.path == "/moved":
                self.send_header("Location", "/")
            self.send_header("Content-Length", "10" if self.path == "/half" else "2")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"ok")
            self.close_connection = self.path == "/half"

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = respond  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
            del format, args

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        received = ReceivedRequests(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield received
        finally:
            received.released.set()
            server.shutdown()
            thread.join()
