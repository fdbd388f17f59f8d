"""A real HTTP server that answers as told: well, badly, half-way or not at all."""

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

Answer = Callable[["Handler"], None]


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it; ``parameters`` come from the query string or the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    in_body: bool


@dataclass
class Server:
    """What a running server was asked, and where it is."""

    url: str
    asked: list[Asked] = field(default_factory=list)


class _Http(http.server.ThreadingHTTPServer):
    def __init__(self, answers: Sequence[Answer], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = tls
        self.book = Server(f"{'https' if tls else 'http'}://127.0.0.1:{self.server_address[1]}")
        self.answers = list(answers)
        self.closing = threading.Event()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return (self.tls.wrap_socket(connection, server_side=True) if self.tls else connection), address

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(http.server.BaseHTTPRequestHandler):
    server: _Http

    def do_GET(self) -> None:
        self._play(in_body=False)

    def do_POST(self) -> None:
        self._play(in_body=True)

    def _play(self, *, in_body: bool) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parameters = dict(parse_qsl(body if in_body else address.query))
        asked = Asked(self.command, address.path, dict(self.headers), parameters, in_body)
        self.server.book.asked.append(asked)
        self.server.next_answer()(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def text(body: str, status: int = 200, **headers: str) -> Answer:
    """Answer with a body; ``Retry_After`` becomes the header ``Retry-After``."""

    def play(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return play


def envelope(data: object, **more: object) -> Answer:
    """Answer as Prometheus does when all is well."""
    return text(json.dumps({"status": "success", "data": data} | more))


def refusal(status: int, error: str, kind: str = "bad_data") -> Answer:
    """Answer as Prometheus does when it will not."""
    return text(json.dumps({"status": "error", "errorType": kind, "error": error}), status)


def reset(handler: Handler) -> None:
    """Break the connection with a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.rfile.close()
    handler.connection.close()


def half(handler: Handler) -> None:
    """Announce more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status":"succ')
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Take the request and never answer."""
    handler.server.closing.wait()
    handler.close_connection = True


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server that plays its answers in turn, the last for ever."""
    with _Http(answers, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.book
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def refused_url() -> str:
    """Give an address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
