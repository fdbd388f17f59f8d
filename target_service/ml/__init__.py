"""The model, its card and its files (``artefacts/``), as ONNX Runtime serves them.

It also measures how far the inputs have drifted from the training data.
"""

from target_service.ml.drift import DriftReference, DriftScores, RowWindow
from target_service.ml.model import Model, ModelError, Rows
from target_service.ml.model_card import (
    ARTEFACT_FOLDER,
    CARD_FILE,
    MODEL_FILE,
    ClassName,
    Feature,
    ModelCard,
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
