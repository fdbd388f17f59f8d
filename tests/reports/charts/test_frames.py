"""Counts, rates and percentiles of evidence as pandas frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import frames
from slo.model import UP_KEY, Evidence, QueryResult, Series, Window, make_samples_key
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


def count_of(given_evidence: Evidence, name: str = "events_total") -> float:
    series = frames.group_by_metric(given_evidence)[name]
    return float(frames.build_count_frame(series, given_evidence)[0].iloc[-1])


CASES = {
    "an increasing counter": ([5, 5, 8, 10], 5),
    "a counter that is reset": ([5, 5, 8, 2, 4], 7),
    "a constant counter": ([7, 7, 7], 0),
}


@pytest.mark.parametrize(("samples", "events"), CASES.values(), ids=CASES)
def test_counter_resets_are_corrected(samples: list[float], events: float) -> None:
    assert count_of(evidence_of(samples)) == events


@given(st.lists(st.integers(0, 50), min_size=3, max_size=40), st.data())
def test_rates_times_step_lengths_sum_to_the_count(steps: list[int], data: st.DataObject) -> None:
    """With resets at arbitrary steps; after a reset the counter contains the events since then."""
    value, samples = 100.0, [100.0]
    for step in steps:
        value = step if data.draw(st.booleans()) and value > step else value + step
        samples.append(value)
    given_evidence = evidence_of(samples)
    series = frames.group_by_metric(given_evidence)["events_total"]
    table = frames.build_count_frame(series, given_evidence)
    rates = frames.compute_rates(table, given_evidence)
    lengths = np.diff(frames.resample_counts(table, given_evidence).index.to_numpy())
    assert (rates[0].to_numpy() * lengths).sum() == pytest.approx(table[0].iloc[-1])
    assert (rates[0] >= -1e-9).all()


def test_each_second_of_the_run_is_a_row() -> None:
    table = frames.build_load_frame(run())
    assert len(table) == SECONDS
    assert table.index[0] == 0
    assert table["sent"].sum() == 3000


def test_the_shares_of_a_distribution_sum_to_one() -> None:
    observed = evidence()
    buckets = frames.build_bucket_frame(observed.results[make_samples_key(BUCKETS)].series, observed)
    distribution = frames.compute_distribution(buckets)
    assert distribution["share"].sum() == pytest.approx(1)
    assert distribution["count"].sum() == pytest.approx(2700, abs=90)


def test_an_incomplete_histogram_is_rejected() -> None:
    buckets = evidence().results[make_samples_key(BUCKETS)].series
    assert not frames.is_whole_histogram(buckets[:-1]), "no +Inf bucket"
    other = replace(buckets[0], labels={**buckets[0].labels, "handler": "/other"})
    assert not frames.is_whole_histogram([*buckets, other]), "children with different bounds"


def test_percentiles_are_in_ascending_order() -> None:
    observed = evidence()
    buckets = frames.build_bucket_frame(observed.results[make_samples_key(BUCKETS)].series, observed)
    over_time = frames.compute_quantiles(buckets, observed, (0.5, 0.95, 0.99)).dropna()
    assert len(over_time) > 10
    assert (over_time[0.5] <= over_time[0.95]).all()
    assert (over_time[0.95] <= over_time[0.99]).all()


def test_series_are_named_by_the_labels_in_which_they_differ() -> None:
    first = Series({"__name__": "x", "job": "a", "status": "200", "handler": "/p"}, (), ())
    second = Series({"__name__": "x", "job": "a", "status": "500", "handler": "/p"}, (), ())
    assert frames.format_series_labels([first, second]) == ["200", "500"]
