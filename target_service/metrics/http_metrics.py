"""Prometheus metrics of requests, by handler, method and status."""

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary
from prometheus_fastapi_instrumentator.metrics import Info

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10)
"""Seconds. They include every latency threshold of ``slo/objectives.yaml``."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
"""RFC 9110, section 9, and RFC 5789. Others count as ``OTHER``, so that clients can't create label values."""

RequestLabels = tuple[str, str, str]
RequestMetrics = tuple[Counter, Histogram, Summary, Summary]


class HttpMetrics:
    """The instrumentation function of the instrumentator: counts each completed request.

    Finding a child metric by ``labels()`` takes longer than counting, so children are cached. Sizes include
    only bodies with a Content-Length.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("handler", "method", "status")
        self._requests = Counter("http_requests_total", "Requests completed.", names, registry=registry)
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from the request head to the last byte of the response.",
            names,
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._request_size = Summary(
            "http_request_size_bytes", "Content-Length of requests.", ("handler",), registry=registry
        )
        self._response_size = Summary(
            "http_response_size_bytes", "Content-Length of responses.", ("handler",), registry=registry
        )
        self._children: dict[RequestLabels, RequestMetrics] = {}

    def __call__(self, info: Info) -> None:
        """Count one request."""
        method = info.method if info.method in KNOWN_METHODS else "OTHER"
        key = (info.modified_handler, method, info.modified_status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = self._create_children(key)
        requests, duration, request_size, response_size = children
        requests.inc()
        duration.observe(info.modified_duration)
        if (size := info.request.headers.get("content-length")) is not None:
            request_size.observe(int(size))
        if info.response is not None and (size := info.response.headers.get("content-length")) is not None:
            response_size.observe(int(size))

    def _create_children(self, key: RequestLabels) -> RequestMetrics:
        handler = key[0]
        return (
            self._requests.labels(*key),
            self._duration.labels(*key),
            self._request_size.labels(handler),
            self._response_size.labels(handler),
        )
