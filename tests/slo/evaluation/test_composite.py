"""Composite SLOs: weighted burn rates added up, and when that can't be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.documents.yaml_source import ProblemsError
from slo.evaluation.evaluate import evaluate
from slo.model import AlertCondition, AlertPolicy, Op, Outcome, Reason
from slo.openslo.spec_reader import load_spec
from slo.rules.rule_objectives import targets
from tests.slo.evaluation.composite_cases import CASES, TEN_PERCENT, Case, part
from tests.support.evidence import availability, evidence, sent, spec_of

JOURNEY = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: journey}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives:
    - displayName: Paid
      target: 0.99
      indicator:
        metadata: {name: paid}
        spec:
          ratioMetric:
            counter: true
            good: {metricSource: {type: Prometheus, spec: {query: paid_total}}}
            total: {metricSource: {type: Prometheus, spec: {query: orders_total}}}
    - displayName: Quick
      op: lte
      value: 0.25
      compositeWeight: 2.5
      indicatorRef: latency
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: latency}
spec:
  thresholdMetric:
    metricSource: {type: Prometheus, spec: {histogram: latency_seconds, quantile: 0.95}}
"""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_burn_rates_of_the_parts_decide(case: Case) -> None:
    *parts, whole = case.judge().objectives
    assert len(parts) == len(case.parts)
    assert (whole.slo, whole.objective, whole.kind) == ("journey", "composite", "composite")
    reason = case.expected if isinstance(case.expected, Reason) else None
    outcome = Outcome.UNDECIDED if reason else case.expected
    assert (whole.outcome, whole.reason) == (outcome, reason), whole
    assert whole.burn_rate == (None if case.burn is None else pytest.approx(case.burn))
    assert case.says in f"{whole.detail} {whole.notes}"


def test_a_composite_stands_after_its_parts_and_others_are_left_alone() -> None:
    spec = spec_of(
        availability(), part(availability()), part(availability(), 2), replace(availability(), name="z")
    )
    kinds = [(one.slo, one.kind) for one in evaluate(spec, evidence(spec, TEN_PERCENT)).objectives]
    assert kinds == [
        ("slo", "events"), ("journey", "events"), ("journey", "events"), ("journey", "composite"),
        ("z", "events"),
    ]  # fmt: skip


def test_a_failed_check_makes_it_undecided_too() -> None:
    spec = spec_of(part(availability(0.8)), part(availability(0.8), 2))
    whole = evaluate(spec, evidence(spec, TEN_PERCENT), sent(80)).objectives[-1]
    assert (whole.outcome, whole.reason) == (Outcome.UNDECIDED, Reason.COUNTS_DO_NOT_RECONCILE)


def test_an_alert_of_a_composite_watches_the_sum() -> None:
    policy = AlertPolicy("p", AlertCondition("c", "page", Op.GT, 1.4, 20.0), when_breaching=True)
    parts = [part(availability(0.8)), part(availability(0.8), 2)]
    spec = spec_of(*(replace(one, alert_policies=(policy,)) for one in parts))
    (alert,) = evaluate(spec, evidence(spec, TEN_PERCENT)).alerts
    assert (alert.objective, alert.peak_burn_rate) == ("composite", 1.5)
    assert [one.fired_at for one in alert.firings] == [5.0]


def test_each_objective_of_a_composite_brings_its_indicator(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(JOURNEY)
    spec = load_spec([tmp_path / "spec.yaml"])
    found = [(slo.name, slo.objectives[0].name, slo.weight, slo.objectives[0].target) for slo in spec.slos]
    assert found == [("journey", "Paid", 1.0, 0.99), ("journey", "Quick", 2.5, 0.95)]
    assert [type(slo.sli).__name__ for slo in spec.slos] == ["EventsSLI", "ThresholdSLI"]
    assert [target.name for target in targets(spec)] == ["journey-paid", "journey-quick"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "indicatorRef: latency",
            "timeSliceWindow: 1m",
            "spec: is composite: each objective",
            id="one lacks it",
        ),
        pytest.param(
            "budgetingMethod: Occurrences",
            "budgetingMethod: Timeslices",
            "spec: is composite: OpenSLO gives composite time slices no target; use Occurrences",
            id="time slices",
        ),
        pytest.param(
            "compositeWeight: 2.5", "compositeWeight: 0", "compositeWeight: should be greater than 0", id="0"
        ),
        pytest.param(
            "indicatorRef: latency", "indicatorRef: late", "did you mean latency?", id="a name that is none"
        ),
        pytest.param(
            "value: 0.25", "value: x", "objectives[1].value: should be a valid number", id="a fault in one"
        ),
    ],
)
def test_a_faulty_composite_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(JOURNEY.replace(old, new))
    with pytest.raises(ProblemsError) as refused:
        load_spec([path])
    assert any(says in str(problem) for problem in refused.value.problems), refused.value.problems
