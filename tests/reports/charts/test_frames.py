"""From evidence to charts: counts, rates, percentiles as pandas frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts import frames
from slo.model import Evidence, QueryResult, Series, Window
from tests.support.observed_run import BUCKETS, SECONDS, evidence, run

START = 1_800_000_000.0


def seen(samples: list[float], *, name: str = "events_total", first: float = -1.0) -> Evidence:
    """Make the evidence of one series, scraped each second, around a window from 0 to its last sample."""
    times = tuple(START + first + n for n in range(len(samples)))
    labels = {"__name__": name, "job": "target", "instance": "a:1"}
    series = Series(labels, times, tuple(samples))
    up = Series({**labels, "__name__": "up"}, times, (1.0,) * len(times))
    results = {name: QueryResult(name, times[-1], (series,)), "up": QueryResult("up", times[-1], (up,))}
    return Evidence(Window(START, times[-1]), results, times[-1], 300.0, 1.0)


def counted(given_evidence: Evidence, name: str = "events_total") -> float:
    series = frames.by_metric(given_evidence)[name]
    return float(frames.counts(series, given_evidence)[0].iloc[-1])


CASES = {
    "a counter that grows": ([5, 5, 8, 10], 5),
    "a counter that begins anew": ([5, 5, 8, 2, 4], 7),
    "a counter that stands still": ([7, 7, 7], 0),
}


@pytest.mark.parametrize(("samples", "events"), CASES.values(), ids=CASES)
def test_a_counter_is_counted_across_resets(samples: list[float], events: float) -> None:
    assert counted(seen(samples)) == events


@given(st.lists(st.integers(0, 50), min_size=3, max_size=40), st.data())
def test_rates_times_their_steps_sum_to_the_count(steps: list[int], data: st.DataObject) -> None:
    """Whatever the resets: a reset brings the counter to what came since."""
    value, samples = 100.0, [100.0]
    for step in steps:
        value = step if data.draw(st.booleans()) and value > step else value + step
        samples.append(value)
    given_evidence = seen(samples)
    series = frames.by_metric(given_evidence)["events_total"]
    table = frames.counts(series, given_evidence)
    rates = frames.rates(table, given_evidence)
    lengths = np.diff(frames.stepped(table, given_evidence).index.to_numpy())
    assert (rates[0].to_numpy() * lengths).sum() == pytest.approx(table[0].iloc[-1])
    assert (rates[0] >= -1e-9).all()


def test_seconds_of_the_run_become_rows() -> None:
    table = frames.per_second(run())
    assert len(table) == SECONDS
    assert table.index[0] == 0
    assert table["sent"].sum() == 3000


def test_a_histogram_becomes_a_distribution_that_sums_to_one() -> None:
    found = evidence()
    spread = frames.distribution(frames.buckets(found.results[BUCKETS].series, found))
    assert spread["share"].sum() == pytest.approx(1)
    assert spread["count"].sum() == pytest.approx(2700, abs=90)


def test_half_a_histogram_is_none() -> None:
    found = evidence()
    buckets = found.results[BUCKETS].series
    assert not frames.is_histogram(buckets[:-1]), "no +Inf bucket"
    other = replace(buckets[0], labels={**buckets[0].labels, "handler": "/other"})
    assert not frames.is_histogram([*buckets, other]), "children of different bounds"


def test_percentiles_lie_in_order() -> None:
    found = evidence()
    bucketed = frames.buckets(found.results[BUCKETS].series, found)
    over_time = frames.quantiles(bucketed, found, (0.5, 0.95, 0.99)).dropna()
    assert len(over_time) > 10
    assert (over_time[0.5] <= over_time[0.95]).all()
    assert (over_time[0.95] <= over_time[0.99]).all()


def test_series_are_named_by_what_tells_them_apart() -> None:
    first = Series({"__name__": "x", "job": "a", "status": "200", "handler": "/p"}, (), ())
    second = Series({"__name__": "x", "job": "a", "status": "500", "handler": "/p"}, (), ())
    assert frames.labels([first, second]) == ["200", "500"]
