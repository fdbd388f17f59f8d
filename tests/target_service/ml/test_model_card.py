from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from target_service.ml import ARTEFACT_FOLDER, CARD_FILE, ModelError
from target_service.ml.model_card import read_card

if TYPE_CHECKING:
    from pathlib import Path

CARD = json.loads((ARTEFACT_FOLDER / CARD_FILE).read_text())
MISSING = object()
INVALID: dict[str, tuple[tuple[str | int, ...], object, str]] = {
    "a text as a number": (
        ("features", 0, "std"),
        "wide",
        "features[0].std: 'wide': should be a valid number",
    ),
    "a missing field": (("features", 2, "mean"), MISSING, "features[2].mean: missing"),
    "a number that is not finite": (
        ("metrics", "accuracy"),
        float("nan"),
        "metrics.accuracy: nan: should be a",
    ),
    "an unknown class": (("classes", 1), "good", "classes[1]: 'good': should be 'malignant' or 'benign'"),
    "a share of 0": (("prediction", "shares", 3), 0, "prediction.shares[3]: 0: should be greater than 0"),
    "too few shares": (("prediction", "shares"), [0.5, 0.5], "prediction: 9 edges need 10 shares, got 2"),
    "a long value": (("name",), ["x"] * 999, "name: ['x', 'x', 'x', 'x', 'x', 'x', ...]: should be a valid"),
    "several problems": (
        ("prediction", "shares"),
        [0.0] * 10,
        "should be greater than 0 (problem 1 of 10)",
    ),
}


@pytest.mark.parametrize(("place", "value", "message"), INVALID.values(), ids=INVALID)
def test_an_invalid_card_is_refused_in_one_line_with_file_field_and_value(
    place: tuple[str | int, ...], value: object, message: str, tmp_path: Path
) -> None:
    card: Any = copy.deepcopy(CARD)
    parent = card
    for name in place[:-1]:
        parent = parent[name]
    if value is MISSING:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    check_refused(tmp_path / CARD_FILE, json.dumps(card).encode(), message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", ": Invalid JSON: EOF", id="empty"),
        pytest.param(json.dumps(CARD).encode()[:-9], ": Invalid JSON: EOF", id="truncated"),
        pytest.param(b'"\xff"', ": Invalid JSON: ", id="not UTF-8"),
        pytest.param(b"[]", ": []: should be an object", id="a list"),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    check_refused(tmp_path / CARD_FILE, content, message)


def check_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(message)) as caught:
        read_card(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith("; rebuild it: python -m target_service.train")
    assert len(text.splitlines()) == 1
