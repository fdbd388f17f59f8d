"""Rules of a bucket in a Prometheus that spells the bucket's bound differently."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.model import EventsSLI, PromQL, Spec
from tests.slo.rules.rule_files import assert_tests_pass, write_rules_and_tests
from tests.slo.rules.rules_cases import KINDS

BOUNDS = {
    "as written in the spec": ("1", "1"),
    "as Prometheus 3 writes it": ("1", "1.0"),
    "as Go writes it": ("1.0", "1"),
    "with a trailing zero": ("0.250", "0.25"),
    "large": ("1000000", "1e+06"),
    "infinite": ("+Inf", "+Inf"),
}
TESTS = """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 15s
    input_series:
      - {series: 'd_seconds_count', values: "0+10x120"}
      - {series: 'd_seconds_bucket{le="EXPOSED"}', values: "0+8x120"}
    promql_expr_test:
      - expr: sum(slo:sli_error:ratio_rate5m)
        eval_time: 20m
        exp_samples: [{labels: "{}", value: 0.2}]
      - {expr: 'ALERTS{alertname="SLOMetricAbsent"}', eval_time: 20m, exp_samples: []}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("written", "exposed"), BOUNDS.values(), ids=BOUNDS.keys())
def test_a_bound_is_found_in_every_spelling(written: str, exposed: str, tmp_path: Path) -> None:
    good = PromQL(f'd_seconds_bucket{{le="{written}"}}')
    slo = replace(KINDS["a bucket of a histogram"], sli=EventsSLI(PromQL("d_seconds_count"), good=good))
    write_rules_and_tests(Spec((slo,)), tmp_path)
    (tmp_path / "own.yaml").write_text(TESTS.replace("EXPOSED", exposed))
    for tests in ("own.yaml", "tests.yaml"):
        assert_tests_pass(tmp_path / tests)
