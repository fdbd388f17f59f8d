"""Prometheus metrics of the model."""

from collections import deque
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from target_service.ml import DriftScores, ModelCard

INFERENCE_BUCKETS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.1)
PROBABILITY_BUCKETS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1)

MultiprocessMode = Literal["livemax", "livemin", "livesum"]


class ModelMetrics:
    """The model's metrics. A metric has no sample before it was measured: a 0 would be wrong.

    Each of several workers has its own window. Counters and histograms are summed; PSI is the highest and
    accuracy the lowest of the running workers, the number of rows their sum.
    """

    def __init__(self, registry: CollectorRegistry, feedback_window: int) -> None:
        self._registry = registry
        self._recent_feedback: deque[bool] = deque(maxlen=feedback_window)
        self._prediction_psi: Gauge | None = None
        self._accuracy: Gauge | None = None
        self.predictions = Counter(
            "model_predictions_total", "Rows classified.", ("class",), registry=registry
        )
        self.probability = Histogram(
            "model_prediction_probability",
            "Probability (ratio) of the predicted class.",
            buckets=PROBABILITY_BUCKETS,
            registry=registry,
        )
        self.inference = Histogram(
            "model_inference_duration_seconds",
            "Time of the model for the rows of one request.",
            buckets=INFERENCE_BUCKETS,
            registry=registry,
        )
        self._feedback = Counter(
            "model_feedback_total", "Feedback on predictions.", ("outcome",), registry=registry
        )
        self._feature_psi = self._create_gauge(
            "model_feature_psi", "PSI against the training data.", "livemax", ("feature",)
        )
        self._info = self._create_gauge(
            "model_info", "The loaded model; always 1.", "livemax", ("version", "name", "algorithm")
        )
        self._window_rows = self._create_gauge(
            "model_drift_window_rows", "Rows that PSI is computed over.", "livesum"
        )

    def set_model(self, card: ModelCard) -> None:
        """Expose the loaded model, and create the series of its classes at zero."""
        labels = {"version": card.version, "name": card.name, "algorithm": card.algorithm}
        self._info.labels(**labels).set(1)
        for name in card.classes:
            self.predictions.labels(name)
        for outcome in ("correct", "wrong"):
            self._feedback.labels(outcome)

    def record_feedback(self, *, correct: bool) -> None:
        """Count one feedback and update the rolling accuracy."""
        self._feedback.labels("correct" if correct else "wrong").inc()
        self._recent_feedback.append(correct)
        if self._accuracy is None:
            self._accuracy = self._create_gauge(
                "model_accuracy_ratio",
                "Ratio of correct predictions in the latest feedback (model decay).",
                "livemin",
            )
        self._accuracy.set(sum(self._recent_feedback) / len(self._recent_feedback))

    def set_window_rows(self, rows: int) -> None:
        """Set the number of rows in the drift window."""
        self._window_rows.set(rows)

    def set_drift(self, scores: DriftScores) -> None:
        """Set the PSI of features and prediction."""
        for name, value in scores.feature_psi.items():
            self._feature_psi.labels(name).set(value)
        if self._prediction_psi is None:
            self._prediction_psi = self._create_gauge(
                "model_prediction_psi",
                "PSI of the first class's probability against the training data.",
                "livemax",
            )
        self._prediction_psi.set(scores.prediction_psi)

    def _create_gauge(
        self, name: str, text: str, mode: MultiprocessMode, labels: tuple[str, ...] = ()
    ) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=mode)
