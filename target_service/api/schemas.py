"""Bodies of requests and responses, as in the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from target_service.ml import ClassName
from target_service.settings import MAX_ROWS

FEATURE_COUNT = 30
MAX_FEATURE_MAGNITUDE = 1e9
"""Largest magnitude of a feature, for which the model's 32-bit arithmetic stays finite."""

Value = Annotated[
    float, Field(strict=True, allow_inf_nan=False, ge=-MAX_FEATURE_MAGNITUDE, le=MAX_FEATURE_MAGNITUDE)
]
Row = Annotated[list[Value], Field(min_length=FEATURE_COUNT, max_length=FEATURE_COUNT)]

# Two rows of the data set, for the OpenAPI examples.
MALIGNANT_ROW: list[JsonValue] = [
    17.99, 10.38, 122.8, 1001.0, 0.1184, 0.2776, 0.3001, 0.1471, 0.2419, 0.07871,
    1.095, 0.9053, 8.589, 153.4, 0.006399, 0.04904, 0.05373, 0.01587, 0.03003, 0.006193,
    25.38, 17.33, 184.6, 2019.0, 0.1622, 0.6656, 0.7119, 0.2654, 0.4601, 0.1189,
]  # fmt: skip
BENIGN_ROW: list[JsonValue] = [
    13.54, 14.36, 87.46, 566.3, 0.09779, 0.08129, 0.06664, 0.04781, 0.1885, 0.05766,
    0.2699, 0.7886, 2.058, 23.56, 0.008462, 0.0146, 0.02387, 0.01315, 0.0198, 0.0023,
    15.11, 19.26, 99.7, 711.2, 0.144, 0.1773, 0.239, 0.1288, 0.2977, 0.07259,
]  # fmt: skip


class PredictRequest(BaseModel):
    """Rows to classify: each has the 30 features, in the order of ``GET /model``."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"instances": [MALIGNANT_ROW, BENIGN_ROW]}]}
    )

    instances: Annotated[list[Row], Field(min_length=1, max_length=MAX_ROWS)]


class Prediction(BaseModel):
    """The class of one row, its probability (a ratio), and the id to use in feedback."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    prediction_id: str
    class_name: Annotated[ClassName, Field(alias="class")]
    probability: Annotated[float, Field(ge=0, le=1, description="Probability of the predicted class.")]


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
    """The true class of one prediction."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"prediction_id": "AAECAwQFBgcAWvT2", "true_class": "benign"}]},
    )

    prediction_id: Annotated[str, Field(min_length=1, max_length=64)]
    true_class: ClassName


class FeedbackResponse(BaseModel):
    """The predicted and the true class, and whether they are equal."""

    prediction_id: str
    predicted_class: ClassName
    true_class: ClassName
    correct: bool


class Status(BaseModel):
    """Response of the health and readiness checks."""

    status: Literal["ok", "ready"]


class Problem(BaseModel):
    """The reason why a request was refused."""

    detail: str


class FieldProblem(BaseModel):
    """One problem of a request: its location (``loc``), message (``msg``) and kind (``type``)."""

    loc: list[str | int]
    msg: str
    type: str


class Refusal(BaseModel):
    """Response with status 422: the problems of a request and their locations."""

    detail: list[FieldProblem]


class ModelInfo(BaseModel):
    """Description of the model, from its model card."""

    name: str
    version: str
    algorithm: str
    classes: list[str]
    features: list[str]
    metrics: dict[str, float]
    training: dict[str, str | int | float]
    libraries: dict[str, str]
