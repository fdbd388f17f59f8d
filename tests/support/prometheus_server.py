"""A real Prometheus that scrapes, every second, a page whose text the test controls."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofload.stack.managed_process import Supervised
from proofload.stack.prometheus_binary import PrometheusNotFoundError, find_prometheus
from proofload.stack.scrape_wait import await_scrape
from proofload.stack.stack import READY_SECONDS, free_ports
from slo.model import Spec
from slo.prometheus.client import Prometheus
from slo.prometheus.connection import Connection

CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["{target}"]}}]
"""
SAME_SCRAPE_SECONDS = 0.01
"""Prometheus moves the time of a scrape by up to 2 ms (its ``scrapeTimestampTolerance``)."""
DEADLINE_SECONDS = 30.0


class Page(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.text: str | None = ""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        body = (self.server.text or "").encode()
        self.send_response(500 if self.server.text is None else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Scraped:
    """A Prometheus, and the page of metrics it scrapes."""

    api: Prometheus
    page: Page

    def show(self, text: str | None, spec: Spec) -> float:
        """Change the page (``None``: it fails), wait until Prometheus has seen it, and give that time."""
        self.page.text = text
        after = time.time() + SAME_SCRAPE_SECONDS
        return await_scrape(self.api, spec, after=after, deadline_seconds=DEADLINE_SECONDS)


@contextmanager
def scraped(folder: Path, rules: str = "groups: []") -> Iterator[Scraped]:
    """Start both, with rules where some are given, or skip the test where there is no Prometheus."""
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    with ExitStack() as running:
        page = running.enter_context(serving())
        (folder / "rules.yaml").write_text(rules)
        url = _start(running, binary, folder, page)
        yield Scraped(running.enter_context(Prometheus(Connection(url))), page)


@contextmanager
def serving() -> Iterator[Page]:
    """Serve the page on a free port."""
    with Page() as page:
        thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield page
        finally:
            page.shutdown()
            thread.join()


def _start(running: ExitStack, binary: Path, folder: Path, page: Page) -> str:
    configuration = folder / "prometheus.yml"
    configuration.write_text(CONFIGURATION.format(target=f"127.0.0.1:{page.server_address[1]}"))
    (port,) = free_ports(1)
    command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = Supervised("Prometheus", command, folder / "prometheus.log")
    running.callback(process.stop)
    process.await_ready(f"http://127.0.0.1:{port}/-/ready", READY_SECONDS)
    return f"http://127.0.0.1:{port}"
