"""promtool tests the rules of every OpenSLO document with counted events (ratios and latencies)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slo.model import Spec
from slo.openslo import load_spec
from slo.rules import RuleObjective, format_promtool_tests, format_rules, list_rule_objectives
from slo.rules.event_queries import has_counted_events
from slo.rules.input_series import can_set_error_ratio
from tests.slo.rules.rules_documents import COMMITTED, OURS, PUBLIC
from tests.support.promtool import run_promtool

DOCUMENTS = PUBLIC | OURS
PROMTOOL_DOCUMENTS = {name: text for name, text in DOCUMENTS.items() if name != "slo/objectives.yaml"}
"""Without the reference service's, whose committed rules are tested in ``test_rules``."""


def split_objectives(text: str, folder: Path) -> list[Spec]:
    """Return a spec for each objective with counted events: promtool evaluates all rules in each test."""
    (folder / "spec.yaml").write_text(text)
    return [
        Spec((replace(slo, objectives=(objective,)),))
        for slo in load_spec([folder / "spec.yaml"]).slos
        for objective in slo.objectives
        if has_counted_events(slo)
    ]


def list_required_tests(rule_objective: RuleObjective) -> Iterator[str]:
    severities = [
        severity for severity in ("page", "ticket") if rule_objective.select_alert_windows(severity)
    ]
    assert "ticket" in severities
    if can_set_error_ratio(rule_objective):
        for severity in severities:
            yield f"a steady burn just above the threshold of a {severity}"
            yield f"a steady burn just below the threshold of a {severity}"
    yield f"a {severities[0]} in the minute in which a burst exceeds its threshold"
    yield "no traffic"


@cache
def find_fault(rules: str, tests: str) -> str:
    """Return promtool's output if it finds a fault, else an empty text."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(rules)
        (Path(folder) / "tests.yaml").write_text(tests)
        for arguments in (("check", "rules", "rules.yaml"), ("test", "rules", "tests.yaml")):
            code, output = run_promtool(*arguments[:2], Path(folder) / arguments[2])
            if code:
                return output
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("text", PROMTOOL_DOCUMENTS.values(), ids=PROMTOOL_DOCUMENTS.keys())
def test_promtool_passes_the_rules_of_a_document(text: str, tmp_path: Path) -> None:
    specs = split_objectives(text, tmp_path)
    assert specs
    for spec in specs:
        assert not find_fault(format_rules(spec), format_promtool_tests(spec, "rules.yaml"))


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_burns_just_above_and_just_below_the_threshold_are_tested(text: str, tmp_path: Path) -> None:
    for spec in split_objectives(text, tmp_path):
        tests = YAML(typ="safe", pure=True).load(format_promtool_tests(spec, "rules.yaml"))["tests"]
        names = {test["name"] for test in tests}
        for rule_objective in list_rule_objectives(spec):
            prefix = f"{rule_objective.slo.service} {rule_objective.name}: "
            assert {prefix + sentence for sentence in list_required_tests(rule_objective)} <= names


def test_every_document_of_the_repository_is_tested() -> None:
    assert set(OURS.values()) >= COMMITTED
