"""Error ratios of long windows are weighted by events, and NaN does not spread."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.model import Spec
from tests.slo.rules.rule_files import assert_tests_pass, write_rules_and_tests
from tests.slo.rules.rules_cases import KINDS

TESTS = """
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
CASES = {
    "a failing hour of low traffic: it has the weight of its events": (
        "bad of total",
        """
      - {series: 'requests_total{job="shop",code="200"}', values: "0+1000x60 60000x60"}
      - {series: 'requests_total{job="shop",code="500"}', values: "0x60 1+1x60"}""",
        "slo:sli_error:ratio_rate2h",
    ),
    "an hour of 0 / 0: the window still has a ratio": (
        "a raw ratio that divides",
        """
      - {series: "failed", values: "1x29 0x59 1x30"}
      - {series: "answered", values: "1000x29 0x59 1000x30"}""",
        "slo:sli_error:ratio_rate2h",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "series", "ratio"), CASES.values(), ids=CASES.keys())
def test_windows_are_weighted_by_events(kind: str, series: str, ratio: str, tmp_path: Path) -> None:
    write_rules_and_tests(Spec((KINDS[kind],)), tmp_path)
    (tmp_path / "own.yaml").write_text(TESTS.replace("SERIES", series).replace("RATIO", ratio))
    assert_tests_pass(tmp_path / "own.yaml")
