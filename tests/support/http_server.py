"""A tiny real HTTP server that counts what reaches it, and misbehaves where it is asked to."""

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
class Counted:
    """What reached the server: requests by path, and by connection."""

    url: str
    paths: Counter[str] = field(default_factory=Counter)
    connections: set[object] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Ends ``/stall`` and ``/never`` for good."""

    @property
    def total(self) -> int:
        return sum(self.paths.values())


@contextmanager
def serving() -> Iterator[Counted]:
    """Serve on a free loopback port.

    Answers 200, but: ``/status/NNN`` that status, ``/moved`` a redirect to ``/``, ``/close`` hangs up
    without an answer, ``/slow`` answers after 20 ms, ``/stall`` once ``released`` is set, ``/half`` half
    an answer.
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

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                counted.paths[self.path] += 1
                counted.connections.add(self.client_address)
                counted.bodies.append(body)
                counted.headers.append(dict(self.headers))
            counted.first.set()
            if self.path == "/close":
                self.close_connection = True
                return
            counted.released.wait(_DELAYS.get(self.path, 0))
            self.reply()

        def reply(self) -> None:
            status = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/status/") else 200
            self.send_response(302 if self.path == "/moved" else status)
            if self.path == "/moved":
                self.send_header("Location", "/")
            self.send_header("Content-Length", "10" if self.path == "/half" else "2")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"ok")
            self.close_connection = self.path == "/half"

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        counted = Counted(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield counted
        finally:
            counted.released.set()
            server.shutdown()
            thread.join()
