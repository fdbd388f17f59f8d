from __future__ import annotations

from collections import deque
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.drift import DriftReference, RowWindow, psi
from target_service.model import Model

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)


def test_psi_is_the_formula_worked_by_hand() -> None:
    # (59.5 + 39.5 + 1 = 100 rows once half a row is in each bin)
    found = psi(np.array([59, 39]), np.array([0.5, 0.5]))
    a, b = 59.5 / 99, 39.5 / 99
    assert found == pytest.approx((a - 0.5) * log(a / 0.5) + (b - 0.5) * log(b / 0.5))


@given(COUNTS)
def test_psi_is_never_negative_and_finite_with_empty_bins(counts: list[int]) -> None:
    shares = np.full(len(counts), 1 / len(counts))
    found = psi(np.array(counts), shares)
    assert found >= 0
    assert np.isfinite(found)


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=12))
def test_psi_of_the_reference_itself_is_near_zero(counts: list[int]) -> None:
    many = np.array(counts) * 10_000
    assert psi(many, many / many.sum()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rows", [200, 1000])
def test_without_drift_psi_reads_as_high_as_the_cited_bias_says(rows: int) -> None:
    chance = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    found = np.mean([psi(chance.multinomial(rows, shares), shares) for _ in range(2000)])
    assert found == pytest.approx(9 / rows, rel=0.1)  # (B - 1) / N; here the reference has no error


@given(st.integers(1, 7), st.lists(st.integers(1, 17), max_size=12))
def test_the_window_holds_the_latest_rows(size: int, batches: list[int]) -> None:
    window, kept, number = RowWindow(size, 2), deque[int](maxlen=size), 0
    for batch in batches:
        numbers = range(number, number + batch)
        column = np.array(numbers, np.float32)
        window.add(np.stack([column, column + 0.5], axis=1), -column)
        kept.extend(numbers)
        number += batch
    held = window.snapshot()
    assert len(window) == len(kept)
    assert sorted(held[:, 0].tolist()) == list(kept)
    assert held[:, 1].tolist() == (held[:, 0] + 0.5).tolist()
    assert held[:, 2].tolist() == (-held[:, 0]).tolist()


def test_the_data_set_itself_shows_no_drift_and_shifted_rows_do(rows: list[list[float]]) -> None:
    model = Model.load()
    reference = DriftReference(model.card)
    seen = np.array(rows, np.float32)
    spread = np.array([feature.std for feature in model.card.features], np.float32)

    def drift_of(moved: np.ndarray) -> tuple[float, float, float]:
        drift = reference.compare(np.column_stack([moved, model.predict(moved)[:, 0]]))
        return min(drift.features.values()), max(drift.features.values()), drift.prediction

    assert max(drift_of(seen)) < 0.1
    assert min(drift_of(seen + np.float32(1.5) * spread)) > 0.25
