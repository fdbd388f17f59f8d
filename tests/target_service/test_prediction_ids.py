from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.prediction_ids import PredictionIds

IDS = PredictionIds("one key")


@given(st.integers(0, 255))
def test_an_id_gives_back_its_class(index: int) -> None:
    assert IDS.read(IDS.make(index)) == index


def test_ids_differ_and_fit_a_url() -> None:
    made = {IDS.make(0) for _ in range(100)}
    assert len(made) == 100
    assert all(len(i) == 28 and i.replace("-", "").replace("_", "").isalnum() for i in made)


@given(st.integers(0, 20), st.integers(1, 255))
def test_an_id_changed_in_any_byte_is_not_ours(place: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(IDS.make(1)))
    raw[place] ^= change
    assert IDS.read(base64.urlsafe_b64encode(raw).decode()) is None


@given(st.text(max_size=64))
def test_no_text_of_anybody_s_is_an_id(text: str) -> None:
    assert IDS.read(text) is None


FOREIGN = {
    "made with another key": PredictionIds("another key").make(0),
    "cut short": IDS.make(0)[:24],
    "with something behind": IDS.make(0) + "AAAA",
    "with characters that base64 skips": IDS.make(0)[:14] + "\n" + IDS.make(0)[14:],
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_an_id_that_is_not_ours_is_none(text: str) -> None:
    assert IDS.read(text) is None
