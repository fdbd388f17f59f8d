"""Rules of every OpenSLO document of an events or latency kind, tried by promtool."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slo.model import Spec
from slo.openslo.spec_reader import load_spec
from slo.rules.event_queries import is_counted
from slo.rules.input_series import is_graded
from slo.rules.promtool_tests import promtool_text
from slo.rules.rule_files import rules_text
from slo.rules.rule_objectives import Target, targets
from tests.slo.rules.rules_documents import COMMITTED, OURS, PUBLIC
from tests.support.promtool import promtool

DOCUMENTS = PUBLIC | OURS
BESIDE = {name: text for name, text in DOCUMENTS.items() if name != "slo/objectives.yaml"}
"""Without the reference service's, whose committed rules ``test_rules`` tries."""


def judged(text: str, folder: Path) -> list[Spec]:
    """Give each objective on events or latency by itself: promtool evaluates a file's rules for each test."""
    (folder / "spec.yaml").write_text(text)
    return [
        Spec((replace(slo, objectives=(objective,)),))
        for slo in load_spec([folder / "spec.yaml"]).slos
        for objective in slo.objectives
        if is_counted(slo)
    ]


def must_be_tested(target: Target) -> Iterator[str]:
    severities = [severity for severity in ("page", "ticket") if target.alert_pairs(severity)]
    assert "ticket" in severities
    if is_graded(target):
        for severity in severities:
            yield f"a steady burn just above the threshold of a {severity}"
            yield f"a steady burn just below the threshold of a {severity}"
    yield f"a {severities[0]} in the minute in which a burst is too much"
    yield "no traffic"


@cache
def fault(rules: str, tests: str) -> str:
    """Say what promtool finds fault with; nothing where all is well."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(rules)
        (Path(folder) / "tests.yaml").write_text(tests)
        for arguments in (("check", "rules", "rules.yaml"), ("test", "rules", "tests.yaml")):
            code, said = promtool(*arguments[:2], Path(folder) / arguments[2])
            if code:
                return said
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE.keys())
def test_promtool_passes_the_rules_of_a_document(text: str, tmp_path: Path) -> None:
    specs = judged(text, tmp_path)
    assert specs
    for spec in specs:
        assert not fault(rules_text(spec), promtool_text(spec, "rules.yaml"))


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_burn_just_above_and_just_below_is_among_the_tests(text: str, tmp_path: Path) -> None:
    for spec in judged(text, tmp_path):
        tests = YAML(typ="safe", pure=True).load(promtool_text(spec, "rules.yaml"))["tests"]
        names = {test["name"] for test in tests}
        for target in targets(spec):
            wanted = {f"{target.slo.service} {target.name}: {what}" for what in must_be_tested(target)}
            assert wanted <= names


def test_no_document_that_the_repository_holds_is_forgotten() -> None:
    assert set(OURS.values()) >= COMMITTED
