"""Counts and verdicts from a real Prometheus that scrapes pages set by the test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from proofload.stack import NoScrapeError, await_scrape
from proofload.stack.scrape_wait import build_up_query
from slo.evaluation import evaluate
from slo.model import (
    SLO,
    CheckStatus,
    EventsSLI,
    Objective,
    Op,
    Outcome,
    PromQL,
    RawRatioSLI,
    Reason,
    Spec,
    Verdict,
    Window,
    make_value_key,
)
from slo.prometheus.client import QueryError
from slo.prometheus.evidence_gathering import gather_evidence
from slo.promql import convert_to_events
from tests.support.prometheus_server import ScrapedPrometheus, run_prometheus
from tests.support.specs import CHECKOUT_SLO, WAIT_SLO

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScrapedPrometheus]:
    """One server for all scenarios: series of an earlier one must not be counted in a later one."""
    with run_prometheus(tmp_path_factory.mktemp("prometheus")) as server:
        yield server


UNPAID = RawRatioSLI(
    PromQL("1 - sum by (kind) (rate(paid_total[$window])) / sum by (kind) (rate(orders_total[$window]))"),
    success=False,
)
UNPAID_RATIO = replace(CHECKOUT_SLO, sli=convert_to_events(UNPAID))
PEAK = PromQL("sum(count_over_time(orders_total[{{.window}}])) > bool 0")
WAIT_AT_MOST = replace(WAIT_SLO, objectives=(Objective("lte 100", 0.95, Op.LTE, 100.0),))


def shop(orders: int, paid: int, kind: str = "web") -> str:
    return f'orders_total{{kind="{kind}"}} {orders}\npaid_total{{kind="{kind}"}} {paid}\n'


def waits(fast: int, everything: int) -> str:
    return f'wait_seconds_bucket{{le="100"}} {fast}\nwait_seconds_bucket{{le="+Inf"}} {everything}\n'


def load_buckets(bound: str, fast: int, everything: int, kind: str = "web") -> str:
    return (
        f'load_seconds_bucket{{kind="{kind}",le="{bound}"}} {fast}\n'
        f'load_seconds_bucket{{kind="{kind}",le="+Inf"}} {everything}\n'
        f'load_seconds_count{{kind="{kind}"}} {everything}\n'
    )


WITHIN_1_S = EventsSLI(PromQL("load_seconds_count"), PromQL('load_seconds_bucket{le="1"}'))


def created(time: int) -> str:
    return f'orders_created{{kind="web"}} {time}\npaid_created{{kind="web"}} {time}\n'


@dataclass(frozen=True)
class Scenario:
    """Pages at the scrape before the window and inside it (``None``: it fails), and the expected verdict."""

    pages: tuple[str | None, ...]
    outcome: Outcome
    good: float | None = None
    total: float | None = None
    reason: Reason | None = None
    slo: SLO = CHECKOUT_SLO


SCENARIOS = {
    "a counter grows": Scenario((shop(1000, 900), shop(1200, 1100)), Outcome.MET, 200, 200),
    "three of two hundred fail": Scenario((shop(0, 0), shop(200, 197)), Outcome.MISSED, 197, 200),
    "a new series in the window": Scenario(
        (shop(1000, 900), shop(1000, 900) + shop(150, 149, "app")), Outcome.MET, 149, 150
    ),
    "only new series in the window": Scenario(("", shop(150, 150), shop(160, 160)), Outcome.MET, 160, 160),
    "a ratio of two counters with a new series in the window": Scenario(
        (shop(1000, 900), shop(1100, 1000) + shop(50, 49, "app")), Outcome.MET, 149, 150, slo=UNPAID_RATIO
    ),
    "a ratio of two counters that misses its target": Scenario(
        (shop(0, 0), shop(200, 197)), Outcome.MISSED, 197, 200, slo=UNPAID_RATIO
    ),
    "a counter is reset": Scenario(
        (shop(1000, 900), shop(1100, 1000), shop(50, 50), shop(60, 60)), Outcome.MET, 160, 160
    ),
    "a series that disappears and returns with a higher value": Scenario(
        (shop(100, 100), "", shop(150, 150)), Outcome.MET, 150, 150
    ),
    "a restart that only _created shows": Scenario(
        (shop(100, 100) + created(1_000), shop(150, 150) + created(2_000)), Outcome.MET, 150, 150
    ),
    "a series that disappears": Scenario((shop(0, 0), shop(150, 150), ""), Outcome.MET, 150, 150),
    "no events in the window": Scenario(
        (shop(1000, 900), shop(1000, 900)), Outcome.UNDECIDED, reason=Reason.NO_DATA
    ),
    "no series": Scenario(("", "up_to 1\n"), Outcome.UNDECIDED, reason=Reason.NO_DATA),
    "too few events": Scenario((shop(0, 0), shop(9, 9)), Outcome.UNDECIDED, 9, 9, Reason.TOO_FEW_EVENTS),
    "a failed scrape at the end": Scenario(
        (shop(0, 0), shop(150, 150), None), Outcome.UNDECIDED, reason=Reason.TARGET_DOWN
    ),
    "new buckets of a histogram in the window": Scenario(
        ("", waits(99, 100)), Outcome.MET, 99, 100, slo=WAIT_AT_MOST
    ),
    "a bound in two notations": Scenario(
        (
            load_buckets("1", 0, 0) + load_buckets("1.0", 0, 0, "app"),
            load_buckets("1", 150, 150) + load_buckets("1.0", 149, 150, "app"),
        ),
        Outcome.MET,
        299,
        300,
        slo=replace(CHECKOUT_SLO, sli=WITHIN_1_S),
    ),
    "a bound whose notation changes with an upgrade": Scenario(
        (load_buckets("1", 100, 100), load_buckets("1", 150, 150), load_buckets("1.0", 300, 300)),
        Outcome.MET,
        200,
        200,
        slo=replace(CHECKOUT_SLO, sli=WITHIN_1_S),
    ),
    "a bound that some series lack": Scenario(
        (
            load_buckets("1", 0, 0) + load_buckets("2", 0, 0, "app"),
            load_buckets("1", 150, 150) + load_buckets("2", 150, 150, "app"),
        ),
        Outcome.UNDECIDED,
        reason=Reason.THRESHOLD_INSIDE_BUCKET,
        slo=replace(CHECKOUT_SLO, sli=WITHIN_1_S),
    ),
    "the buckets of a histogram are reset": Scenario(
        (waits(500, 500), waits(80, 100)), Outcome.MISSED, 80, 100, slo=WAIT_AT_MOST
    ),
}


def evaluate_scenario(prometheus: ScrapedPrometheus, scenario: Scenario) -> Verdict:
    """Publish the pages in turn, for at least one scrape each, and evaluate the window from first to last."""
    spec = Spec((scenario.slo,))
    start = prometheus.publish(scenario.pages[0], spec)
    for page in scenario.pages[1:]:
        prometheus.publish(page, spec)
    end = time.time()
    await_scrape(prometheus.client, spec, after=end, timeout_seconds=30)
    window = Window(start, end)
    return evaluate(
        spec,
        gather_evidence(prometheus.client, spec, window, now=time.time(), margin_seconds=time.time() - end),
    )


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_scraped_events_are_counted_exactly(scenario: Scenario, prometheus: ScrapedPrometheus) -> None:
    (objective,) = evaluate_scenario(prometheus, scenario).objectives
    assert (objective.outcome, objective.reason) == (scenario.outcome, scenario.reason), objective.detail
    if scenario.total is not None:
        assert (objective.good, objective.total) == (scenario.good, scenario.total)


def test_server_evaluated_query_covers_the_window(prometheus: ScrapedPrometheus) -> None:
    """The evidence contains the query that was sent, under the text in the spec."""
    spec = Spec((replace(CHECKOUT_SLO, sli=RawRatioSLI(PEAK)),))
    start = prometheus.publish(shop(0, 0), spec)
    window = Window(start - 2.5, start)
    result = gather_evidence(prometheus.client, spec, window, now=time.time(), margin_seconds=0).results[
        make_value_key(PEAK.query)
    ]
    assert result.query == PEAK.query.replace("{{.window}}", "3s")
    assert (result.error, [series.values for series in result.series]) == (None, [(1.0,)])


def test_every_check_passes_in_a_healthy_window(prometheus: ScrapedPrometheus) -> None:
    process_start = f"process_start_time_seconds {time.time():.0f}\n"
    checks = evaluate_scenario(
        prometheus, Scenario((shop(0, 0) + process_start, shop(150, 150) + process_start), Outcome.MET)
    ).checks
    assert {check.name: check.status for check in checks} == dict.fromkeys(
        ("prometheus", "clock", "processes", "restarts", "up", "scrapes"), CheckStatus.PASS
    )
    scrapes = next(check for check in checks if check.name == "scrapes")
    assert scrapes.numbers["scrape_interval_seconds"] == pytest.approx(1, abs=0.2)
    assert prometheus.client.fetch_version() in checks[0].detail


def test_window_before_the_first_scrape_is_undecided(prometheus: ScrapedPrometheus) -> None:
    spec = Spec((CHECKOUT_SLO,))
    scraped_at = prometheus.publish(shop(1000, 1000), spec)
    window = Window(scraped_at - 600, scraped_at - 300)
    evidence = gather_evidence(prometheus.client, spec, window, now=time.time(), margin_seconds=0)
    verdict = evaluate(spec, evidence)
    assert verdict.outcome is Outcome.UNDECIDED
    assert {objective.reason for objective in verdict.objectives} == {Reason.NO_DATA}


def test_error_has_the_message_of_prometheus(prometheus: ScrapedPrometheus) -> None:
    with pytest.raises(QueryError, match=r"responded with 400: .*parse error"):
        prometheus.client.query_instant("sum(", time.time())


def test_error_names_a_job_that_is_not_scraped(prometheus: ScrapedPrometheus) -> None:
    unscraped = EventsSLI(PromQL('orders_total{job="nobody"}'), PromQL('paid_total{job="nobody"}'))
    spec = Spec((replace(CHECKOUT_SLO, sli=unscraped),))
    with pytest.raises(NoScrapeError, match=r"up\{job=~.nobody.\}\) has no series"):
        await_scrape(prometheus.client, spec, after=0, timeout_seconds=0)
    assert build_up_query(spec) == 'up{job=~"nobody"}'
