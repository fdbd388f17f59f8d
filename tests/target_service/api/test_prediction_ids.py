from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.api.prediction_ids import PredictionIds

IDS = PredictionIds("one key")


@given(st.integers(0, 255))
def test_an_id_contains_its_class(index: int) -> None:
    assert IDS.read_class_index(IDS.make(index)) == index


def test_ids_are_unique_and_safe_in_urls() -> None:
    ids = {IDS.make(0) for _ in range(100)}
    assert len(ids) == 100
    assert all(len(text) == 28 and text.replace("-", "").replace("_", "").isalnum() for text in ids)


@given(st.integers(0, 20), st.integers(1, 255))
def test_an_id_with_a_changed_byte_is_not_valid(place: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(IDS.make(1)))
    raw[place] ^= change
    assert IDS.read_class_index(base64.urlsafe_b64encode(raw).decode()) is None


@given(st.text(max_size=64))
def test_an_arbitrary_text_is_not_a_valid_id(text: str) -> None:
    assert IDS.read_class_index(text) is None


INVALID = {
    "created with another key": PredictionIds("another key").make(0),
    "truncated": IDS.make(0)[:24],
    "with characters appended": IDS.make(0) + "AAAA",
    "with characters that base64 decoders skip": IDS.make(0)[:14] + "\n" + IDS.make(0)[14:],
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_an_invalid_id_is_read_as_none(text: str) -> None:
    assert IDS.read_class_index(text) is None
