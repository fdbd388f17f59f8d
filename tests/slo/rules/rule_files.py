"""Rules and their unit tests as files, and promtool's judgement of them."""

from __future__ import annotations

from pathlib import Path

from slo.model import Spec
from slo.rules import format_promtool_tests, format_rules
from tests.support.promtool import run_promtool


def write_rules_and_tests(spec: Spec, folder: Path, *changes: tuple[str, str]) -> Path:
    """Write a spec's rules, changed by text replacements, and their tests; return the file of the tests."""
    rules = format_rules(spec)
    for old, new in changes:
        assert old in rules
        rules = rules.replace(old, new)
    (folder / "rules.yaml").write_text(rules)
    (folder / "tests.yaml").write_text(format_promtool_tests(spec, "rules.yaml"))
    return folder / "tests.yaml"


def assert_promtool_accepts(rules: Path) -> None:
    code, output = run_promtool("check", "rules", rules)
    assert code == 0, output


def assert_tests_pass(tests: Path) -> None:
    code, output = run_promtool("test", "rules", tests)
    assert code == 0, output
