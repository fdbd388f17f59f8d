"""Good or bad events that other targets count than all events, with traffic at the window's ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from slo.evaluation.evaluate import evaluate
from slo.model import SLO, EventsSLI, Evidence, Objective, Outcome, PromQL, Reason, RunRecord, Series
from tests.support.evidence import availability, evidence, sent, slo_of, spec_of

TOTAL = 'http_requests_total{instance="proxy:80"}'
GOOD, BAD = 'good_total{instance="api:80"}', 'bad_total{instance="api:80"}'
MET, MISSED = Outcome.MET, Outcome.MISSED


def of(target: float, *, good: str | None = None, bad: str | None = None) -> SLO:
    sli = EventsSLI(PromQL(TOTAL), good=PromQL(good) if good else None, bad=PromQL(bad) if bad else None)
    return slo_of(sli, Objective("o", target))


@dataclass(frozen=True)
class Case:
    """What a proxy and a service counted from 100 s to 160 s.

    The proxy is scraped at 95 s and every 10 s, the service ``later`` by seconds.
    """

    slo: SLO
    samples: Mapping[str, str]
    expected: Outcome | Reason
    later: float = 5.0
    run: RunRecord | None = None


CASES = {
    "all are good, but the proxy's scrapes reach further over the window: 60 of 70 were MISSED": Case(
        of(0.9, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+10x7"}, Reason.SCRAPE_GAP
    ),
    "so many are not good that the ends can't make up for it": Case(
        of(0.9, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+5x7"}, MISSED
    ),
    "as many are good as need be, whatever the ends hold": Case(
        of(0.5, good=GOOD), {TOTAL: "0+10x7", GOOD: "0+10x7"}, MET
    ),
    "the service's scrapes reach further, and may have seen good events that are not the window's": Case(
        of(0.9, good=GOOD), {TOTAL: "0+10x7", GOOD: "0 16 25+9x5"}, Reason.SCRAPE_GAP, later=-1.0
    ),
    "none is bad, wherever the ends lie": Case(of(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0x7"}, MET),
    "a tenth is bad, of fewer events if those at the ends are not the window's": Case(
        of(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0 1 2 3 4 5 6 6"}, Reason.SCRAPE_GAP
    ),
    "bad events that all came at the ends may not be the window's": Case(
        of(0.9, bad=BAD), {TOTAL: "0+10x7", BAD: "0 9 9x5"}, Reason.SCRAPE_GAP
    ),
    "no traffic at the ends, as in a run": Case(
        of(0.9, good=GOOD), {TOTAL: "0 10 20 30 40 50 60x1", GOOD: "0 10 20 30 40 50 60x1"}, MET, run=sent(60)
    ),
    "one target counts both, with as much at the ends": Case(
        availability(0.9), {'http_requests_total{status="200"}': "0+10x7"}, MET, later=0.0
    ),
}


def shifted(seen: Evidence, seconds: float) -> Evidence:
    """Scrape the service so many seconds later than the proxy."""

    def moved(one: Series) -> Series:
        late = seconds if one.labels["instance"] == "api:80" else 0.0
        return replace(one, times=tuple(time + late for time in one.times))

    results = {key: replace(one, series=tuple(map(moved, one.series))) for key, one in seen.results.items()}
    return replace(seen, results=results)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_may_lie_on_either_side_of_the_ends_decides_nothing(case: Case) -> None:
    spec = spec_of(case.slo)
    seen = shifted(evidence(spec, case.samples), case.later)
    (verdict,) = evaluate(spec, seen, case.run).objectives
    told = verdict.reason or verdict.outcome
    assert told == case.expected, verdict.detail
    if case.expected is Reason.SCRAPE_GAP:
        assert "by different targets" in verdict.detail
