"""Good events of one target, all events of another: each is scraped at times of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from slo.model import EventsSLI, Objective, PromQL, Spec
from tests.slo.rules.rules_cases import FAILING
from tests.slo.rules.test_rules import written
from tests.support.promtool import promtool

ANSWERED = replace(
    FAILING,
    sli=EventsSLI(PromQL('requests_total{job="proxy"}'), good=PromQL('answers_total{job="shop",ok="yes"}')),
    objectives=(Objective("99.9 %", 0.999),),
)
SECONDS, STEP, EVERY = 7_200, 5, 15


def scraped(events: list[float], offset: int) -> str:
    """Write a counter of events as scrapes see it that begin after so many seconds."""
    times = range(0, SECONDS + 1, STEP)
    seen = (sum(at <= now for at in events) if now % EVERY == offset else "_" for now in times)
    return " ".join(map(str, seen))


@pytest.mark.slow
@pytest.mark.parametrize(("bad", "low", "high"), [(0.0, 0.0, 0.001), (0.02, 0.015, 0.03)])
def test_what_one_scrape_has_before_the_other_is_no_error(
    bad: float, low: float, high: float, tmp_path: Path
) -> None:
    random, now, events = Random(1), 0.0, list[float]()  # noqa: S311 - traffic, no secret
    while (now := now + random.expovariate(1)) < SECONDS:
        events.append(now)
    good = [event for event in events if random.random() >= bad]
    ratio = f"count(slo:sli_error:ratio_rate1h >= {low} < {high})"
    paged = 'count(max_over_time(ALERTS{alertstate="firing",severity="page"}[100m]))'
    one = [{"labels": "{}", "value": 1}]
    test = {
        "interval": f"{STEP}s",
        "input_series": [
            {"series": 'requests_total{job="proxy"}', "values": scraped(events, 0)},
            {"series": 'answers_total{job="shop",ok="yes"}', "values": scraped(good, 10)},
        ],
        "promql_expr_test": [
            {"expr": ratio, "eval_time": "120m", "exp_samples": one},
            {"expr": paged, "eval_time": "120m", "exp_samples": one if bad else []},
        ],
    }
    written(Spec((ANSWERED,)), tmp_path)
    told = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "own.yaml").write_text(json.dumps(told))
    code, said = promtool("test", "rules", tmp_path / "own.yaml")
    assert code == 0, said
