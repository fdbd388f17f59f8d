"""Good or bad events from other scrape targets than all events, with traffic at the window's edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from slo.evaluation.spec_evaluation import evaluate
from slo.model import SLO, EventsSLI, Evidence, Objective, Outcome, PromQL, Reason, RunRecord, Series
from tests.support.evidence import availability_slo, make_evidence, run_record, slo_of, spec_of

TOTAL = 'http_requests_total{instance="proxy:80"}'
GOOD, BAD = 'good_total{instance="api:80"}', 'bad_total{instance="api:80"}'
MET, MISSED = Outcome.MET, Outcome.MISSED


def make_slo(target: float, *, good: str | None = None, bad: str | None = None) -> SLO:
    sli = EventsSLI(PromQL(TOTAL), good=PromQL(good) if good else None, bad=PromQL(bad) if bad else None)
    return slo_of(sli, Objective("o", target))


@dataclass(frozen=True)
class Case:
    """Samples of a proxy and a service, with a window from 100 s to 160 s.

    The proxy is scraped at 95 s and every 10 s, the service ``delay_seconds`` later.
    """

    slo: SLO
    samples: Mapping[str, str]
    expected: Outcome | Reason
    delay_seconds: float = 5.0
    run: RunRecord | None = None


CASES = {
    "all events are good, but the proxy's scrapes reach further: 60 of 70 would be MISSED": Case(
        make_slo(0.9, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+10x7"}, Reason.SCRAPE_GAP
    ),
    "so few events are good that those at the edges cannot change the verdict": Case(
        make_slo(0.9, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+5x7"}, MISSED
    ),
    "so many events are good that those at the edges cannot change the verdict": Case(
        make_slo(0.5, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+10x7"}, MET
    ),
    "the service's scrapes reach further: good events can be from outside of the window": Case(
        make_slo(0.9, good=GOOD),
        {TOTAL: "0+10x7", GOOD: "0 16 25+9x5"},
        Reason.SCRAPE_GAP,
        delay_seconds=-1.0,
    ),
    "no event is bad, also at the edges": Case(make_slo(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0x7"}, MET),
    "a tenth is bad, and more without the events at the edges": Case(
        make_slo(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0 1 2 3 4 5 6 6"}, Reason.SCRAPE_GAP
    ),
    "all bad events are at the edges: they can be from outside of the window": Case(
        make_slo(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0 9 9x5"}, Reason.SCRAPE_GAP
    ),
    "a run, without traffic at the edges": Case(
        make_slo(0.9, good=GOOD),
        {TOTAL: "0 10 20 30 40 50 60x1", GOOD: "0 10 20 30 40 50 60x1"},
        MET,
        run=run_record(60),
    ),
    "one scrape target counts both, with traffic at the edges": Case(
        availability_slo(0.9), {'http_requests_total{status="200"}': "0+10x7"}, MET, delay_seconds=0.0
    ),
}


def delay_service_scrapes(scraped: Evidence, seconds: float) -> Evidence:
    """Return the evidence with the service's scrapes delayed."""

    def delay(series: Series) -> Series:
        delay_seconds = seconds if series.labels["instance"] == "api:80" else 0.0
        return replace(series, times=tuple(time + delay_seconds for time in series.times))

    results = {
        key: replace(result, series=tuple(map(delay, result.series)))
        for key, result in scraped.results.items()
    }
    return replace(scraped, results=results)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_events_at_the_edges_cannot_decide(case: Case) -> None:
    spec = spec_of(case.slo)
    delayed = delay_service_scrapes(make_evidence(spec, case.samples), case.delay_seconds)
    (verdict,) = evaluate(spec, delayed, case.run).objectives
    result = verdict.reason or verdict.outcome
    assert result == case.expected, verdict.detail
    if case.expected is Reason.SCRAPE_GAP:
        assert "different scrape targets" in verdict.detail
