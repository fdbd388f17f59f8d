"""From spec and evidence to the verdict: every kind of indicator, every reason, and what always holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.evaluation.evaluate import evaluate, overall
from slo.model import Measured, Objective, Op, Outcome, PromQL, Reason, ThresholdSLI
from tests.slo.evaluation.confidence_cases import CONFIDENCE
from tests.slo.evaluation.run_cases import CHECKED
from tests.slo.evaluation.server_cases import SERVER
from tests.slo.evaluation.slice_cases import SLICES
from tests.slo.evaluation.verdict_cases import EVENTS, GAUGES, LATENCIES, P90, Case
from tests.support.evidence import (
    FAULTY,
    OK,
    WINDOW,
    availability,
    evidence,
    quick,
    sent,
    sliced,
    slo_of,
    spec_of,
)

MET, MISSED, UNDECIDED = Outcome.MET, Outcome.MISSED, Outcome.UNDECIDED
CASES = EVENTS | LATENCIES | GAUGES | SLICES | SERVER | CHECKED | CONFIDENCE


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_evidence_decides(case: Case) -> None:
    verdict = case.judge()
    (judged,) = verdict.objectives
    reason = case.expected if isinstance(case.expected, Reason) else None
    outcome = UNDECIDED if isinstance(case.expected, Reason) else case.expected
    assert (judged.outcome, judged.reason) == (outcome, reason), judged.detail
    assert verdict.outcome is outcome
    assert bool(judged.detail) == (outcome is UNDECIDED)
    assert {name: getattr(judged, name) for name in case.fields} == dict(case.fields)


def test_no_sentence_names_two_cases() -> None:
    assert len(CASES) == sum(map(len, (EVENTS, LATENCIES, GAUGES, SLICES, SERVER, CHECKED, CONFIDENCE)))


@pytest.mark.parametrize("case", SERVER.values(), ids=SERVER.keys())
def test_what_prometheus_computes_is_never_called_exact(case: Case) -> None:
    (judged,) = case.judge().objectives
    assert not judged.exact
    if judged.outcome is not UNDECIDED:
        assert any("approximate" in note for note in judged.notes)


def test_every_reason_of_the_closed_list_is_given_by_a_case() -> None:
    given = {judged.reason for case in CASES.values() for judged in case.judge().objectives}
    server_told = {Reason.PARTIAL_DATA, Reason.CLOCK_SKEW}  # no samples tell them: see test_backends.py
    assert given - {None} == set(Reason) - server_told


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([MET, MET], MET, id="all met"),
        pytest.param([MET, UNDECIDED], UNDECIDED, id="doubt wins over met"),
        pytest.param([UNDECIDED, MISSED, MET], MISSED, id="a miss wins over doubt"),
        pytest.param([], UNDECIDED, id="nothing judged is no pass"),
    ],
)
def test_one_verdict_for_many(outcomes: list[Outcome], expected: Outcome) -> None:
    assert overall(outcomes) is expected


def test_a_missed_objective_beside_an_undecided_one() -> None:
    spec = spec_of(availability(), quick(0.1))
    verdict = evaluate(spec, evidence(spec, {OK: "0+8x7", FAULTY: "0+2x7"}))
    assert [judged.outcome for judged in verdict.objectives] == [MISSED, UNDECIDED]
    assert (verdict.outcome, verdict.window) == (MISSED, WINDOW)


def test_every_objective_of_an_slo_is_judged_by_its_own_target() -> None:
    slo = availability()
    strict = replace(slo.objectives[0], name="strict", target=0.95)
    spec = spec_of(replace(slo, objectives=(*slo.objectives, strict)))
    verdict = evaluate(spec, evidence(spec, {OK: "0+9x7", FAULTY: "0+1x7"}))
    assert [(judged.objective, judged.outcome) for judged in verdict.objectives] == [
        ("o", MET),
        ("strict", MISSED),
    ]


@pytest.mark.parametrize(
    ("threshold", "bounds", "value"),
    [
        pytest.param(0.2, (0.1, 0.2), 0.2, id="in a finite bucket: interpolated inside it"),
        pytest.param(0.1, (0.1, 0.2), 0.2, id="whatever the threshold"),
    ],
)
def test_a_percentile_is_shown_with_its_bucket(
    threshold: float, bounds: tuple[float, float], value: float
) -> None:
    spec = spec_of(quick(threshold))
    measured = evaluate(spec, evidence(spec, P90)).objectives[0].measured
    assert measured is not None
    assert (measured.bounds, measured.unit, measured.quantile) == (bounds, "seconds", 0.9)
    assert measured.value == pytest.approx(value)


def test_a_percentile_in_the_infinite_bucket_has_no_upper_bound() -> None:
    (judged,) = LATENCIES["a percentile in the +Inf bucket is missed at the last bound"].judge().objectives
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
    measured = evaluate(spec, evidence(spec, {"depth_bytes": "9 1 2 3 4 5x1 9"})).objectives[0].measured
    assert measured == Measured(worst, (1.0, 5.0), op, 3, "bytes")


def test_a_computed_value_is_shown_beside_its_threshold() -> None:
    query = "max(wait_seconds)"
    spec = spec_of(slo_of(ThresholdSLI(PromQL(query)), Objective("o", 0.5, Op.LT, 3)))
    measured = evaluate(spec, evidence(spec, {OK: "0+10x7"}, {query: 2.5})).objectives[0].measured
    assert measured == Measured(2.5, (2.5, 2.5), Op.LT, 3, "seconds")


# --- What always holds --------------------------------------------------------------------------

TARGETS = st.sampled_from([0.5, 0.9, 0.99, 0.999])
COUNTS = st.lists(st.integers(0, 300), min_size=7, max_size=7)
"""Events between each scrape and the next."""


def _counter(counts: list[int]) -> str:
    return " ".join(str(sum(counts[:n])) for n in range(8))


def _outcome(target: float, good: list[int], bad: list[int], *, reconciled: bool = False) -> Outcome:
    spec = spec_of(availability(target))
    run = sent(sum(good) + sum(bad)) if reconciled else None
    return evaluate(spec, evidence(spec, {OK: _counter(good), FAULTY: _counter(bad)}), run).outcome


@given(target=TARGETS, total=COUNTS, first=COUNTS, second=COUNTS)
def test_more_of_the_events_being_bad_never_makes_the_target_met(
    target: float, total: list[int], first: list[int], second: list[int]
) -> None:
    fewer = [min(bad, events) for bad, events in zip(first, total, strict=True)]
    more = [min(bad + extra, events) for bad, extra, events in zip(first, second, total, strict=True)]
    before = _outcome(target, _less(total, fewer), fewer)
    after = _outcome(target, _less(total, more), more)
    assert after is not MET or before is MET


def _less(total: list[int], bad: list[int]) -> list[int]:
    return [events - wrong for events, wrong in zip(total, bad, strict=True)]


@given(target=TARGETS, good=COUNTS, bad=COUNTS, extra=COUNTS)
def test_bad_events_on_top_never_mend_a_miss(
    target: float, good: list[int], bad: list[int], extra: list[int]
) -> None:
    worse = [one + other for one, other in zip(bad, extra, strict=True)]
    if _outcome(target, good, bad) is MISSED:
        assert _outcome(target, good, worse) is MISSED


@given(target=TARGETS, good=COUNTS, bad=COUNTS)
def test_a_run_whose_counts_reconcile_is_judged_as_the_window_alone(
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
    spec = spec_of(availability(), quick(0.2), sliced(availability(0.6), 0.9))
    seen = evidence(spec, MANY)
    shuffled = {
        key: replace(result, series=tuple(data.draw(st.permutations(result.series))))
        for key, result in seen.results.items()
    }
    assert evaluate(spec, replace(seen, results=shuffled)) == evaluate(spec, seen)
