from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from proofload.stack.scrape_wait import NoScrapeError, await_scrape, up_query
from slo.evaluation.evaluate import evaluate
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
)
from slo.prometheus.client import QueryError
from slo.prometheus.evidence_gathering import gather
from slo.promql.ratio_events import counted
from tests.support.prometheus_server import Scraped, scraped
from tests.support.specs import CHECKOUT, WAIT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    """One for all stories: what an earlier one left behind must not be counted by a later one."""
    with scraped(tmp_path_factory.mktemp("prometheus")) as server:
        yield server


UNPAID = RawRatioSLI(
    PromQL("1 - sum by (kind) (rate(paid_total[$window])) / sum by (kind) (rate(orders_total[$window]))"),
    success=False,
)
UNPAID_RATIO = replace(CHECKOUT, sli=counted(UNPAID))
PEAK = PromQL("sum(count_over_time(orders_total[{{.window}}])) > bool 0")
WAIT_AT_MOST = replace(WAIT, objectives=(Objective("lte 100", 0.95, Op.LTE, 100.0),))


def shop(orders: int, paid: int, kind: str = "web") -> str:
    return f'orders_total{{kind="{kind}"}} {orders}\npaid_total{{kind="{kind}"}} {paid}\n'


def waits(fast: int, everything: int) -> str:
    return f'wait_seconds_bucket{{le="100"}} {fast}\nwait_seconds_bucket{{le="+Inf"}} {everything}\n'


def spelt(bound: str, fast: int, everything: int, kind: str = "web") -> str:
    return (
        f'load_seconds_bucket{{kind="{kind}",le="{bound}"}} {fast}\n'
        f'load_seconds_bucket{{kind="{kind}",le="+Inf"}} {everything}\n'
        f'load_seconds_count{{kind="{kind}"}} {everything}\n'
    )


WITHIN_1_S = EventsSLI(PromQL("load_seconds_count"), PromQL('load_seconds_bucket{le="1"}'))


def created(time: int) -> str:
    return f'orders_created{{kind="web"}} {time}\npaid_created{{kind="web"}} {time}\n'


@dataclass(frozen=True)
class Story:
    """What the page shows at the scrape before the window and at those inside it; ``None``: it fails."""

    pages: tuple[str | None, ...]
    outcome: Outcome
    good: float | None = None
    total: float | None = None
    reason: Reason | None = None
    slo: SLO = CHECKOUT


STORIES = {
    "a counter grows": Story((shop(1000, 900), shop(1200, 1100)), Outcome.MET, 200, 200),
    "three of two hundred fail": Story((shop(0, 0), shop(200, 197)), Outcome.MISSED, 197, 200),
    "a series is born mid-way": Story(
        (shop(1000, 900), shop(1000, 900) + shop(150, 149, "app")), Outcome.MET, 149, 150
    ),
    "all series are born mid-way": Story(("", shop(150, 150), shop(160, 160)), Outcome.MET, 160, 160),
    "a ratio of two counters, one of them born mid-way": Story(
        (shop(1000, 900), shop(1100, 1000) + shop(50, 49, "app")), Outcome.MET, 149, 150, slo=UNPAID_RATIO
    ),
    "a ratio of two counters is missed by three": Story(
        (shop(0, 0), shop(200, 197)), Outcome.MISSED, 197, 200, slo=UNPAID_RATIO
    ),
    "a counter is reset": Story(
        (shop(1000, 900), shop(1100, 1000), shop(50, 50), shop(60, 60)), Outcome.MET, 160, 160
    ),
    "a series dies and is born again higher": Story(
        (shop(100, 100), "", shop(150, 150)), Outcome.MET, 150, 150
    ),
    "a restart that only _created tells of": Story(
        (shop(100, 100) + created(1_000), shop(150, 150) + created(2_000)), Outcome.MET, 150, 150
    ),
    "a series dies": Story((shop(0, 0), shop(150, 150), ""), Outcome.MET, 150, 150),
    "nothing happens in the window": Story(
        (shop(1000, 900), shop(1000, 900)), Outcome.UNDECIDED, reason=Reason.NO_DATA
    ),
    "there are no such series": Story(("", "up_to 1\n"), Outcome.UNDECIDED, reason=Reason.NO_DATA),
    "too little happens": Story((shop(0, 0), shop(9, 9)), Outcome.UNDECIDED, 9, 9, Reason.TOO_FEW_EVENTS),
    "the page fails at the end": Story(
        (shop(0, 0), shop(150, 150), None), Outcome.UNDECIDED, reason=Reason.TARGET_DOWN
    ),
    "the buckets of a histogram are born mid-way": Story(
        ("", waits(99, 100)), Outcome.MET, 99, 100, slo=WAIT_AT_MOST
    ),
    "a bound is spelt in two ways": Story(
        (spelt("1", 0, 0) + spelt("1.0", 0, 0, "app"), spelt("1", 150, 150) + spelt("1.0", 149, 150, "app")),
        Outcome.MET,
        299,
        300,
        slo=replace(CHECKOUT, sli=WITHIN_1_S),
    ),
    "an upgrade spells a bound anew": Story(
        (spelt("1", 100, 100), spelt("1", 150, 150), spelt("1.0", 300, 300)),
        Outcome.MET,
        200,
        200,
        slo=replace(CHECKOUT, sli=WITHIN_1_S),
    ),
    "a bound is not there in part": Story(
        (spelt("1", 0, 0) + spelt("2", 0, 0, "app"), spelt("1", 150, 150) + spelt("2", 150, 150, "app")),
        Outcome.UNDECIDED,
        reason=Reason.THRESHOLD_INSIDE_BUCKET,
        slo=replace(CHECKOUT, sli=WITHIN_1_S),
    ),
    "the buckets of a histogram are reset": Story(
        (waits(500, 500), waits(80, 100)), Outcome.MISSED, 80, 100, slo=WAIT_AT_MOST
    ),
}


def told(prometheus: Scraped, story: Story) -> Verdict:
    """Show the pages in turn, one scrape or more each, and judge the window from the first to the last."""
    spec = Spec((story.slo,))
    start = prometheus.show(story.pages[0], spec)
    for page in story.pages[1:]:
        prometheus.show(page, spec)
    end = time.time()
    await_scrape(prometheus.api, spec, after=end, deadline_seconds=30)
    window = Window(start, end)
    return evaluate(spec, gather(prometheus.api, spec, window, now=time.time(), margin=time.time() - end))


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_what_prometheus_scraped_is_counted_exactly(story: Story, prometheus: Scraped) -> None:
    (objective,) = told(prometheus, story).objectives
    assert (objective.outcome, objective.reason) == (story.outcome, story.reason), objective.detail
    if story.total is not None:
        assert (objective.good, objective.total) == (story.good, story.total)


def test_what_prometheus_computes_looks_over_the_window(prometheus: Scraped) -> None:
    """The evidence keeps the query that was sent, under the text of the spec."""
    spec = Spec((replace(CHECKOUT, sli=RawRatioSLI(PEAK)),))
    start = prometheus.show(shop(0, 0), spec)
    window = Window(start - 2.5, start)
    result = gather(prometheus.api, spec, window, now=time.time(), margin=0).results[PEAK.query]
    assert result.query == PEAK.query.replace("{{.window}}", "3s")
    assert (result.error, [one.values for one in result.series]) == (None, [(1.0,)])


def test_a_healthy_window_passes_every_check(prometheus: Scraped) -> None:
    began = f"process_start_time_seconds {time.time():.0f}\n"
    checks = told(prometheus, Story((shop(0, 0) + began, shop(150, 150) + began), Outcome.MET)).checks
    assert {check.name: check.status for check in checks} == dict.fromkeys(
        ("prometheus", "clock", "restarts", "up", "scrapes"), CheckStatus.PASS
    )
    scrapes = next(check for check in checks if check.name == "scrapes")
    assert scrapes.numbers["scrape_interval_seconds"] == pytest.approx(1, abs=0.2)
    assert prometheus.api.version() in checks[0].detail


def test_a_window_that_prometheus_did_not_see_is_undecided(prometheus: Scraped) -> None:
    spec = Spec((CHECKOUT,))
    seen = prometheus.show(shop(1000, 1000), spec)
    window = Window(seen - 600, seen - 300)
    evidence = gather(prometheus.api, spec, window, now=time.time(), margin=0)
    verdict = evaluate(spec, evidence)
    assert verdict.outcome is Outcome.UNDECIDED
    assert {one.reason for one in verdict.objectives} == {Reason.NO_DATA}


def test_prometheus_says_what_it_can_not_parse(prometheus: Scraped) -> None:
    with pytest.raises(QueryError, match=r"answered 400: .*parse error"):
        prometheus.api.value("sum(", time.time())


def test_a_job_that_is_not_scraped_is_named(prometheus: Scraped) -> None:
    nobodys = EventsSLI(PromQL('orders_total{job="nobody"}'), PromQL('paid_total{job="nobody"}'))
    spec = Spec((replace(CHECKOUT, sli=nobodys),))
    with pytest.raises(NoScrapeError, match=r"up\{job=~.nobody.\}\) has no series"):
        await_scrape(prometheus.api, spec, after=0, deadline_seconds=0)
    assert up_query(spec) == 'up{job=~"nobody"}'
