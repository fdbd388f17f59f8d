"""A real Prometheus that scrapes a page of metrics, set by the test, every second."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofload.stack import (
    READY_TIMEOUT_SECONDS,
    ManagedProcess,
    PrometheusNotFoundError,
    await_scrape,
    find_free_ports,
    find_prometheus,
)
from slo.model import Spec
from slo.prometheus import ConnectionSettings, PrometheusClient

CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["{target}"]}}]
"""
SAME_SCRAPE_SECONDS = 0.01
"""Prometheus moves the timestamp of a scrape by up to 2 ms (its ``scrapeTimestampTolerance``)."""
DEADLINE_SECONDS = 30.0


class MetricsPage(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.text: str | None = ""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: MetricsPage

    def do_GET(self) -> None:
        body = (self.server.text or "").encode()
        self.send_response(500 if self.server.text is None else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@dataclass
class ScrapedPrometheus:
    """A Prometheus and the page of metrics that it scrapes."""

    client: PrometheusClient
    page: MetricsPage

    def publish(self, text: str | None, spec: Spec) -> float:
        """Set the page (``None``: it fails) and wait for its scrape; return the time of the scrape."""
        self.page.text = text
        after = time.time() + SAME_SCRAPE_SECONDS
        return await_scrape(self.client, spec, after=after, timeout_seconds=DEADLINE_SECONDS)


@contextmanager
def run_prometheus(
    folder: Path, rules: str = "groups: []", configuration: str = CONFIGURATION
) -> Iterator[ScrapedPrometheus]:
    """Start Prometheus with rules, and the page; skip the test if there is no Prometheus.

    ``configuration`` contains ``{target}``, the address of the page.
    """
    try:
        binary = find_prometheus(lambda _: None).path
    except PrometheusNotFoundError as error:
        pytest.skip(str(error))
    with ExitStack() as running:
        page = running.enter_context(serve_page())
        (folder / "rules.yaml").write_text(rules)
        text = configuration.format(target=f"127.0.0.1:{page.server_address[1]}")
        url = _start_prometheus(running, binary, folder, text)
        yield ScrapedPrometheus(running.enter_context(PrometheusClient(ConnectionSettings(url))), page)


@contextmanager
def serve_page() -> Iterator[MetricsPage]:
    """Serve the page on a free port."""
    with MetricsPage() as page:
        thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield page
        finally:
            page.shutdown()
            thread.join()


def _start_prometheus(running: ExitStack, binary: Path, folder: Path, text: str) -> str:
    configuration = folder / "prometheus.yml"
    configuration.write_text(text)
    (port,) = find_free_ports(1)
    command = [
        str(binary),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = ManagedProcess("Prometheus", command, folder / "prometheus.log")
    running.callback(process.stop)
    process.await_ready(f"http://127.0.0.1:{port}/-/ready", READY_TIMEOUT_SECONDS)
    return f"http://127.0.0.1:{port}"
