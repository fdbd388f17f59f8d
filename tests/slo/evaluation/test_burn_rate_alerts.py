"""Alerts that would have fired under a load: tables of cases, and comparison with a slow implementation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.counting import EvidenceReader, TimelineStep, build_timeline, count_events, list_window_scrapes
from slo.evaluation.burn_rate_alerts import BurnRate, compute_burn_rates, evaluate_alerts, find_firings
from slo.evaluation.spec_evaluation import evaluate
from slo.model import (
    SLO,
    Alert,
    AlertCondition,
    AlertPolicy,
    Firing,
    Objective,
    Op,
    Outcome,
    PromQL,
    RawRatioSLI,
    ThresholdSLI,
    Window,
    to_exact_fraction,
)
from tests.support.evidence import (
    FAULTY,
    OK,
    WINDOW,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    slo_of,
    spec_of,
    with_time_slices,
)

FAST = AlertPolicy("p", AlertCondition("c", "page", Op.GT, 1.0, 20.0), when_breaching=True)
"""Scrapes are at 5, 15, … 65 s of the window, so 20 s contain two of them."""


def make_policy(
    op: Op = Op.GT, threshold: float = 1.0, lookback_seconds: float = 20.0, alert_after_seconds: float = 0.0
) -> AlertPolicy:
    """Return :data:`FAST` with another condition."""
    condition = AlertCondition("c", "page", op, threshold, lookback_seconds, alert_after_seconds)
    return replace(FAST, condition=condition)


@dataclass(frozen=True)
class Case:
    """A policy on an SLO, samples, and the expected alert."""

    samples: Mapping[str, str]
    firings: tuple[Firing, ...]
    policy: AlertPolicy = FAST
    slo: SLO = field(default_factory=availability_slo)
    peak: object = None
    text: str = ""

    def evaluate_alert(self) -> Alert:
        """Evaluate the policy."""
        spec = spec_of(replace(self.slo, alert_policies=(self.policy,)))
        (alert,) = evaluate(spec, make_evidence(spec, self.samples)).alerts
        return alert


BURST = {OK: "0+10x7", FAULTY: "0x1 10 20x5"}
"""Ten bad of twenty at 15 s, and at 25 s; ten good every ten seconds."""
CASES = {
    "it fires with a burst and resolves when the last bad scrape leaves the look-back window": Case(
        BURST, (Firing(15.0, 45.0, 5.0),), peak=5.0
    ),
    "a burn rate equal to the threshold is not above it": Case(
        {OK: "0+9x7", FAULTY: "0+1x7"}, (), peak=1.0
    ),
    "a burn rate equal to the threshold is at least the threshold": Case(
        {OK: "0+9x7", FAULTY: "0+1x7"}, (Firing(5.0, None, 1.0),), make_policy(op=Op.GTE), peak=1.0
    ),
    "it waits for alertAfter": Case(
        BURST, (Firing(25.0, 45.0, 5.0),), make_policy(alert_after_seconds=10.0), peak=5.0
    ),
    "a breach exactly as long as alertAfter fires": Case(
        BURST, (Firing(35.0, 45.0, 5.0),), make_policy(alert_after_seconds=20.0), peak=5.0
    ),
    "a breach shorter than alertAfter does not fire": Case(
        BURST, (), make_policy(alert_after_seconds=20.001), peak=5.0
    ),
    "it fires twice, the second time until the end": Case(
        {OK: "0+10x7", FAULTY: "0 10x3 20 30 40"},
        (Firing(5.0, 25.0, 5.0), Firing(45.0, None, 5.0)),
        peak=5.0,
    ),
    "a look-back window longer than the run covers only the run, with a note": Case(
        BURST,
        (Firing(15.0, None, 4.0),),
        make_policy(lookback_seconds=3600.0),
        peak=4.0,
        text="the look-back window of 3600 s is longer than the evaluated window of 60 s",
    ),
    "pending at the end": Case(
        {OK: "0+10x7", FAULTY: "0x5 10 20"},
        (),
        make_policy(alert_after_seconds=60.0),
        peak=5.0,
        text="pending at the end: the condition held for 10 s of the 60 s of alertAfter",
    ),
    "no events are not a breach": Case({OK: "0x7"}, (), peak=None),
    "no events fire a policy with alertWhenNoData": Case(
        {OK: "0x1 10 20x5"},
        (Firing(5.0, 15.0, None, no_data=True), Firing(45.0, None, None, no_data=True)),
        replace(FAST, when_breaching=False, when_no_data=True),
        peak=0.0,
    ),
    "a policy with only alertWhenResolved reports no alert that is still firing": Case(
        {OK: "0+10x7", FAULTY: "0 10x3 20 30 40"},
        (Firing(5.0, 25.0, 5.0),),
        replace(FAST, when_breaching=False, when_resolved=True),
        peak=5.0,
    ),
    "samples of a gauge": Case(
        {"depth": "1 1 9 1x5"},
        (Firing(15.0, 35.0, 5.0),),
        slo=slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5.0)),
        peak=5.0,
    ),
    "a percentile uses the share of events above its threshold": Case(
        bucket_samples(total="0+10x7", le_0_1="0 10 10 20 30 40 50 60"),
        (Firing(15.0, 35.0, 5.0),),
        slo=latency_slo(0.1),
        peak=5.0,
    ),
    "a threshold inside a bucket fires only if both ends of the bucket breach, with a note": Case(
        bucket_samples(total="0+10x7", le_0_1="0+8x1 8 16 24 32 40 48", le_0_5="0 10 10 20 30 40 50 60"),
        (Firing(15.0, 35.0, 5.0),),
        slo=latency_slo(0.2),
        peak=5.0,
        text="the threshold is not a bucket bound",
    ),
    "bad time slices, each counted when it ends": Case(
        BURST,
        (Firing(25.0, 35.0, 10.0), Firing(45.0, 55.0, 10.0)),
        make_policy(lookback_seconds=10.0),
        with_time_slices(availability_slo(), 0.7),
        peak=10.0,
    ),
    "PromQL that only Prometheus can evaluate has no burn rate": Case(
        {OK: "0+10x7"},
        (),
        slo=slo_of(RawRatioSLI(PromQL("errors:ratio")), Objective("o", 0.9)),
        text="burn rates need raw samples",
    ),
    "no series": Case({"other_total": "1x7"}, (), text="matched no series"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_when_a_policy_would_have_fired(case: Case) -> None:
    alert = case.evaluate_alert()
    assert alert.firings == case.firings, alert
    assert alert.peak_burn_rate == case.peak
    text = ". ".join((alert.detail, *alert.notes))
    assert case.text in text
    assert bool(case.text) == bool(text.strip(". ")), text


def test_alerts_change_no_verdict_and_there_are_none_without_policies() -> None:
    plain = spec_of(availability_slo())
    with_policy = spec_of(replace(availability_slo(), alert_policies=(FAST,)))
    before, after = (evaluate(spec, make_evidence(spec, BURST)) for spec in (plain, with_policy))
    assert before.alerts == ()
    assert after.alerts[0].firings
    assert (before.outcome, before.objectives) == (after.outcome, after.objectives)
    assert before.outcome is Outcome.MISSED


COUNTS = st.lists(st.integers(0, 5), min_size=7, max_size=7)


@given(ok=COUNTS, bad=COUNTS, lookback=st.sampled_from([1.0, 10.0, 15.0, 25.0, 40.0, 100.0]))
def test_the_burn_rate_equals_that_of_the_events_of_each_window(
    ok: list[int], bad: list[int], lookback: float
) -> None:
    slo = availability_slo()
    spec = spec_of(slo)
    samples = {OK: _counter(ok), FAULTY: _counter(bad)}
    reader = EvidenceReader(make_evidence(spec, samples))
    objective = slo.objectives[0]
    times = list_window_scrapes(reader)
    burn_rates = compute_burn_rates(
        build_timeline(slo, objective, reader), times, WINDOW.start, lookback, objective.target
    )
    for burn_rate in burn_rates:
        start = max(WINDOW.start, burn_rate.time - lookback)
        events = count_events(slo, objective, reader, Window(start, burn_rate.time))
        assert (burn_rate.interval is None) == (not events.total)
        if burn_rate.interval is not None:
            error_ratio = 1 - Fraction(events.good[0]) / Fraction(events.total)
            assert burn_rate.interval == (error_ratio / (1 - to_exact_fraction(0.9)),) * 2


def _counter(added: list[int]) -> str:
    return " ".join(str(sum(added[:n])) for n in range(len(added) + 1))


STEPS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 3)), max_size=20)
TIMES = st.lists(st.integers(0, 60), unique=True, max_size=30)


@given(STEPS, TIMES, st.integers(1, 70), st.integers(0, 30), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_firings_equal_those_found_at_every_time(
    added: list[tuple[int, int, int]], times: list[int], lookback: int, after: int, limit: float
) -> None:
    steps = [TimelineStep(t, (Fraction(bad),) * 2, Fraction(bad + good)) for t, bad, good in sorted(added)]
    policy = make_policy(threshold=limit, alert_after_seconds=float(after), lookback_seconds=float(lookback))
    burn_rates = list(compute_burn_rates(steps, sorted(times), 0.0, float(lookback), 0.5))
    firings = list(find_firings(burn_rates, policy, 0.0))
    is_firing = {time: any(f.fired_at <= time < (f.resolved_at or 99) for f in firings) for time in times}
    assert is_firing == {
        time: _is_firing(steps, sorted(times), time, lookback, after, limit) for time in times
    }


def _is_firing(
    steps: list[TimelineStep], times: list[int], now: int, lookback: int, after: int, limit: float
) -> bool:
    """Walk back from a time to where the condition did not hold."""
    since = None
    for time in reversed(times[: bisect_right(times, now)]):
        first = time - lookback if time >= lookback else -1
        in_window = [step for step in steps if first < step.time <= time]
        total = sum(step.total for step in in_window)
        if not total or 2 * sum(step.bad[0] for step in in_window) / total <= limit:
            break
        since = time
    return since is not None and now - since >= after


def test_a_long_run_takes_one_look_up_a_scrape() -> None:
    step_count = 100_000
    steps = [TimelineStep(float(n), (Fraction(n % 7 == 0),) * 2, Fraction(1)) for n in range(step_count)]
    times = map(float, range(step_count))
    burn_rates: list[BurnRate] = list(compute_burn_rates(steps, times, 0.0, 3600.0, 0.9))
    assert burn_rates[-1].interval == ((Fraction(514, 3600) * 10),) * 2


def test_there_is_no_alert_without_a_scrape_in_the_window() -> None:
    spec = spec_of(replace(availability_slo(), alert_policies=(FAST,)))
    scraped = make_evidence(spec, {OK: "0"}, window=Window(500.0, 560.0))
    (alert,) = evaluate_alerts(spec, EvidenceReader(scraped))
    assert alert.detail == "no scrape falls into the window"
