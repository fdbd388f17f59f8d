"""Good events come from one scrape target and all events from another, scraped at different times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from slo.model import EventsSLI, Objective, PromQL, Spec
from tests.slo.rules.rule_files import assert_tests_pass, write_rules_and_tests
from tests.slo.rules.rules_cases import FAILING

ANSWERED = replace(
    FAILING,
    sli=EventsSLI(PromQL('requests_total{job="proxy"}'), good=PromQL('answers_total{job="shop",ok="yes"}')),
    objectives=(Objective("99.9 %", 0.999),),
)
LOAD_SECONDS, STEP_SECONDS, SCRAPE_SECONDS = 7_200, 5, 15


def format_counter(event_times: list[float], first_scrape: int) -> str:
    """Format a counter of events as scrapes see it; ``first_scrape`` in seconds."""
    times = range(0, LOAD_SECONDS + 1, STEP_SECONDS)
    values = (
        sum(event <= time for event in event_times) if time % SCRAPE_SECONDS == first_scrape else "_"
        for time in times
    )
    return " ".join(map(str, values))


@pytest.mark.slow
@pytest.mark.parametrize(("bad_ratio", "low", "high"), [(0.0, 0.0, 0.001), (0.02, 0.015, 0.03)])
def test_an_event_that_only_the_earlier_scrape_has_is_not_an_error(
    bad_ratio: float, low: float, high: float, tmp_path: Path
) -> None:
    random, time, total = Random(1), 0.0, list[float]()  # noqa: S311 - traffic, not a secret
    while (time := time + random.expovariate(1)) < LOAD_SECONDS:
        total.append(time)
    good = [event for event in total if random.random() >= bad_ratio]
    ratio = f"count(slo:sli_error:ratio_rate1h >= {low} < {high})"
    paged = 'count(max_over_time(ALERTS{alertstate="firing",severity="page"}[100m]))'
    one_sample = [{"labels": "{}", "value": 1}]
    test = {
        "interval": f"{STEP_SECONDS}s",
        "input_series": [
            {"series": 'requests_total{job="proxy"}', "values": format_counter(total, 0)},
            {"series": 'answers_total{job="shop",ok="yes"}', "values": format_counter(good, 10)},
        ],
        "promql_expr_test": [
            {"expr": ratio, "eval_time": "120m", "exp_samples": one_sample},
            {"expr": paged, "eval_time": "120m", "exp_samples": one_sample if bad_ratio else []},
        ],
    }
    write_rules_and_tests(Spec((ANSWERED,)), tmp_path)
    data = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "own.yaml").write_text(json.dumps(data))
    assert_tests_pass(tmp_path / "own.yaml")
