"""A page of the load generator's metrics, as its exporter names them, whose books grow with every scrape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

EACH_SCRAPE = 10
TIMES = ("response_time", "service_time", "lateness")


class Books(Collector):
    """Books ten more requests at each scrape, one of them failed and one dropped."""

    def __init__(self) -> None:
        self._inner = inner = CollectorRegistry()
        self._totals = {
            what: Counter(f"proofload_requests_{what}", what, registry=inner) for what in ("offered", "sent")
        }
        self._completed = Counter("proofload_requests_completed", "Answered.", ["name"], registry=inner)
        self._failed = Counter("proofload_requests_failed", "Failed.", ["name", "reason"], registry=inner)
        self._dropped = Counter("proofload_requests_dropped", "Dropped.", ["name"], registry=inner)
        self._times = [
            Histogram(f"proofload_{what}_seconds", what, ["name"], registry=inner) for what in TIMES
        ]
        Gauge("proofload_in_flight", "In flight.", registry=inner).set(3)
        info = Gauge("proofload_load_info", "Load.", ["engine", "profile", "run"], registry=inner)
        info.labels("wire", "smoke", "test").set(1)

    def describe(self) -> list[Metric]:
        """Say nothing, so that registering books nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        self._totals["offered"].inc(EACH_SCRAPE)
        self._totals["sent"].inc(EACH_SCRAPE - 1)
        self._dropped.labels("predict").inc()
        self._failed.labels("predict", "timeout").inc()
        for number in range(EACH_SCRAPE - 2):
            self._completed.labels("predict").inc()
            for times in self._times:
                times.labels("predict").observe(0.01 * number)
        yield from self._inner.collect()


@contextmanager
def serving_books() -> Iterator[int]:
    """Serve the page on a free loopback port, and give the port."""
    registry = CollectorRegistry()
    registry.register(Books())
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
