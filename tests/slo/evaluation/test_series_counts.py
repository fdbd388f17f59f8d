"""Counts of single series, which reports show, against what the verdict counts of the same evidence."""

from __future__ import annotations

from math import fsum

import pytest

from slo.counting import EvidenceObservations, EvidenceReader, UndecidedError
from slo.model import Window
from slo.promql import EventsIndicator, PercentileIndicator, parse_indicator
from tests.slo.evaluation.run_cases import CHECKED
from tests.slo.evaluation.slice_cases import SLICES
from tests.slo.evaluation.verdict_cases import EVENTS, GAUGES, LATENCIES, Case
from tests.support.evidence import ALL, LATENCY, OK, availability_slo, make_evidence, make_series, spec_of

CASES = EVENTS | LATENCIES | GAUGES | SLICES | CHECKED
START_TIME = "process_start_time_seconds"

COUNTS = {
    "a counter that only rises": ({OK: "5 5+1x6"}, 6),
    "a counter that is reset": ({OK: "5 5 8 2 4 4 4 4"}, 7),
    "a restart that only the process start shows": (
        {OK: "0 5 9 20+5x4", START_TIME: "10x2 120x4"},
        49,
    ),
    "a new series": ({"up": "1x7", OK: "_ _ 7x5"}, 7),
    "a series that disappears": ({OK: "5 5 8 9"}, 4),
    "a series that is missing from a scrape": ({OK: "2x2 _ 7x4"}, 7),
    "a sample after the closing scrape": ({OK: "0+10x7 500"}, 70),
}


@pytest.mark.parametrize(("samples", "events"), COUNTS.values(), ids=COUNTS)
def test_the_events_of_one_series(samples: dict[str, str], events: float) -> None:
    evidence = make_evidence(spec_of(availability_slo()), samples)
    (counts,) = EvidenceObservations(evidence).count_series([make_series(OK, samples[OK])])
    assert counts.total == events
    assert counts.times == tuple(sorted(counts.times))
    assert counts.events == tuple(sorted(counts.events)), "events never become fewer"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_series_of_a_counter_sum_to_the_count_of_the_verdict(case: Case) -> None:
    evidence = make_evidence(spec_of(case.slo), case.samples, case.server_values, error=case.error)
    indicator = parse_indicator(case.slo.sli)
    if not isinstance(indicator, EventsIndicator) or not indicator.is_counter:
        return
    reader, observations = EvidenceReader(evidence), EvidenceObservations(evidence)
    for selector in (indicator.matched, indicator.total):
        try:
            counted = reader.count_increase(selector).events
        except UndecidedError:
            continue
        series = evidence.results[selector.key].series
        assert fsum(item.total for item in observations.count_series(series)) == counted


@pytest.mark.parametrize("case", LATENCIES.values(), ids=LATENCIES)
def test_the_buckets_of_a_histogram_equal_those_of_the_verdict(case: Case) -> None:
    evidence = make_evidence(spec_of(case.slo), case.samples, case.server_values, error=case.error)
    indicator = parse_indicator(case.slo.sli)
    if not isinstance(indicator, PercentileIndicator) or indicator.buckets.key not in evidence.results:
        return
    result = evidence.results[indicator.buckets.key]
    histogram = EvidenceObservations(evidence).count_histogram(result.series, (0.9,))
    if histogram is None:
        return
    try:
        buckets = EvidenceReader(evidence).count_buckets(indicator.buckets)
    except UndecidedError:
        return
    assert (histogram.bounds, histogram.counts) == (buckets.bounds, buckets.counts)
    assert len(histogram.step_ends) == len(histogram.quantiles)


def test_quantiles_over_time_lie_in_the_bucket_of_their_rank() -> None:
    samples = {
        f'{LATENCY}_bucket{{le="0.1"}}': "0 5 14 14 14 14 14 14",
        f'{LATENCY}_bucket{{le="0.5"}}': "0 10 20 20 20 20 20 20",
        f'{LATENCY}_bucket{{le="+Inf"}}': "0 10 30 30 30 30 30 30",
    }
    series = [make_series(name, notation) for name, notation in samples.items()]
    evidence = make_evidence(spec_of(availability_slo()), samples)
    histogram = EvidenceObservations(evidence).count_histogram(series, (0.5, 0.9))
    assert histogram is not None
    assert list(histogram.step_ends) == [105, 115, 125, 135, 145, 155, 165]
    first, second, third, *_ = histogram.quantiles
    assert first == pytest.approx((0.1, 0.42))
    assert second == (0.5, None), "the 90th percentile lies above the last finite bound"
    assert third == (None, None), "nothing was observed"


INCOMPLETE = {
    "no +Inf bucket": [f'{LATENCY}_bucket{{le="0.1"}}', f'{LATENCY}_bucket{{le="0.5"}}'],
    "only the +Inf bucket": [f'{LATENCY}_bucket{{le="+Inf"}}'],
    "a bound that is no number": [f'{LATENCY}_bucket{{le="nan"}}', f'{LATENCY}_bucket{{le="+Inf"}}'],
    "histograms with different bounds": [
        f'{LATENCY}_bucket{{le="+Inf",path="/a"}}',
        f'{LATENCY}_bucket{{le="1",path="/a"}}',
        f'{LATENCY}_bucket{{le="+Inf",path="/b"}}',
    ],
}


@pytest.mark.parametrize("names", INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_histogram_is_not_counted(names: list[str]) -> None:
    series = [make_series(name, "0+10x7") for name in names]
    observations = EvidenceObservations(make_evidence(spec_of(availability_slo()), {ALL: "0+1x7"}))
    assert not observations.is_whole_histogram(series)
    assert observations.count_histogram(series) is None


def test_samples_of_gauges_are_those_inside_the_window_that_are_numbers() -> None:
    gauge = make_series("temperature", "1 2 NaN 4 +Inf 6 7 8")
    evidence = make_evidence(spec_of(availability_slo()), {}, window=Window(105, 155))
    (samples,) = EvidenceObservations(evidence).select_window_samples([gauge])
    assert list(zip(samples.times, samples.values, strict=True)) == [
        (105, 2), (125, 4), (135, float("inf")), (145, 6), (155, 7),
    ]  # fmt: skip
