"""What Prometheus reads: requests by handler, method and status, and the model's own metrics."""

from collections import deque
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_fastapi_instrumentator.metrics import Info

from target_service.card import ModelCard
from target_service.drift import Drift

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10)
"""Seconds. Every latency threshold of ``slo/objectives.yaml`` is one of them."""
INFERENCE_BUCKETS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.1)
PROBABILITY_BUCKETS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"})
"""RFC 9110, section 9, and RFC 5789. Others count as ``OTHER``: a client may not make up label values."""

Mode = Literal["livemax", "livemin", "livesum"]
Key = tuple[str, str, str]
Children = tuple[Counter, Histogram, Summary, Summary]


class HttpMetrics:
    """The one instrumentation function of the instrumentator: counts a request that has been answered.

    Looking children up by ``labels()`` costs more than counting, so they are kept. Sizes count bodies whose
    length was declared.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("handler", "method", "status")
        self._requests = Counter("http_requests_total", "Requests answered.", names, registry=registry)
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's head to the last byte of its answer.",
            names,
            buckets=DURATION_BUCKETS,
            registry=registry,
        )
        self._request_size = Summary(
            "http_request_size_bytes", "Content-Length of requests.", ("handler",), registry=registry
        )
        self._response_size = Summary(
            "http_response_size_bytes", "Content-Length of answers.", ("handler",), registry=registry
        )
        self._children: dict[Key, Children] = {}

    def __call__(self, info: Info) -> None:
        """Count one request."""
        method = info.method if info.method in METHODS else "OTHER"
        key = (info.modified_handler, method, info.modified_status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = self._make(key)
        requests, duration, request_size, response_size = children
        requests.inc()
        duration.observe(info.modified_duration)
        if (size := info.request.headers.get("content-length")) is not None:
            request_size.observe(int(size))
        if info.response is not None and (size := info.response.headers.get("content-length")) is not None:
            response_size.observe(int(size))

    def _make(self, key: Key) -> Children:
        handler = key[0]
        return (
            self._requests.labels(*key),
            self._duration.labels(*key),
            self._request_size.labels(handler),
            self._response_size.labels(handler),
        )


class ModelMetrics:
    """The model's metrics. What has not been measured yet has no sample: a 0 would be a claim.

    With several workers each has its own window. Counters and histograms add up; of PSI the highest and of
    accuracy the lowest of the living workers is shown (the one to worry about), of row counts the sum.
    """

    def __init__(self, registry: CollectorRegistry, feedback_window: int) -> None:
        self._registry = registry
        self._recent: deque[bool] = deque(maxlen=feedback_window)
        self._prediction_psi: Gauge | None = None
        self._accuracy: Gauge | None = None
        self.predictions = Counter(
            "model_predictions_total", "Rows classified.", ("class",), registry=registry
        )
        self.probability = Histogram(
            "model_prediction_probability",
            "Probability (ratio) of the class predicted.",
            buckets=PROBABILITY_BUCKETS,
            registry=registry,
        )
        self.inference = Histogram(
            "model_inference_duration_seconds",
            "Time the model took for the rows of one request.",
            buckets=INFERENCE_BUCKETS,
            registry=registry,
        )
        self._feedback = Counter(
            "model_feedback_total", "Feedback on predictions.", ("outcome",), registry=registry
        )
        self._feature_psi = self._gauge("model_feature_psi", "PSI against training.", "livemax", ("feature",))
        self._info = self._gauge(
            "model_info", "The model loaded; always 1.", "livemax", ("version", "name", "algorithm")
        )
        self._rows = self._gauge("model_drift_window_rows", "Rows that PSI is computed over.", "livesum")

    def announce(self, card: ModelCard) -> None:
        """Show which model is loaded, and the series of its classes from zero."""
        labels = {"version": card.version, "name": card.name, "algorithm": card.algorithm}
        self._info.labels(**labels).set(1)
        for name in card.classes:
            self.predictions.labels(name)
        for outcome in ("correct", "wrong"):
            self._feedback.labels(outcome)

    def feedback(self, *, correct: bool) -> None:
        """Count one feedback and renew the rolling accuracy."""
        self._feedback.labels("correct" if correct else "wrong").inc()
        self._recent.append(correct)
        if self._accuracy is None:
            self._accuracy = self._gauge(
                "model_accuracy_ratio", "Correct among the latest feedback (model decay).", "livemin"
            )
        self._accuracy.set(sum(self._recent) / len(self._recent))

    def window(self, rows: int) -> None:
        """Show how many rows the drift window holds."""
        self._rows.set(rows)

    def drift(self, drift: Drift) -> None:
        """Show the PSI of features and prediction."""
        for name, value in drift.features.items():
            self._feature_psi.labels(name).set(value)
        if self._prediction_psi is None:
            self._prediction_psi = self._gauge(
                "model_prediction_psi", "PSI of the first class's probability against training.", "livemax"
            )
        self._prediction_psi.set(drift.prediction)

    def _gauge(self, name: str, text: str, mode: Mode, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=mode)
