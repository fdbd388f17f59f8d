"""The HTTP API: routes and their documentation."""

from typing import Any

from fastapi import FastAPI, HTTPException

from target_service import schemas
from target_service.faults import PATH as FAULTS_PATH
from target_service.faults import Faults
from target_service.model import Model
from target_service.refusals import refusal
from target_service.service import Service

UNMEASURED = frozenset({"/metrics", "/health", "/ready", FAULTS_PATH})
"""Scrapes, probes and faults are not the service's work: not in its metrics, in its log at level debug."""

Responses = dict[int | str, dict[str, Any]]
NOT_READY: Responses = {503: {"model": schemas.Problem, "description": "No model is loaded."}}
REFUSED: Responses = {
    413: {"content": {"text/plain": {}}, "description": "The body is too large."},
    422: {"model": schemas.Refusal, "description": "Something in the body is wrong; `loc` says where."},
}
UNKNOWN_ID: Responses = {404: {"model": schemas.Problem, "description": "No such prediction was made."}}


class Api:
    """The endpoints of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def route(self, app: FastAPI) -> None:
        """Add the endpoints to ``app``; that of the faults only where the settings allow faults."""
        app.post("/predict", responses=REFUSED | NOT_READY)(self.predict)
        app.post("/feedback", responses=REFUSED | NOT_READY | UNKNOWN_ID)(self.feedback)
        app.get("/model", responses=NOT_READY)(self.model)
        app.get("/health")(self.health)
        app.get("/ready", responses=NOT_READY)(self.ready)
        if self._service.settings.faults:
            app.post(FAULTS_PATH, responses=REFUSED)(self.faults)

    async def predict(self, body: schemas.PredictRequest) -> schemas.PredictResponse:
        """Classify one row or a batch."""
        model, limit = self._loaded(), self._service.settings.max_rows
        if len(body.instances) > limit:
            raise refusal(("body", "instances"), "too_long", f"List should have at most {limit} items")
        return schemas.PredictResponse(
            model_version=model.card.version, predictions=self._service.classify(model, body.instances)
        )

    async def feedback(self, body: schemas.FeedbackRequest) -> schemas.FeedbackResponse:
        """Tell the true class of a prediction; its id is enough, whichever worker made it."""
        model = self._loaded()
        index = self._service.ids.read(body.prediction_id)
        if index is None or index >= len(model.card.classes):
            raise HTTPException(404, "no such prediction")
        predicted = model.card.classes[index]
        correct = predicted == body.true_class
        self._service.metrics.feedback(correct=correct)
        return schemas.FeedbackResponse(
            prediction_id=body.prediction_id,
            predicted_class=predicted,
            true_class=body.true_class,
            correct=correct,
        )

    async def model(self) -> schemas.ModelInfo:
        """Which model answers: version, features in order, classes, metrics on held-out rows."""
        card = self._loaded().card
        return schemas.ModelInfo(
            **card.model_dump(include={"name", "algorithm", "classes", "metrics", "training", "libraries"}),
            version=card.version,
            features=[feature.name for feature in card.features],
        )

    async def health(self) -> schemas.Status:
        """Whether the process lives."""
        return schemas.Status(status="ok")

    async def ready(self) -> schemas.Status:
        """Whether the model is loaded and predictions can be asked for."""
        self._loaded()
        return schemas.Status(status="ready")

    async def faults(self, body: Faults) -> Faults:
        """Replace the injected faults; `{}` clears them."""
        self._service.log.warning("faults set", **body.model_dump(exclude_defaults=True))
        self._service.faults.set(body)
        return body

    def _loaded(self) -> Model:
        if self._service.model is None:
            raise HTTPException(503, "no model is loaded")
        return self._service.model
