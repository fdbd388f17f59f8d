"""An HTTP server on a real socket whose responses and failures the test chooses."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Responder = Callable[["Handler"], None]


@dataclass(frozen=True)
class RecordedRequest:
    """A request as the server received it; ``parameters`` come from the query string or the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    in_body: bool


@dataclass
class RunningServer:
    """URL of a running server, and the requests that it received."""

    url: str
    requests: list[RecordedRequest] = field(default_factory=list)


class _Http(http.server.ThreadingHTTPServer):
    def __init__(self, responders: Sequence[Responder], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = tls
        self.running = RunningServer(f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}")
        self.responders = list(responders)
        self.closing = threading.Event()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return (self.tls.wrap_socket(connection, server_side=True) if self.tls else connection), address

    def take_responder(self) -> Responder:
        return self.responders.pop(0) if len(self.responders) > 1 else self.responders[0]


class Handler(http.server.BaseHTTPRequestHandler):
    server: _Http

    def do_GET(self) -> None:
        self._respond(in_body=False)

    def do_POST(self) -> None:
        self._respond(in_body=True)

    def _respond(self, *, in_body: bool) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parameters = dict(parse_qsl(body if in_body else address.query))
        request = RecordedRequest(self.command, address.path, dict(self.headers), parameters, in_body)
        self.server.running.requests.append(request)
        self.server.take_responder()(self)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def respond_text(body: str, status: int = 200, **headers: str) -> Responder:
    """Respond with a body; ``Retry_After`` becomes the header ``Retry-After``."""

    def respond(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return respond


def respond_success(data: object, **more: object) -> Responder:
    """Respond as Prometheus does on success."""
    return respond_text(json.dumps({"status": "success", "data": data} | more))


def respond_error(status: int, error: str, kind: str = "bad_data") -> Responder:
    """Respond as Prometheus does when it refuses a query."""
    return respond_text(json.dumps({"status": "error", "errorType": kind, "error": error}), status)


def reset_connection(handler: Handler) -> None:
    """Close the connection with a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.rfile.close()
    handler.connection.close()


def send_partial_response(handler: Handler) -> None:
    """Announce more bytes than are sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status":"succ')
    handler.close_connection = True


def never_respond(handler: Handler) -> None:
    """Read the request and never respond."""
    handler.server.closing.wait()
    handler.close_connection = True


@contextmanager
def run_server(*responders: Responder, tls: ssl.SSLContext | None = None) -> Iterator[RunningServer]:
    """Run a server that uses its responders in turn, and the last one for all further requests."""
    with _Http(responders, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.running
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def find_refused_url() -> str:
    """Return a URL where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"
