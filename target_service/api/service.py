"""The service without HTTP: the model, its metrics, its window of rows, its faults."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from structlog.typing import FilteringBoundLogger

from target_service.api.prediction_ids import PredictionIds
from target_service.api.schemas import Prediction
from target_service.faults import FaultInjector
from target_service.metrics import ModelMetrics
from target_service.ml import DriftReference, Model, Rows, RowWindow
from target_service.settings import Settings


@dataclass(slots=True)
class Service:
    """The state that requests share; ``model`` is ``None`` until :meth:`start`."""

    settings: Settings
    metrics: ModelMetrics
    log: FilteringBoundLogger
    faults: FaultInjector = field(default_factory=FaultInjector)
    model: Model | None = None
    prediction_ids: PredictionIds = field(init=False)
    _row_window: RowWindow = field(init=False)
    _feature_deviations: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.prediction_ids = PredictionIds(self.settings.signing_key.get_secret_value())

    def start(self, model: Model) -> None:
        """Start to serve ``model``."""
        card = model.card
        self._row_window = RowWindow(self.settings.drift_window_rows, len(card.features))
        self._feature_deviations = np.array([feature.std for feature in card.features], np.float32)
        self.metrics.set_model(card)
        self.model = model
        self.log.info("model loaded", model=card.name, version=card.version)

    def classify(self, model: Model, instances: list[list[float]]) -> list[Prediction]:
        """Classify rows and record them for metrics and drift."""
        rows = np.array(instances, np.float32)
        if self.faults.faults.drift:
            rows += np.float32(self.faults.faults.drift) * self._feature_deviations
        start = perf_counter()
        probabilities = model.predict(rows)
        self.metrics.inference.observe(perf_counter() - start)
        self._row_window.add(rows, probabilities[:, 0])
        indices = probabilities.argmax(axis=1).tolist()
        highest = probabilities.max(axis=1).tolist()
        return [self._record_prediction(model, *pair) for pair in zip(indices, highest, strict=True)]

    def _record_prediction(self, model: Model, index: int, probability: float) -> Prediction:
        name = model.card.classes[index]
        self.metrics.predictions.labels(name).inc()
        self.metrics.probability.observe(probability)
        return Prediction(
            prediction_id=self.prediction_ids.make(index), class_name=name, probability=round(probability, 6)
        )

    async def watch_drift(self, model: Model) -> None:
        """Update the drift metrics every ``drift_interval_seconds`` in a thread, until cancelled."""
        reference = DriftReference(model.card)
        while True:
            await asyncio.sleep(self.settings.drift_interval_seconds)
            self.metrics.set_window_rows(len(self._row_window))
            if len(self._row_window) >= self.settings.drift_min_rows:
                scores = await asyncio.to_thread(reference.compare, self._row_window.snapshot())
                self.metrics.set_drift(scores)
