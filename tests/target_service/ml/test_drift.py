from __future__ import annotations

from collections import deque
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_service.ml.drift import DriftReference, RowWindow, compute_psi
from target_service.ml.model import Model

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=12)


def test_psi_follows_its_formula() -> None:
    # 59 + 39 rows and half a row in each bin: 99 rows
    psi = compute_psi(np.array([59, 39]), np.array([0.5, 0.5]))
    a, b = 59.5 / 99, 39.5 / 99
    assert psi == pytest.approx((a - 0.5) * log(a / 0.5) + (b - 0.5) * log(b / 0.5))


@given(COUNTS)
def test_psi_is_not_negative_and_finite_with_empty_bins(counts: list[int]) -> None:
    shares = np.full(len(counts), 1 / len(counts))
    psi = compute_psi(np.array(counts), shares)
    assert psi >= 0
    assert np.isfinite(psi)


@given(st.lists(st.integers(1, 10_000), min_size=2, max_size=12))
def test_psi_of_the_reference_itself_is_near_zero(counts: list[int]) -> None:
    many = np.array(counts) * 10_000
    assert compute_psi(many, many / many.sum()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rows", [200, 1000])
def test_psi_without_drift_has_the_cited_bias(rows: int) -> None:
    generator = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    mean_psi = np.mean([compute_psi(generator.multinomial(rows, shares), shares) for _ in range(2000)])
    assert mean_psi == pytest.approx(9 / rows, rel=0.1)  # (B - 1) / N, as the reference is exact


@given(st.integers(1, 7), st.lists(st.integers(1, 17), max_size=12))
def test_the_window_contains_the_latest_rows(size: int, batches: list[int]) -> None:
    window, expected, number = RowWindow(size, 2), deque[int](maxlen=size), 0
    for batch in batches:
        numbers = range(number, number + batch)
        column = np.array(numbers, np.float32)
        window.add(np.stack([column, column + 0.5], axis=1), -column)
        expected.extend(numbers)
        number += batch
    snapshot = window.snapshot()
    assert len(window) == len(expected)
    assert sorted(snapshot[:, 0].tolist()) == list(expected)
    assert snapshot[:, 1].tolist() == (snapshot[:, 0] + 0.5).tolist()
    assert snapshot[:, 2].tolist() == (-snapshot[:, 0]).tolist()


def test_the_data_set_shows_no_drift_and_shifted_rows_show_drift(rows: list[list[float]]) -> None:
    model = Model.load()
    reference = DriftReference(model.card)
    seen = np.array(rows, np.float32)
    spread = np.array([feature.std for feature in model.card.features], np.float32)

    def drift_of(moved: np.ndarray) -> tuple[float, float, float]:
        drift = reference.compare(np.column_stack([moved, model.predict(moved)[:, 0]]))
        return min(drift.feature_psi.values()), max(drift.feature_psi.values()), drift.prediction_psi

    assert max(drift_of(seen)) < 0.1
    assert min(drift_of(seen + np.float32(1.5) * spread)) > 0.25
