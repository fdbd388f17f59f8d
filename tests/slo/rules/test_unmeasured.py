"""Metrics that exist but can't be counted: the absent alert must fire."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.model import Spec
from tests.slo.rules.rule_files import assert_tests_pass, write_rules_and_tests
from tests.slo.rules.rules_cases import KINDS

SCRAPED = {
    "slices of 1 min, four scrapes in each": ("slices of events", "15s", "100+5x400", False),
    "slices of 1 min, no traffic": ("slices of events", "15s", "100x400", False),
    "slices of 1 min, one scrape in each": ("slices of events", "61s", "100+5x100", True),
    "counts of 5 min, a scrape every 2 min": ("bad of total", "2m", "100+5x60", False),
    "counts of 5 min, no traffic": ("bad of total", "15s", "100x400", False),
    "counts of 5 min, one scrape in each": ("bad of total", "301s", "100+5x30", True),
}
TESTS = """
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: INTERVAL
    input_series:
      - {series: 'requests_total{job="shop",code="500"}', values: "VALUES"}
    promql_expr_test:
      - expr: count(ALERTS{alertname="SLOMetricAbsent",alertstate="firing"})
        eval_time: 60m
        exp_samples: [FIRING]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "interval", "values", "is_absent"), SCRAPED.values(), ids=SCRAPED.keys())
def test_metrics_that_can_not_be_counted_are_reported_absent(
    kind: str, interval: str, values: str, is_absent: bool, tmp_path: Path
) -> None:
    write_rules_and_tests(Spec((KINDS[kind],)), tmp_path)
    firing = '{labels: "{}", value: 1}' if is_absent else ""
    text = TESTS.replace("INTERVAL", interval).replace("VALUES", values).replace("FIRING", firing)
    (tmp_path / "own.yaml").write_text(text)
    assert_tests_pass(tmp_path / "own.yaml")
