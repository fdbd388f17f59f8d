"""Composite SLOs: the weighted sum of burn rates, and invalid composites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.documents import ProblemsError
from slo.evaluation.spec_evaluation import evaluate
from slo.model import AlertCondition, AlertPolicy, Op, Outcome, Reason
from slo.openslo import load_spec
from slo.rules.rule_objectives import list_rule_objectives
from tests.slo.evaluation.composite_cases import CASES, TEN_PERCENT, Case, make_part
from tests.support.composite_spec import JOURNEY
from tests.support.evidence import availability_slo, make_evidence, run_record, spec_of


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_sum_of_burn_rates_decides(case: Case) -> None:
    *parts, whole = case.evaluate_case().objectives
    assert len(parts) == len(case.parts)
    assert (whole.slo, whole.objective, whole.kind) == ("journey", "composite", "composite")
    reason = case.expected if isinstance(case.expected, Reason) else None
    outcome = Outcome.UNDECIDED if reason else case.expected
    assert (whole.outcome, whole.reason) == (outcome, reason), whole
    assert whole.burn_rate == (None if case.burn is None else pytest.approx(case.burn))
    assert case.text in f"{whole.detail} {whole.notes}"


def test_a_composite_comes_after_its_parts_and_other_slos_are_unchanged() -> None:
    spec = spec_of(
        availability_slo(),
        make_part(availability_slo()),
        make_part(availability_slo(), 2),
        replace(availability_slo(), name="z"),
    )
    objectives = evaluate(spec, make_evidence(spec, TEN_PERCENT)).objectives
    kinds = [(objective.slo, objective.kind) for objective in objectives]
    assert kinds == [
        ("slo", "events"), ("journey", "events"), ("journey", "events"), ("journey", "composite"),
        ("z", "events"),
    ]  # fmt: skip


def test_a_failed_check_makes_a_composite_undecided() -> None:
    spec = spec_of(make_part(availability_slo(0.8)), make_part(availability_slo(0.8), 2))
    whole = evaluate(spec, make_evidence(spec, TEN_PERCENT), run_record(80)).objectives[-1]
    assert (whole.outcome, whole.reason) == (Outcome.UNDECIDED, Reason.COUNTS_DO_NOT_RECONCILE)


def test_an_alert_on_a_composite_uses_the_sum() -> None:
    policy = AlertPolicy("p", AlertCondition("c", "page", Op.GT, 1.4, 20.0), when_breaching=True)
    parts = [make_part(availability_slo(0.8)), make_part(availability_slo(0.8), 2)]
    spec = spec_of(*(replace(part, alert_policies=(policy,)) for part in parts))
    (alert,) = evaluate(spec, make_evidence(spec, TEN_PERCENT)).alerts
    assert (alert.objective, alert.peak_burn_rate) == ("composite", 1.5)
    assert [firing.fired_at for firing in alert.firings] == [5.0]


def test_each_objective_of_a_composite_has_its_own_indicator(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(JOURNEY)
    spec = load_spec([tmp_path / "spec.yaml"])
    parts = [(slo.name, slo.objectives[0].name, slo.weight, slo.objectives[0].target) for slo in spec.slos]
    assert parts == [("journey", "Paid", 1.0, 0.99), ("journey", "Quick", 2.5, 0.95)]
    assert [type(slo.sli).__name__ for slo in spec.slos] == ["EventsSLI", "ThresholdSLI"]
    assert [target.name for target in list_rule_objectives(spec)] == ["journey-paid", "journey-quick"]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        pytest.param(
            "indicatorRef: latency",
            "timeSliceWindow: 1m",
            "spec: is composite: each objective",
            id="an objective without an indicator",
        ),
        pytest.param(
            "budgetingMethod: Occurrences",
            "budgetingMethod: Timeslices",
            "spec: is composite: OpenSLO has no target for time slices of a composite SLO; use Occurrences",
            id="time slices",
        ),
        pytest.param(
            "compositeWeight: 2.5",
            "compositeWeight: 0",
            "compositeWeight: should be greater than 0",
            id="a weight of 0",
        ),
        pytest.param(
            "indicatorRef: latency", "indicatorRef: late", "did you mean latency?", id="an unknown indicator"
        ),
        pytest.param(
            "value: 0.25",
            "value: x",
            "objectives[1].value: should be a valid number",
            id="an invalid value in one objective",
        ),
    ],
)
def test_an_invalid_composite_is_rejected(tmp_path: Path, old: str, new: str, text: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(JOURNEY.replace(old, new))
    with pytest.raises(ProblemsError) as rejected:
        load_spec([path])
    assert any(text in str(problem) for problem in rejected.value.problems), rejected.value.problems
