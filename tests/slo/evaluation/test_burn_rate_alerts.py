"""Alerts that a load would have fired: when, for how long, and the same by the slow way of counting."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.counting.event_counts import tally
from slo.counting.event_timeline import Step, closing_scrapes, timeline
from slo.counting.evidence_reader import Counted
from slo.evaluation.burn_rate_alerts import Burn, alerts, burn_rates, firings
from slo.evaluation.evaluate import evaluate
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
)
from slo.model.budget import exact
from tests.support.evidence import (
    FAULTY,
    OK,
    WINDOW,
    availability,
    buckets,
    evidence,
    quick,
    sliced,
    slo_of,
    spec_of,
)

FAST = AlertPolicy("p", AlertCondition("c", "page", Op.GT, 1.0, 20.0), when_breaching=True)
"""Scrapes come at 5, 15, … 65 s of the window, so 20 s hold two of them."""


def policy(
    op: Op = Op.GT, threshold: float = 1.0, lookback_seconds: float = 20.0, alert_after_seconds: float = 0.0
) -> AlertPolicy:
    """Give :data:`FAST` with another condition."""
    condition = AlertCondition("c", "page", op, threshold, lookback_seconds, alert_after_seconds)
    return replace(FAST, condition=condition)


@dataclass(frozen=True)
class Case:
    """A policy on an SLO, samples, and what it would have done."""

    samples: Mapping[str, str]
    firings: tuple[Firing, ...]
    policy: AlertPolicy = FAST
    slo: SLO = field(default_factory=availability)
    peak: object = None
    says: str = ""

    def told(self) -> Alert:
        """Evaluate the policy."""
        spec = spec_of(replace(self.slo, alert_policies=(self.policy,)))
        (alert,) = evaluate(spec, evidence(spec, self.samples)).alerts
        return alert


BURST = {OK: "0+10x7", FAULTY: "0x1 10 20x5"}
"""Ten bad of twenty at 15 s, and at 25 s; ten good every ten seconds."""
CASES = {
    "it fires with the burst and ends when the last bad scrape leaves the look-back window": Case(
        BURST, (Firing(15.0, 45.0, 5.0),), peak=5.0
    ),
    "a burn rate of just the threshold is not above it": Case(
        {OK: "0+9x7", FAULTY: "0+1x7"}, (), peak=1.0
    ),
    "but it is at least it": Case(
        {OK: "0+9x7", FAULTY: "0+1x7"}, (Firing(5.0, None, 1.0),), policy(op=Op.GTE), peak=1.0
    ),
    "it waits for alertAfter": Case(
        BURST, (Firing(25.0, 45.0, 5.0),), policy(alert_after_seconds=10.0), peak=5.0
    ),
    "a breach as long as alertAfter and not longer fires": Case(
        BURST, (Firing(35.0, 45.0, 5.0),), policy(alert_after_seconds=20.0), peak=5.0
    ),
    "a breach shorter than alertAfter does not": Case(
        BURST, (), policy(alert_after_seconds=20.001), peak=5.0
    ),
    "it fires twice, and still at the end": Case(
        {OK: "0+10x7", FAULTY: "0 10x3 20 30 40"},
        (Firing(5.0, 25.0, 5.0), Firing(45.0, None, 5.0)),
        peak=5.0,
    ),
    "a look-back window longer than the run knows the run alone, and says so": Case(
        BURST,
        (Firing(15.0, None, 4.0),),
        policy(lookback_seconds=3600.0),
        peak=4.0,
        says="looks back 3600 s, but only the 60 s of this run are known",
    ),
    "pending at the end": Case(
        {OK: "0+10x7", FAULTY: "0x5 10 20"},
        (),
        policy(alert_after_seconds=60.0),
        peak=5.0,
        says="pending at the end: it had held for 10 s of the 60 s of alertAfter",
    ),
    "nothing counted is no breach": Case({OK: "0x7"}, (), peak=None),
    "nothing counted is told to who asks for that": Case(
        {OK: "0x1 10 20x5"},
        (Firing(5.0, 15.0, None, no_data=True), Firing(45.0, None, None, no_data=True)),
        replace(FAST, when_breaching=False, when_no_data=True),
        peak=0.0,
    ),
    "who is told of the end alone hears nothing of what goes on": Case(
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
    "a percentile, by the share of events above its threshold": Case(
        buckets(total="0+10x7", le_0_1="0 10 10 20 30 40 50 60"),
        (Firing(15.0, 35.0, 5.0),),
        slo=quick(0.1),
        peak=5.0,
    ),
    "a threshold inside a bucket fires where both ends of the bucket do, and says so": Case(
        buckets(total="0+10x7", le_0_1="0+8x1 8 16 24 32 40 48", le_0_5="0 10 10 20 30 40 50 60"),
        (Firing(15.0, 35.0, 5.0),),
        slo=quick(0.2),
        peak=5.0,
        says="the threshold is no bucket bound",
    ),
    "bad time slices, each counted when it ends": Case(
        BURST,
        (Firing(25.0, 35.0, 10.0), Firing(45.0, 55.0, 10.0)),
        policy(lookback_seconds=10.0),
        sliced(availability(), 0.7),
        peak=10.0,
    ),
    "PromQL that only Prometheus understands can't be told": Case(
        {OK: "0+10x7"},
        (),
        slo=slo_of(RawRatioSLI(PromQL("errors:ratio")), Objective("o", 0.9)),
        says="burn rates need raw samples",
    ),
    "no series": Case({"other_total": "1x7"}, (), says="matched no series"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_policy_would_have_fired(case: Case) -> None:
    alert = case.told()
    assert alert.firings == case.firings, alert
    assert alert.peak_burn_rate == case.peak
    said = ". ".join((alert.detail, *alert.notes))
    assert case.says in said
    assert bool(case.says) == bool(said.strip(". ")), said


def test_alerts_change_no_verdict_and_there_are_none_without_policies() -> None:
    plain = spec_of(availability())
    told = spec_of(replace(availability(), alert_policies=(FAST,)))
    before, after = (evaluate(spec, evidence(spec, BURST)) for spec in (plain, told))
    assert before.alerts == ()
    assert after.alerts[0].firings
    assert (before.outcome, before.objectives) == (after.outcome, after.objectives)
    assert before.outcome is Outcome.MISSED


COUNTS = st.lists(st.integers(0, 5), min_size=7, max_size=7)


@given(ok=COUNTS, bad=COUNTS, lookback=st.sampled_from([1.0, 10.0, 15.0, 25.0, 40.0, 100.0]))
def test_the_burn_rate_is_that_of_the_same_events_tallied_anew(
    ok: list[int], bad: list[int], lookback: float
) -> None:
    slo = availability()
    spec = spec_of(slo)
    samples = {OK: _counter(ok), FAULTY: _counter(bad)}
    counted = Counted(evidence(spec, samples))
    objective = slo.objectives[0]
    times = closing_scrapes(counted)
    burns = burn_rates(timeline(slo, objective, counted), times, WINDOW.start, lookback, objective.target)
    for burn in burns:
        start = max(WINDOW.start, burn.time - lookback)
        events = tally(slo, objective, counted, Window(start, burn.time))
        assert (burn.rate is None) == (not events.total)
        if burn.rate is not None:
            error_ratio = 1 - Fraction(events.good[0]) / Fraction(events.total)
            assert burn.rate == (error_ratio / (1 - exact(0.9)),) * 2


def _counter(added: list[int]) -> str:
    return " ".join(str(sum(added[:n])) for n in range(len(added) + 1))


STEPS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 3)), max_size=20)
TIMES = st.lists(st.integers(0, 60), unique=True, max_size=30)


@given(STEPS, TIMES, st.integers(1, 70), st.integers(0, 30), st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_firings_are_those_found_by_looking_at_every_moment(
    added: list[tuple[int, int, int]], times: list[int], lookback: int, after: int, limit: float
) -> None:
    steps = [Step(t, (Fraction(bad),) * 2, Fraction(bad + good)) for t, bad, good in sorted(added)]
    asked = policy(threshold=limit, alert_after_seconds=float(after), lookback_seconds=float(lookback))
    burns = list(burn_rates(steps, sorted(times), 0.0, float(lookback), 0.5))
    found = list(firings(burns, asked, 0.0))
    firing = {time: any(f.fired_at <= time < (f.resolved_at or 99) for f in found) for time in times}
    assert firing == {time: _fires(steps, sorted(times), time, lookback, after, limit) for time in times}


def _fires(steps: list[Step], times: list[int], now: int, lookback: int, after: int, limit: float) -> bool:
    """Walk back from a moment to where the condition did not hold."""
    since = None
    for time in reversed(times[: bisect_right(times, now)]):
        first = time - lookback if time >= lookback else -1
        seen = [step for step in steps if first < step.time <= time]
        total = sum(step.total for step in seen)
        if not total or 2 * sum(step.bad[0] for step in seen) / total <= limit:
            break
        since = time
    return since is not None and now - since >= after


def test_a_long_run_costs_no_more_than_a_look_up_a_scrape() -> None:
    number = 100_000
    steps = [Step(float(n), (Fraction(n % 7 == 0),) * 2, Fraction(1)) for n in range(number)]
    burns: list[Burn] = list(burn_rates(steps, map(float, range(number)), 0.0, 3600.0, 0.9))
    assert burns[-1].rate == ((Fraction(514, 3600) * 10),) * 2


def test_nothing_is_told_without_a_scrape_in_the_window() -> None:
    spec = spec_of(replace(availability(), alert_policies=(FAST,)))
    seen = evidence(spec, {OK: "0"}, window=Window(500.0, 560.0))
    (alert,) = alerts(spec, Counted(seen))
    assert alert.detail == "no scrape falls into the window"
