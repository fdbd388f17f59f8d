"""The routes of the HTTP API and their documentation."""

from typing import Any

from fastapi import FastAPI, HTTPException

from target_service.api import schemas
from target_service.api.error_responses import create_validation_error
from target_service.api.service import Service
from target_service.faults import FAULTS_PATH, Faults
from target_service.ml import Model

UNMEASURED_PATHS = frozenset({"/metrics", "/health", "/ready", FAULTS_PATH})
"""Scrapes, probes and faults are not the service's work: no metrics, and logged at level debug."""

ResponseDocs = dict[int | str, dict[str, Any]]
NOT_READY_RESPONSE: ResponseDocs = {503: {"model": schemas.Problem, "description": "No model is loaded."}}
BAD_BODY_RESPONSES: ResponseDocs = {
    413: {"content": {"text/plain": {}}, "description": "The body is too large."},
    422: {"model": schemas.Refusal, "description": "The body is invalid; `loc` names the field."},
}
UNKNOWN_ID_RESPONSE: ResponseDocs = {
    404: {"model": schemas.Problem, "description": "The prediction does not exist."}
}


class Api:
    """The endpoints of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def add_routes(self, app: FastAPI) -> None:
        """Add the endpoints to ``app``; the faults endpoint only if the settings allow faults."""
        app.post("/predict", responses=BAD_BODY_RESPONSES | NOT_READY_RESPONSE)(self.predict)
        app.post("/feedback", responses=BAD_BODY_RESPONSES | NOT_READY_RESPONSE | UNKNOWN_ID_RESPONSE)(
            self.feedback
        )
        app.get("/model", responses=NOT_READY_RESPONSE)(self.model)
        app.get("/health")(self.health)
        app.get("/ready", responses=NOT_READY_RESPONSE)(self.ready)
        if self._service.settings.faults:
            app.post(FAULTS_PATH, responses=BAD_BODY_RESPONSES)(self.faults)

    async def predict(self, body: schemas.PredictRequest) -> schemas.PredictResponse:
        """Classify one row or a batch."""
        model, limit = self._require_model(), self._service.settings.max_rows
        if len(body.instances) > limit:
            raise create_validation_error(
                ("body", "instances"), "too_long", f"List should have at most {limit} items"
            )
        return schemas.PredictResponse(
            model_version=model.card.version, predictions=self._service.classify(model, body.instances)
        )

    async def feedback(self, body: schemas.FeedbackRequest) -> schemas.FeedbackResponse:
        """Report the true class of a prediction. Its id is enough, as any worker can read it."""
        model = self._require_model()
        index = self._service.prediction_ids.read_class_index(body.prediction_id)
        if index is None or index >= len(model.card.classes):
            raise HTTPException(404, "no such prediction")
        predicted = model.card.classes[index]
        correct = predicted == body.true_class
        self._service.metrics.record_feedback(correct=correct)
        return schemas.FeedbackResponse(
            prediction_id=body.prediction_id,
            predicted_class=predicted,
            true_class=body.true_class,
            correct=correct,
        )

    async def model(self) -> schemas.ModelInfo:
        """Describe the model: version, features in order, classes, metrics on held-out rows."""
        card = self._require_model().card
        return schemas.ModelInfo(
            **card.model_dump(include={"name", "algorithm", "classes", "metrics", "training", "libraries"}),
            version=card.version,
            features=[feature.name for feature in card.features],
        )

    async def health(self) -> schemas.Status:
        """Report that the process is alive."""
        return schemas.Status(status="ok")

    async def ready(self) -> schemas.Status:
        """Report that the model is loaded and predictions can be requested."""
        self._require_model()
        return schemas.Status(status="ready")

    async def faults(self, body: Faults) -> Faults:
        """Replace the injected faults; `{}` clears them."""
        self._service.log.warning("faults set", **body.model_dump(exclude_defaults=True))
        self._service.faults.set_faults(body)
        return body

    def _require_model(self) -> Model:
        if self._service.model is None:
            raise HTTPException(503, "no model is loaded")
        return self._service.model
