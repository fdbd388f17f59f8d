"""Writing YAML: it is read back as the same values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents import format_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3))
)


@given(data=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3), line_width=st.sampled_from([80, 10_000]))
def test_formatted_data_is_read_back(data: dict[str, object], line_width: int) -> None:
    text = format_yaml(data, line_width=line_width)
    assert text.isascii()
    assert YAML(typ="safe", pure=True).load(text) == data


SHARED = ["a"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"b": 1, "a": "é"}, 'b: 1\na: "\\xE9"\n'),
        ({"a": SHARED, "b": SHARED}, "a:\n- a\nb:\n- a\n"),
    ],
)
def test_keys_keep_their_order_and_there_are_no_aliases(data: dict[str, object], expected: str) -> None:
    assert format_yaml(data) == expected


def test_literal_blocks_are_unicode() -> None:
    assert format_yaml({"a": ["x\né\n"]}, literal_blocks=True) == "a:\n- |\n  x\n  é\n"
