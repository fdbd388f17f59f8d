"""The model, its card and its files (``artefacts/``), as ONNX Runtime serves them.

It measures drift of the inputs as well; it must not import prometheus_client (``target_service.__main__``).
"""

from target_service.ml.drift import DriftReference, DriftScores, RowWindow
from target_service.ml.model import Model, Rows
from target_service.ml.model_card import (
    ARTEFACT_FOLDER,
    CARD_FILE,
    MODEL_FILE,
    ClassName,
    Feature,
    ModelCard,
    ModelError,
    ReferenceDistribution,
)

__all__ = [
    "ARTEFACT_FOLDER",
    "CARD_FILE",
    "MODEL_FILE",
    "ClassName",
    "DriftReference",
    "DriftScores",
    "Feature",
    "Model",
    "ModelCard",
    "ModelError",
    "ReferenceDistribution",
    "RowWindow",
    "Rows",
]
