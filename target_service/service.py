"""What the API does, apart from HTTP: the model, its metrics, its window of rows, its faults."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from structlog.typing import FilteringBoundLogger

from target_service.drift import DriftReference, RowWindow
from target_service.faults import FaultInjector
from target_service.metrics import ModelMetrics
from target_service.model import Model, Rows
from target_service.prediction_ids import PredictionIds
from target_service.schemas import Prediction
from target_service.settings import Settings


@dataclass(slots=True)
class Service:
    """Everything a request needs; ``model`` is ``None`` until :meth:`start`."""

    settings: Settings
    metrics: ModelMetrics
    log: FilteringBoundLogger
    faults: FaultInjector = field(default_factory=FaultInjector)
    model: Model | None = None
    ids: PredictionIds = field(init=False)
    _window: RowWindow = field(init=False)
    _spread: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.ids = PredictionIds(self.settings.signing_key.get_secret_value())

    def start(self, model: Model) -> None:
        """Take ``model`` into service."""
        card = model.card
        self._window = RowWindow(self.settings.drift_window_rows, len(card.features))
        self._spread = np.array([feature.std for feature in card.features], np.float32)
        self.metrics.announce(card)
        self.model = model
        self.log.info("model loaded", model=card.name, version=card.version)

    def classify(self, model: Model, instances: list[list[float]]) -> list[Prediction]:
        """Classify rows and note them for metrics and drift."""
        rows = np.array(instances, np.float32)
        if self.faults.faults.drift:
            rows += np.float32(self.faults.faults.drift) * self._spread
        start = perf_counter()
        probabilities = model.predict(rows)
        self.metrics.inference.observe(perf_counter() - start)
        self._window.add(rows, probabilities[:, 0])
        indices = probabilities.argmax(axis=1).tolist()
        chances = probabilities.max(axis=1).tolist()
        return [self._classified(model, *pair) for pair in zip(indices, chances, strict=True)]

    def _classified(self, model: Model, index: int, probability: float) -> Prediction:
        name = model.card.classes[index]
        self.metrics.predictions.labels(name).inc()
        self.metrics.probability.observe(probability)
        return Prediction(
            prediction_id=self.ids.make(index), class_name=name, probability=round(probability, 6)
        )

    async def watch_drift(self, model: Model) -> None:
        """Renew the drift metrics every ``drift_interval_seconds``, computing in a thread, for ever."""
        reference = DriftReference(model.card)
        while True:
            await asyncio.sleep(self.settings.drift_interval_seconds)
            self.metrics.window(len(self._window))
            if len(self._window) >= self.settings.drift_min_rows:
                drift = await asyncio.to_thread(reference.compare, self._window.snapshot())
                self.metrics.drift(drift)
