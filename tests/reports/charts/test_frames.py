"""Counts, rates and percentiles of evidence as pandas frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import frames
from slo.counting import EvidenceObservations
from slo.model import UP_KEY, Evidence, HistogramCounts, QueryResult, Series, Window, make_samples_key
from tests.support.observed_run import BUCKETS, SECONDS, evidence, run

START = 1_800_000_000.0


def evidence_of(samples: list[float], *, name: str = "events_total", first: float = -1.0) -> Evidence:
    """Return evidence with one series, scraped each second; the window ends at its last sample."""
    times = tuple(START + first + n for n in range(len(samples)))
    labels = {"__name__": name, "job": "target", "instance": "a:1"}
    series = Series(labels, times, tuple(samples))
    up = Series({**labels, "__name__": "up"}, times, (1.0,) * len(times))
    results = {
        make_samples_key(name): QueryResult(name, times[-1], (series,)),
        UP_KEY: QueryResult("up", times[-1], (up,)),
    }
    return Evidence(Window(START, times[-1]), results, times[-1], 300.0, 1.0)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=40), st.data())
def test_rates_times_step_lengths_sum_to_the_count(steps: list[int], data: st.DataObject) -> None:
    """With resets at arbitrary steps; after a reset the counter contains the events since then."""
    value, samples = 100.0, [100.0]
    for step in steps:
        value = step if data.draw(st.booleans()) and value > step else value + step
        samples.append(value)
    given_evidence = evidence_of(samples)
    series = frames.group_by_metric(given_evidence)["events_total"]
    table = frames.build_count_frame(tuple(EvidenceObservations(given_evidence).count_series(series)))
    rates = frames.compute_rates(table, given_evidence)
    lengths = np.diff(frames.resample_counts(table, given_evidence).index.to_numpy())
    assert (rates[0].to_numpy() * lengths).sum() == pytest.approx(table[0].iloc[-1])
    assert (rates[0] >= -1e-9).all()


def test_each_second_of_the_run_is_a_row() -> None:
    table = frames.build_load_frame(run())
    assert len(table) == SECONDS
    assert table.index[0] == 0
    assert table["sent"].sum() == 3000


def observe_histogram(quantiles: tuple[float, ...] = ()) -> HistogramCounts:
    observed = evidence()
    series = observed.results[make_samples_key(BUCKETS)].series
    histogram = EvidenceObservations(observed).count_histogram(series, quantiles)
    assert histogram is not None
    return histogram


def test_the_shares_of_a_distribution_sum_to_one() -> None:
    distribution = frames.compute_distribution(observe_histogram())
    assert distribution["share"].sum() == pytest.approx(1)
    assert distribution["count"].sum() == pytest.approx(2700, abs=90)


def test_percentiles_are_in_ascending_order() -> None:
    histogram = observe_histogram((0.5, 0.95, 0.99))
    over_time = frames.build_quantile_frame(histogram, evidence(), ["p50", "p95", "p99"]).dropna()
    assert len(over_time) > 10
    assert (over_time["p50"] <= over_time["p95"]).all()
    assert (over_time["p95"] <= over_time["p99"]).all()


def test_series_are_named_by_the_labels_in_which_they_differ() -> None:
    first = {"__name__": "x", "job": "a", "status": "200", "handler": "/p"}
    second = first | {"status": "500"}
    assert frames.format_series_labels([first, second]) == ["200", "500"]
