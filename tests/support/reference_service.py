"""The service in this process (:class:`Harness`) and as a real server (:class:`Running`)."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from target_service.app import create_app
from target_service.logs import make_logger
from target_service.settings import Settings

ROOT = Path(__file__).parents[2]
TIMEOUT = 30.0
Ask = tuple[str, str, dict[str, Any]]


def parse_samples(text: str, name: str, **labels: str) -> list[float]:
    """Return the values of the series ``name`` whose labels include ``labels``."""
    return [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


@dataclass
class Harness:
    """The application without a server."""

    settings: Settings
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    log: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        self._stream = io.TextIOWrapper(self.log)  # a reference, as its deletion would close the log
        self.app = create_app(self.settings, self.registry, make_logger("json", "debug", self._stream))

    def ask(self, *asks: Ask, started: bool = True) -> list[httpx.Response]:
        """Send requests in sequence, inside the lifespan unless ``started`` is false."""
        return asyncio.run(self._ask(asks, started))

    async def _ask(self, asks: Sequence[Ask], started: bool) -> list[httpx.Response]:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            if not started:
                return [await client.request(method, url, **rest) for method, url, rest in asks]
            async with self.app.router.lifespan_context(self.app):
                return [await client.request(method, url, **rest) for method, url, rest in asks]

    def count(self, **labels: str) -> float:
        """Return the number of requests counted with these labels."""
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == "http_requests_total" and labels.items() <= sample.labels.items()
        )

    def lines(self, message: str = "request") -> list[dict[str, Any]]:
        """Return the log events with this message."""
        events = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [event for event in events if event["message"] == message]


class Running:
    """A real server in a separate process; ``lines`` is its output."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.lines: list[str] = []
        self._new_line = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._new_line:
                self.lines.append(line.rstrip("\n"))
                self._new_line.notify_all()

    def wait_for_line(self, pattern: str, count: int = 1) -> None:
        """Wait until ``count`` lines match."""
        with self._new_line:
            is_found = self._new_line.wait_for(
                lambda: sum(bool(re.search(pattern, line)) for line in self.lines) >= count, TIMEOUT
            )
        assert is_found, f"no {count} lines like {pattern!r} in:\n" + "\n".join(self.lines)

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """Send one request on a new connection."""
        return httpx.request(method, self.url + path, timeout=TIMEOUT, **rest)

    def metric(self, name: str, **labels: str) -> float | None:
        """Return the sum of the series with these labels; ``None`` if there are none."""
        values = parse_samples(self.ask("GET", "/metrics").text, name, **labels)
        return sum(values) if values else None

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Poll a condition until it is true."""
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> int:
        """Terminate the process, wait for its end, and return the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def run_server(workers: int, variables: dict[str, str]) -> Iterator[Running]:
    port = _find_free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "target_service", "--port", str(port), "--workers", str(workers)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Running(process, f"http://127.0.0.1:{port}")
    try:
        running.wait_for_line("Application startup complete", workers)
        running.wait_for_line("Uvicorn running")
        yield running
    finally:
        running.stop()


Serve = Callable[..., Running]
