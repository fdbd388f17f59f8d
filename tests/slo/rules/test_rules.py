from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from slo.documents.yaml_source import ProblemsError
from slo.model import SLO, PromQL, Spec, ThresholdSLI
from slo.model.burn_rate_windows import DAYS, decimal, duration, pairs
from slo.openslo.spec_reader import load_spec
from slo.promql.syntax import parse_selector
from slo.rules.example_series import example, example_beside, matches
from slo.rules.promtool_tests import promtool_text
from slo.rules.rule_files import rules_text
from slo.rules.rule_objectives import targets, unreachable
from tests.slo.rules.rules_cases import KINDS, REFUSED
from tests.support.promtool import promtool
from tests.support.specs import QUEUE

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "monitoring" / "rules"
RENEW = "python -m proofload rules --out monitoring/rules --tests monitoring/rules/slo.tests.yaml"


def rules_of(spec: Spec) -> list[dict[str, object]]:
    groups = YAML(typ="safe", pure=True).load(rules_text(spec))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def written(spec: Spec, folder: Path, *changes: tuple[str, str]) -> Path:
    rules = rules_text(spec)
    for old, new in changes:
        assert old in rules
        rules = rules.replace(old, new)
    (folder / "rules.yaml").write_text(rules)
    (folder / "tests.yaml").write_text(promtool_text(spec, "rules.yaml"))
    return folder / "tests.yaml"


def test_the_committed_rules_are_those_of_the_reference_spec() -> None:
    spec = load_spec([ROOT / "slo" / "objectives.yaml"])
    fresh = {"slo.rules.yaml": rules_text(spec), "slo.tests.yaml": promtool_text(spec, "slo.rules.yaml")}
    for name, text in fresh.items():
        assert (COMMITTED / name).read_text() == text, f"stale; renew with: {RENEW}"


@pytest.mark.slow
def test_promtool_finds_no_fault_with_the_committed_rules() -> None:
    code, said = promtool("check", "rules", COMMITTED / "slo.rules.yaml")
    assert code == 0, said
    code, said = promtool("test", "rules", COMMITTED / "slo.tests.yaml")
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.parametrize("slo", KINDS.values(), ids=KINDS.keys())
def test_rules_of_every_kind_do_what_arithmetic_says(slo: SLO, tmp_path: Path) -> None:
    tests = written(Spec((slo,)), tmp_path)
    code, said = promtool("check", "rules", tmp_path / "rules.yaml")
    assert code == 0, said
    code, said = promtool("test", "rules", tests)
    assert code == 0, said


FAULTS = {
    "a threshold a little higher": ("> 0.056)", "> 0.0575)"),
    "a threshold a little lower": ("> 0.056)", "> 0.0545)"),
    "a fast threshold a tenth higher": ("> 0.1344)", "> 0.148)"),
    "a fast threshold a tenth lower": ("> 0.1344)", "> 0.121)"),
    "no delay of the absent alert": ("for: 10m", "for: 1m"),
    "an absent alert that never fires": ("alert: SLOMetricAbsent", "alert: SomethingElse"),
    "an absent alert that always fires": ('max(absent(requests_total{job="shop"}))', "vector(1)"),
    "a ratio where there is no traffic": (" > 0)", ")"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_tests_see_faults_in_the_rules(fault: tuple[str, str], tmp_path: Path) -> None:
    code, said = promtool("test", "rules", written(Spec((KINDS["bad of total"],)), tmp_path, fault))
    assert code == 1, said


@pytest.mark.parametrize(("slo", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_become_rules_is_refused_by_name(slo: SLO, message: str) -> None:
    with pytest.raises(ProblemsError, match=re.escape(f"SLO {slo.name}, {message}")):
        rules_text(Spec((slo,)))


def test_everything_that_is_refused_is_said_at_once() -> None:
    spec = Spec(tuple(replace(slo, name=f"s{n}") for n, (slo, _) in enumerate(REFUSED.values())))
    with pytest.raises(ProblemsError) as caught:
        rules_text(spec)
    assert len(caught.value.problems) == len(REFUSED)


def test_rules_of_several_objectives_do_not_collide() -> None:
    slo = KINDS["two objectives, and braces"]
    three = replace(slo, objectives=(*slo.objectives, replace(slo.objectives[0], name="99-9")))
    twin = replace(slo, name="checkout-99-9", objectives=slo.objectives[:1])
    found = targets(Spec((three, twin)))
    assert len({target.name for target in found}) == 4
    assert found[-1].name == "checkout-99-9"
    names = [
        (rule.get("record") or rule.get("alert"), str(rule["labels"]))
        for rule in rules_of(Spec((three, twin)))
    ]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_the_tests_tell_objectives_of_one_id_apart(tmp_path: Path) -> None:
    slo = KINDS["bad of total"]
    twins = (replace(slo, service="a-b", name="c"), replace(slo, service="a", name="b-c"))
    assert len({target.id for target in targets(Spec(twins))}) == 1
    code, said = promtool("test", "rules", written(Spec(twins), tmp_path))
    assert code == 0, said


@pytest.mark.parametrize("slo", KINDS.values(), ids=KINDS.keys())
def test_numbers_hold_no_dust_of_floats(slo: SLO) -> None:
    assert not re.search(r"\d\.\d{9}", rules_text(Spec((slo,))))


@given(st.sampled_from(DAYS[1:]))
def test_a_longer_window_never_alerts_at_a_slower_burn(days: int) -> None:
    for shorter, longer in zip(pairs(days - 1), pairs(days), strict=True):
        assert longer.burn_rate >= shorter.burn_rate >= 1


@given(st.decimals(min_value="0.000001", max_value="0.999999", places=6))
def test_a_decimal_is_written_as_it_is(number: object) -> None:
    exact = Fraction(str(number))
    assert Fraction(decimal(exact)) == exact
    assert "e" not in decimal(exact)


def test_a_fraction_that_is_no_decimal_is_refused() -> None:
    with pytest.raises(ValueError, match="no finite decimal"):
        decimal(Fraction(1, 3))


BURN_RATES = {
    7: "13.44 3.5 1.4 1",
    10: "13.44 3.5 1.4 1",
    14: "13.44 3.5 1.4 1",
    21: "13.44 4.2 2.1 1",
    28: "13.44 5.6 2.8 1",
    30: "14.4 6 3 1",
    90: "43.2 18 9 3",
}


@pytest.mark.parametrize(("days", "rates"), BURN_RATES.items())
def test_burn_rates_spend_the_share_of_the_budget(days: int, rates: str) -> None:
    assert " ".join(decimal(pair.burn_rate) for pair in pairs(days)) == rates


def test_a_template_of_the_window_is_filled_with_the_rules_own() -> None:
    query = "max(rate(x_total[{{.window}}])) + max(rate(x_total[1h]))"
    text = rules_text(Spec((replace(QUEUE, sli=ThresholdSLI(PromQL(query))),)))
    assert "max(rate(x_total[300s])) + max(rate(x_total[1h]))" in text
    assert "window}}" not in text


def test_windows_are_named_as_prometheus_does() -> None:
    assert [duration(days * 86_400) for days in BURN_RATES] == [
        *("1w", "10d", "2w", "3w", "4w", "30d", "90d")
    ]


def test_alerts_that_can_not_fire_are_left_out_and_said() -> None:
    loose = replace(
        KINDS["bad of total"], objectives=(replace(KINDS["bad of total"].objectives[0], target=0.8),)
    )
    alerts = [
        rule["labels"] for rule in rules_of(Spec((loose,))) if rule.get("alert") == "SLOErrorBudgetBurn"
    ]
    assert [labels["severity"] for labels in alerts if isinstance(labels, dict)] == ["ticket"]
    assert [note.split(":")[1].strip() for note in unreachable(Spec((loose,)))] == [
        "no page over 1h",
        "no page over 6h",
    ]


SELECTORS = (
    "m",
    'm{a="b"}',
    'm{a=~"5.."}',
    'm{a=~"(GET|PUT)"}',
    'm{a=~"/api/.*"}',
    'm{a!~"5.."}',
    'm{a!="",b!="x"}',
    'm{a=~"[45]xx"}',
    r'm{a=~"1\\.0|2"}',
    'm{a=~".+",a!~"x.*"}',
)


@pytest.mark.parametrize("text", SELECTORS)
def test_an_example_of_a_selector_matches_it(text: str) -> None:
    selector = parse_selector(text)
    labels = example(selector)
    assert labels is not None
    assert matches(selector, "m", labels)


def test_a_pattern_beyond_guessing_has_no_example() -> None:
    assert example(parse_selector('m{a=~"(?:ab){3}"}')) is None


BESIDE = {
    "what is excluded by a pattern": ("m", 'm{a!~"(5..|429)"}', {"a": "5.."}),
    "what is excluded by its text": ('m{j="x"}', 'm{a!="y"}', {"j": "x", "a": "y"}),
    "what is not said": ("m", 'm{a="b"}', {}),
    "nothing, where all are the other's": ("m", "m", None),
    "nothing, where no series can be made up": ('m{a=~"(?:ab){3}"}', "m", None),
}


@pytest.mark.parametrize(("whole", "part", "found"), BESIDE.values(), ids=BESIDE.keys())
def test_an_example_of_all_events_that_is_none_of_a_part(
    whole: str, part: str, found: dict[str, str] | None
) -> None:
    assert example_beside(parse_selector(whole), parse_selector(part)) == found


WEIGHED = """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: SERIES
    promql_expr_test:
      - expr: count(RATIO > 0.0005 < 0.003)
        eval_time: 119m
        exp_samples: [{labels: "{}", value: 1}]
"""
BUSY_THEN_QUIET = {
    "a quiet hour that fails weighs as much as its events": (
        "bad of total",
        """
      - {series: 'requests_total{job="shop",code="200"}', values: "0+1000x60 60000x60"}
      - {series: 'requests_total{job="shop",code="500"}', values: "0x60 1+1x60"}""",
        "slo:sli_error:ratio_rate2h",
    ),
    "a value that is not a number poisons nothing": (
        "a raw ratio that divides",
        """
      - {series: "failed", values: "1x29 0x59 1x30"}
      - {series: "answered", values: "1000x29 0x59 1000x30"}""",
        "slo:sli_error:ratio_rate2h",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "series", "ratio"), BUSY_THEN_QUIET.values(), ids=BUSY_THEN_QUIET.keys())
def test_windows_are_weighed_by_events(kind: str, series: str, ratio: str, tmp_path: Path) -> None:
    written(Spec((KINDS[kind],)), tmp_path)
    (tmp_path / "own.yaml").write_text(WEIGHED.replace("SERIES", series).replace("RATIO", ratio))
    code, said = promtool("test", "rules", tmp_path / "own.yaml")
    assert code == 0, said
