"""Rules of every kind of SLO: what is written, what promtool says, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slo.documents import ProblemsError
from slo.model import SLO, PromQL, Spec, ThresholdSLI
from slo.openslo import load_spec
from slo.rules import (
    describe_unreachable_alerts,
    format_promtool_tests,
    format_rules,
    list_rule_objectives,
)
from tests.slo.rules.rule_files import assert_promtool_accepts, assert_tests_pass, write_rules_and_tests
from tests.slo.rules.rules_cases import KINDS, REFUSED
from tests.support.promtool import run_promtool
from tests.support.specs import QUEUE_SLO

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "monitoring" / "rules"
REGENERATE = "python -m proofload rules --out monitoring/rules --tests monitoring/rules/slo.tests.yaml"


def list_rules(spec: Spec) -> list[dict[str, object]]:
    groups = YAML(typ="safe", pure=True).load(format_rules(spec))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_the_committed_rules_are_those_of_the_reference_spec() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    expected = {
        "slo.rules.yaml": format_rules(spec),
        "slo.tests.yaml": format_promtool_tests(spec, "slo.rules.yaml"),
    }
    for name, text in expected.items():
        assert (COMMITTED / name).read_text() == text, f"stale; regenerate with: {REGENERATE}"


@pytest.mark.slow
def test_promtool_accepts_the_committed_rules_and_their_tests_pass() -> None:
    assert_promtool_accepts(COMMITTED / "slo.rules.yaml")
    assert_tests_pass(COMMITTED / "slo.tests.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("slo", KINDS.values(), ids=KINDS.keys())
def test_rules_of_every_kind_fire_as_computed(slo: SLO, tmp_path: Path) -> None:
    tests = write_rules_and_tests(Spec((slo,)), tmp_path)
    assert_promtool_accepts(tmp_path / "rules.yaml")
    assert_tests_pass(tests)


FAULTS = {
    "a threshold that is slightly higher": ("> 0.056)", "> 0.0575)"),
    "a threshold that is slightly lower": ("> 0.056)", "> 0.0545)"),
    "a fast threshold that is 10 % higher": ("> 0.1344)", "> 0.148)"),
    "a fast threshold that is 10 % lower": ("> 0.1344)", "> 0.121)"),
    "an absent alert without its delay": ("for: 10m", "for: 1m"),
    "an absent alert that never fires": ("alert: SLOMetricAbsent", "alert: SomethingElse"),
    "an absent alert that always fires": ('max(absent(requests_total{job="shop"}))', "vector(1)"),
    "a ratio although there is no traffic": (" > 0)", ")"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_tests_detect_faults_in_the_rules(fault: tuple[str, str], tmp_path: Path) -> None:
    tests = write_rules_and_tests(Spec((KINDS["bad of total"],)), tmp_path, fault)
    code, output = run_promtool("test", "rules", tests)
    assert code == 1, output


@pytest.mark.parametrize(("slo", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_unsupported_slos_are_refused_by_name(slo: SLO, message: str) -> None:
    with pytest.raises(ProblemsError, match=re.escape(f"SLO {slo.name}, {message}")):
        format_rules(Spec((slo,)))


def test_all_refused_slos_are_reported_at_once() -> None:
    spec = Spec(tuple(replace(slo, name=f"s{n}") for n, (slo, _) in enumerate(REFUSED.values())))
    with pytest.raises(ProblemsError) as caught:
        format_rules(spec)
    assert len(caught.value.problems) == len(REFUSED)


def test_rules_of_several_objectives_have_different_names_or_labels() -> None:
    slo = KINDS["two objectives, and braces"]
    three = replace(slo, objectives=(*slo.objectives, replace(slo.objectives[0], name="99-9")))
    twin = replace(slo, name="checkout-99-9", objectives=slo.objectives[:1])
    rule_objectives = list_rule_objectives(Spec((three, twin)))
    assert len({rule_objective.name for rule_objective in rule_objectives}) == 4
    assert rule_objectives[-1].name == "checkout-99-9"
    names = [
        (rule.get("record") or rule.get("alert"), str(rule["labels"]))
        for rule in list_rules(Spec((three, twin)))
    ]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_the_tests_distinguish_objectives_with_the_same_id(tmp_path: Path) -> None:
    slo = KINDS["bad of total"]
    twins = (replace(slo, service="a-b", name="c"), replace(slo, service="a", name="b-c"))
    ids = {rule_objective.sloth_id for rule_objective in list_rule_objectives(Spec(twins))}
    assert len(ids) == 1
    assert_tests_pass(write_rules_and_tests(Spec(twins), tmp_path))


@pytest.mark.parametrize("slo", KINDS.values(), ids=KINDS.keys())
def test_numbers_have_no_binary_rounding_errors(slo: SLO) -> None:
    assert not re.search(r"\d\.\d{9}", format_rules(Spec((slo,))))


def test_a_window_variable_is_replaced_by_the_base_window_of_the_rules() -> None:
    query = "max(rate(x_total[{{.window}}])) + max(rate(x_total[1h]))"
    text = format_rules(Spec((replace(QUEUE_SLO, sli=ThresholdSLI(PromQL(query))),)))
    assert "max(rate(x_total[300s])) + max(rate(x_total[1h]))" in text
    assert "window}}" not in text


def test_alerts_that_can_not_fire_are_omitted_and_reported() -> None:
    slo = KINDS["bad of total"]
    spec = Spec((replace(slo, objectives=(replace(slo.objectives[0], target=0.8),)),))
    alerts = [rule["labels"] for rule in list_rules(spec) if rule.get("alert") == "SLOErrorBudgetBurn"]
    assert [labels["severity"] for labels in alerts if isinstance(labels, dict)] == ["ticket"]
    assert [note.split(":")[1].strip() for note in describe_unreachable_alerts(spec)] == [
        "no page over 1h",
        "no page over 6h",
    ]
