"""From spec and evidence to the verdict: every kind of indicator, every reason, and properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.evaluation.spec_evaluation import combine_outcomes, evaluate
from slo.model import MeasuredValue, Objective, Op, Outcome, PromQL, RawRatioSLI, Reason, Spec, ThresholdSLI
from slo.prometheus.evidence_json import decode_evidence, encode_evidence
from tests.slo.evaluation.confidence_cases import CONFIDENCE
from tests.slo.evaluation.run_cases import CHECKED
from tests.slo.evaluation.server_cases import SERVER
from tests.slo.evaluation.slice_cases import SLICES
from tests.slo.evaluation.verdict_cases import EVENTS, GAUGES, LATENCIES, P90, Case
from tests.support.evidence import (
    FAULTY,
    OK,
    WINDOW,
    availability_slo,
    latency_slo,
    make_evidence,
    run_record,
    slo_of,
    spec_of,
    with_time_slices,
)

MET, MISSED, UNDECIDED = Outcome.MET, Outcome.MISSED, Outcome.UNDECIDED
CASES = EVENTS | LATENCIES | GAUGES | SLICES | SERVER | CHECKED | CONFIDENCE


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_verdict_on_the_evidence(case: Case) -> None:
    verdict = case.evaluate_case()
    (judged,) = verdict.objectives
    reason = case.expected if isinstance(case.expected, Reason) else None
    outcome = UNDECIDED if isinstance(case.expected, Reason) else case.expected
    assert (judged.outcome, judged.reason) == (outcome, reason), judged.detail
    assert verdict.outcome is outcome
    assert bool(judged.detail) == (outcome is UNDECIDED)
    assert {name: getattr(judged, name) for name in case.fields} == dict(case.fields)


def test_no_two_cases_have_the_same_name() -> None:
    assert len(CASES) == sum(map(len, (EVENTS, LATENCIES, GAUGES, SLICES, SERVER, CHECKED, CONFIDENCE)))


@pytest.mark.parametrize("case", SERVER.values(), ids=SERVER.keys())
def test_values_that_prometheus_computes_are_never_exact(case: Case) -> None:
    (judged,) = case.evaluate_case().objectives
    assert not judged.exact
    if judged.outcome is not UNDECIDED:
        assert any("approximate" in note for note in judged.notes)


def test_every_reason_of_the_closed_list_has_a_case() -> None:
    reasons = {judged.reason for case in CASES.values() for judged in case.evaluate_case().objectives}
    from_server = {Reason.PARTIAL_DATA, Reason.CLOCK_SKEW}  # not from samples: see test_backends.py
    assert reasons - {None} == set(Reason) - from_server


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([MET, MET], MET, id="all MET"),
        pytest.param([MET, UNDECIDED], UNDECIDED, id="UNDECIDED takes precedence over MET"),
        pytest.param([UNDECIDED, MISSED, MET], MISSED, id="MISSED takes precedence over UNDECIDED"),
        pytest.param([], UNDECIDED, id="no objectives are UNDECIDED"),
    ],
)
def test_the_combined_outcome(outcomes: list[Outcome], expected: Outcome) -> None:
    assert combine_outcomes(outcomes) is expected


def test_a_missed_and_an_undecided_objective() -> None:
    spec = spec_of(availability_slo(), latency_slo(0.1))
    verdict = evaluate(spec, make_evidence(spec, {OK: "0+8x7", FAULTY: "0+2x7"}))
    assert [judged.outcome for judged in verdict.objectives] == [MISSED, UNDECIDED]
    assert (verdict.outcome, verdict.window) == (MISSED, WINDOW)


def test_each_objective_of_an_slo_has_its_own_target() -> None:
    slo = availability_slo()
    strict = replace(slo.objectives[0], name="strict", target=0.95)
    spec = spec_of(replace(slo, objectives=(*slo.objectives, strict)))
    verdict = evaluate(spec, make_evidence(spec, {OK: "0+9x7", FAULTY: "0+1x7"}))
    assert [(judged.objective, judged.outcome) for judged in verdict.objectives] == [
        ("o", MET),
        ("strict", MISSED),
    ]


@pytest.mark.parametrize(
    ("threshold", "bounds", "value"),
    [
        pytest.param(0.2, (0.1, 0.2), 0.2, id="interpolated inside a finite bucket"),
        pytest.param(0.1, (0.1, 0.2), 0.2, id="independent of the threshold"),
    ],
)
def test_a_percentile_is_shown_with_its_bucket(
    threshold: float, bounds: tuple[float, float], value: float
) -> None:
    spec = spec_of(latency_slo(threshold))
    measured = evaluate(spec, make_evidence(spec, P90)).objectives[0].measured
    assert measured is not None
    assert (measured.bounds, measured.unit, measured.quantile) == (bounds, "seconds", 0.9)
    assert measured.value == pytest.approx(value)


def test_a_percentile_in_the_infinite_bucket_has_no_upper_bound() -> None:
    (judged,) = (
        LATENCIES["a percentile in the +Inf bucket is missed at the highest finite bound"]
        .evaluate_case()
        .objectives
    )
    assert judged.measured is not None
    assert (judged.measured.value, judged.measured.bounds) == (None, (0.5, None))


@pytest.mark.parametrize(
    ("op", "worst"),
    [
        pytest.param(Op.LTE, 5.0, id="at most: the highest"),
        pytest.param(Op.LT, 5.0, id="below: the highest"),
        pytest.param(Op.GTE, 1.0, id="at least: the lowest"),
        pytest.param(Op.GT, 1.0, id="above: the lowest"),
    ],
)
def test_a_gauge_is_shown_by_its_worst_sample(op: Op, worst: float) -> None:
    spec = spec_of(slo_of(ThresholdSLI(PromQL("depth_bytes")), Objective("o", 0.5, op, 3)))
    measured = evaluate(spec, make_evidence(spec, {"depth_bytes": "9 1 2 3 4 5x1 9"})).objectives[0].measured
    assert measured == MeasuredValue(worst, (1.0, 5.0), op, 3, "bytes")


def test_a_computed_value_is_shown_with_its_threshold() -> None:
    query = "max(wait_seconds)"
    spec = spec_of(slo_of(ThresholdSLI(PromQL(query)), Objective("o", 0.5, Op.LT, 3)))
    measured = evaluate(spec, make_evidence(spec, {OK: "0+10x7"}, {query: 2.5})).objectives[0].measured
    assert measured == MeasuredValue(2.5, (2.5, 2.5), Op.LT, 3, "seconds")


# --- Properties ---------------------------------------------------------------------------------

TARGETS = st.sampled_from([0.5, 0.9, 0.99, 0.999])
COUNTS = st.lists(st.integers(0, 300), min_size=7, max_size=7)
"""Events between consecutive scrapes."""


def _counter(counts: list[int]) -> str:
    return " ".join(str(sum(counts[:n])) for n in range(8))


def _outcome(target: float, good: list[int], bad: list[int], *, reconciled: bool = False) -> Outcome:
    spec = spec_of(availability_slo(target))
    run = run_record(sum(good) + sum(bad)) if reconciled else None
    return evaluate(spec, make_evidence(spec, {OK: _counter(good), FAULTY: _counter(bad)}), run).outcome


@given(target=TARGETS, total=COUNTS, first=COUNTS, second=COUNTS)
def test_more_bad_events_of_the_same_total_never_make_the_target_met(
    target: float, total: list[int], first: list[int], second: list[int]
) -> None:
    fewer = [min(bad, events) for bad, events in zip(first, total, strict=True)]
    more = [min(bad + extra, events) for bad, extra, events in zip(first, second, total, strict=True)]
    before = _outcome(target, _subtract(total, fewer), fewer)
    after = _outcome(target, _subtract(total, more), more)
    assert after is not MET or before is MET


def _subtract(total: list[int], bad: list[int]) -> list[int]:
    return [events - bad_events for events, bad_events in zip(total, bad, strict=True)]


@given(target=TARGETS, good=COUNTS, bad=COUNTS, extra=COUNTS)
def test_additional_bad_events_never_change_missed(
    target: float, good: list[int], bad: list[int], extra: list[int]
) -> None:
    worse = [count + added for count, added in zip(bad, extra, strict=True)]
    if _outcome(target, good, bad) is MISSED:
        assert _outcome(target, good, worse) is MISSED


@given(target=TARGETS, good=COUNTS, bad=COUNTS)
def test_a_run_whose_counts_reconcile_has_the_verdict_of_the_window(
    target: float, good: list[int], bad: list[int]
) -> None:
    if sum(good) + sum(bad):
        assert _outcome(target, good, bad, reconciled=True) is _outcome(target, good, bad)


MANY = P90 | {
    OK: "0+10x7",
    FAULTY: "_x3 5x4",
    'http_requests_total{instance="b:80",status="200"}': "0+7x3 0+7x3",
    'http_requests_total{instance="c:80",status="500"}': "_x2 1+1x5",
    'http_requests_total{instance="d:80",status="200"}': "0+1x2 _x5",
    'up{instance="d:80"}': "1x2 0x4",
    'up{instance="b:80"}': "1x1 0x3 1x1",
    "up": "1x7",
    'up{instance="c:80"}': "1x7",
}


@given(st.data())
def test_the_order_of_the_series_does_not_matter(data: st.DataObject) -> None:
    spec = spec_of(availability_slo(), latency_slo(0.2), with_time_slices(availability_slo(0.6), 0.9))
    scraped = make_evidence(spec, MANY)
    shuffled = {
        key: replace(result, series=tuple(data.draw(st.permutations(result.series))))
        for key, result in scraped.results.items()
    }
    assert evaluate(spec, replace(scraped, results=shuffled)) == evaluate(spec, scraped)


def test_raw_samples_and_a_server_value_of_the_same_metric_are_kept_apart() -> None:
    gauge = slo_of(ThresholdSLI(PromQL("a:ratio")), Objective("gauge", 0.9, Op.GTE, 0.95))
    ratio = slo_of(RawRatioSLI(PromQL("a:ratio")), Objective("ratio", 0.9))
    scraped = make_evidence(Spec((gauge, ratio)), {"a:ratio": "0.5x6 1"}, {"a:ratio": 1.0})
    judged = evaluate(Spec((gauge, ratio)), decode_evidence(encode_evidence(scraped))).objectives
    assert judged == evaluate(Spec((gauge, ratio)), scraped).objectives
    assert [(verdict.outcome, verdict.exact) for verdict in judged] == [
        (MISSED, True),
        (MET, False),
    ]
