"""Rules of a bucket, asked of a Prometheus that spells its bound in another way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slo.model import EventsSLI, PromQL, Spec
from tests.slo.rules.rules_cases import KINDS
from tests.slo.rules.test_rules import written
from tests.support.promtool import promtool

BOUNDS = {
    "as it is written": ("1", "1"),
    "as Prometheus 3 writes it": ("1", "1.0"),
    "as Go writes it": ("1.0", "1"),
    "with a zero more": ("0.250", "0.25"),
    "large": ("1000000", "1e+06"),
    "beyond all": ("+Inf", "+Inf"),
}
FOUND = """
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
@pytest.mark.parametrize(("asked", "exposed"), BOUNDS.values(), ids=BOUNDS.keys())
def test_a_bound_is_found_however_it_is_spelled(asked: str, exposed: str, tmp_path: Path) -> None:
    good = PromQL(f'd_seconds_bucket{{le="{asked}"}}')
    slo = replace(KINDS["a bucket of a histogram"], sli=EventsSLI(PromQL("d_seconds_count"), good=good))
    written(Spec((slo,)), tmp_path)
    (tmp_path / "own.yaml").write_text(FOUND.replace("EXPOSED", exposed))
    for tests in ("own.yaml", "tests.yaml"):
        code, said = promtool("test", "rules", tmp_path / tests)
        assert code == 0, said
