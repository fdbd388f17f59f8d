"""The served model: ONNX from its text form, run by ONNX Runtime."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.typing import NDArray

from target_service.ml.model_card import (
    ARTEFACT_FOLDER,
    CARD_FILE,
    MODEL_FILE,
    TRAIN_COMMAND,
    ModelCard,
    ModelError,
    read_card,
)

Rows = NDArray[np.float32]


class Model:
    """A loaded model and its card."""

    def __init__(self, card: ModelCard, onnx_bytes: bytes) -> None:
        self.card = card
        options = ort.SessionOptions()
        # One row takes microseconds: a thread pool would only add context switches.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(onnx_bytes, options, providers=["CPUExecutionProvider"])

    @classmethod
    def load(cls, folder: Path = ARTEFACT_FOLDER) -> "Model":
        """Load the model and its card from ``folder``.

        Raises:
            ModelError: a file is missing, or the card is invalid or describes another model.
        """
        try:
            text = (folder / MODEL_FILE).read_bytes()
            card = read_card(folder / CARD_FILE)
        except OSError as error:
            raise ModelError(f"{error.filename}: {error.strerror}; rebuild it: {TRAIN_COMMAND}") from error
        sha256 = hashlib.sha256(text).hexdigest()
        if sha256 != card.model_sha256:
            raise ModelError(
                f"{folder / CARD_FILE} describes model {card.model_sha256}, {MODEL_FILE} is {sha256}"
            )
        return cls(card, onnx.load_model_from_string(text, format="json").SerializeToString())

    def predict(self, rows: Rows) -> Rows:
        """Return the probability of each class (columns, as ``card.classes``) for each row of 30 features."""
        probabilities: Rows = self._session.run(["probabilities"], {"rows": rows})[0]
        return probabilities
