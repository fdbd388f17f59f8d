"""Metrics that are there, of which nothing can be counted: somebody has to be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.model import Spec
from tests.slo.rules.rules_cases import KINDS
from tests.slo.rules.test_rules import written
from tests.support.promtool import promtool

SCRAPED = {
    "slices of a minute, a scrape every quarter of it": ("slices of events", "15s", "100+5x400", False),
    "slices of a minute without traffic": ("slices of events", "15s", "100x400", False),
    "slices of a minute, a scrape in each": ("slices of events", "61s", "100+5x100", True),
    "counts of five minutes, a scrape every two": ("bad of total", "2m", "100+5x60", False),
    "counts of five minutes without traffic": ("bad of total", "15s", "100x400", False),
    "counts of five minutes, a scrape in each": ("bad of total", "301s", "100+5x30", True),
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
@pytest.mark.parametrize(("kind", "interval", "values", "told"), SCRAPED.values(), ids=SCRAPED.keys())
def test_what_can_not_be_counted_is_told(
    kind: str, interval: str, values: str, told: bool, tmp_path: Path
) -> None:
    written(Spec((KINDS[kind],)), tmp_path)
    firing = '{labels: "{}", value: 1}' if told else ""
    text = TESTS.replace("INTERVAL", interval).replace("VALUES", values).replace("FIRING", firing)
    (tmp_path / "own.yaml").write_text(text)
    code, said = promtool("test", "rules", tmp_path / "own.yaml")
    assert code == 0, said
