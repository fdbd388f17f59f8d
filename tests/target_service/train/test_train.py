from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from target_service.ml import ARTEFACT_FOLDER, CARD_FILE, MODEL_FILE, Model, ModelCard
from target_service.train import ROWS_FILE, train_model

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TOLERANCE = 1e-4
"""Of a probability: other BLAS or scikit-learn versions may change the last decimal of a weight."""


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rebuilt")
    train_model(folder, folder / "rows.csv")
    return folder


def test_training_is_reproducible(rebuilt: Path, tmp_path: Path) -> None:
    train_model(tmp_path, tmp_path / "rows.csv")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([CARD_FILE, MODEL_FILE, "rows.csv"])
    for name in names:
        assert (tmp_path / name).read_bytes() == (rebuilt / name).read_bytes()


def test_the_committed_rows_are_those_of_the_data_set(rebuilt: Path) -> None:
    assert (rebuilt / "rows.csv").read_bytes() == ROWS_FILE.read_bytes()


def test_training_gives_the_committed_model(rebuilt: Path, rows: list[list[float]]) -> None:
    new, committed, values = Model.load(rebuilt), Model.load(), np.array(rows, np.float32)
    assert np.abs(new.predict(values) - committed.predict(values)).max() < TOLERANCE
    assert _comparable(new.card) == _comparable(committed.card)
    assert new.card.metrics == pytest.approx(committed.card.metrics, abs=TOLERANCE)
    assert new.card.prediction.edges == pytest.approx(committed.card.prediction.edges, abs=TOLERANCE)


def _comparable(card: ModelCard) -> dict[str, object]:
    """Return the card without the data that depends on library versions."""
    version_dependent = {"libraries", "model_sha256", "metrics", "prediction"}
    data: dict[str, object] = json.loads(card.model_dump_json(exclude=version_dependent))
    return data


def test_the_same_libraries_give_the_committed_bytes(rebuilt: Path) -> None:
    committed = ModelCard.model_validate_json((ARTEFACT_FOLDER / CARD_FILE).read_bytes())
    new = ModelCard.model_validate_json((rebuilt / CARD_FILE).read_bytes())
    if new.libraries != committed.libraries:
        pytest.skip(f"the model was trained with {committed.libraries}, installed are {new.libraries}")
    assert new.model_sha256 == committed.model_sha256
