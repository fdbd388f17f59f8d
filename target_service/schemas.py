"""Bodies of requests and answers, as they stand in the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from target_service.card import ClassName
from target_service.example import BENIGN_ROW, MALIGNANT_ROW
from target_service.settings import MAX_ROWS

FEATURES = 30
VALUE_LIMIT = 1e9
"""Largest magnitude of a feature. Within it the model's 32-bit arithmetic stays finite."""

Value = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-VALUE_LIMIT, le=VALUE_LIMIT)]
Row = Annotated[list[Value], Field(min_length=FEATURES, max_length=FEATURES)]


class PredictRequest(BaseModel):
    """Rows to classify: each holds the 30 features, in the order that ``GET /model`` gives."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"instances": [MALIGNANT_ROW, BENIGN_ROW]}]}
    )

    instances: Annotated[list[Row], Field(min_length=1, max_length=MAX_ROWS)]


class Prediction(BaseModel):
    """One row's class, its probability (a ratio) and the id that feedback is given to."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    prediction_id: str
    class_name: Annotated[ClassName, Field(alias="class")]
    probability: Annotated[float, Field(ge=0, le=1, description="Probability of the class given.")]


class PredictResponse(BaseModel):
    """Predictions, in the order of the rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_version": "0123456789ab",
                    "predictions": [
                        {"prediction_id": "AAECAwQFBgcAWvT2", "class": "malignant", "probability": 0.98}
                    ],
                }
            ]
        }
    )

    model_version: str
    predictions: list[Prediction]


class FeedbackRequest(BaseModel):
    """What the truth turned out to be for one prediction."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"prediction_id": "AAECAwQFBgcAWvT2", "true_class": "benign"}]},
    )

    prediction_id: Annotated[str, Field(min_length=1, max_length=64)]
    true_class: ClassName


class FeedbackResponse(BaseModel):
    """Whether the prediction was right."""

    prediction_id: str
    predicted_class: ClassName
    true_class: ClassName
    correct: bool


class Status(BaseModel):
    """Answer of the health and readiness checks."""

    status: Literal["ok", "ready"]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


class FieldProblem(BaseModel):
    """One thing wrong with a request: where (``loc``), what (``msg``) and its kind (``type``)."""

    loc: list[str | int]
    msg: str
    type: str


class Refusal(BaseModel):
    """Answer 422: what is wrong, and where."""

    detail: list[FieldProblem]


class ModelInfo(BaseModel):
    """What serves the predictions, from its model card."""

    name: str
    version: str
    algorithm: str
    classes: list[str]
    features: list[str]
    metrics: dict[str, float]
    training: dict[str, str | int | float]
    libraries: dict[str, str]
