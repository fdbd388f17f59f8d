from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from target_service.api.schemas import FEATURE_COUNT, MAX_FEATURE_MAGNITUDE
from target_service.ml import ARTEFACT_FOLDER, CARD_FILE, MODEL_FILE, Model, ModelError

if TYPE_CHECKING:
    from pathlib import Path

MODEL = Model.load()
EDGE = float(np.float32(MAX_FEATURE_MAGNITUDE))


@given(arrays(np.float32, (3, FEATURE_COUNT), elements=st.floats(-EDGE, EDGE, width=32)))
def test_every_row_that_the_api_accepts_has_finite_probabilities(rows: np.ndarray) -> None:
    probabilities = MODEL.predict(rows)
    assert probabilities.shape == (3, 2)
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_card_is_complete() -> None:
    card = MODEL.card
    assert len(card.features) == FEATURE_COUNT
    assert {"accuracy", "roc_auc", "recall_malignant"} <= card.metrics.keys()
    for reference in (card.prediction, *(feature.reference for feature in card.features)):
        assert len(reference.shares) == len(reference.edges) + 1
        assert sum(reference.shares) == pytest.approx(1, abs=1e-6)
        assert min(reference.shares) > 0


def test_a_missing_artefact_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"{MODEL_FILE}: No such file.*python -m target_service\.train"):
        Model.load(tmp_path)


def test_the_card_of_another_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ARTEFACT_FOLDER, tmp_path, dirs_exist_ok=True)
    with (tmp_path / MODEL_FILE).open("a") as file:
        file.write("\n")
    with pytest.raises(ModelError, match=f"{CARD_FILE} describes model"):
        Model.load(tmp_path)
