"""Series that two servers scraped from the same targets: nothing is counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.counting.duplicate_series import replica_labels
from slo.counting.evidence_reader import Counted
from slo.evaluation.evaluate import evaluate
from slo.model import (
    SLO,
    EventsSLI,
    Evidence,
    Objective,
    Op,
    Outcome,
    PromQL,
    Reason,
    Series,
    Spec,
    ThresholdSLI,
)
from slo.promql.query_plan import UP
from slo.promql.syntax import parse_selector
from tests.support.evidence import ALL, availability, buckets, evidence, quick, series, slo_of

QUEUE = "queue_depth"
GAUGE = slo_of(ThresholdSLI(PromQL(QUEUE)), Objective("o", 0.9, Op.LTE, 100))


def of(extra: str, samples: Mapping[str, str]) -> dict[str, str]:
    """Give samples as a server has them that adds labels to all of its series."""
    made = {}
    for name, notation in samples.items():
        metric, _, own = name.removesuffix("}").partition("{")
        made[f"{metric}{{{','.join(filter(None, (own, extra)))}}}"] = notation
    return made


COUNTER = {'http_requests_total{status="200"}': "0+9x7", 'http_requests_total{status="500"}': "0+1x7"}
SCRAPED = {"up": "1x7"} | COUNTER


def both(label: str, samples: Mapping[str, str] = SCRAPED) -> dict[str, str]:
    return of(f'{label}="a"', samples) | of(f'{label}="b"', samples)


@pytest.mark.parametrize("label", ["replica", "prometheus_replica", "__replica__", "receive_replica"])
def test_copies_decide_nothing_and_the_label_is_named(label: str) -> None:
    (verdict,) = evaluate(Spec((availability(),)), evidence(Spec((availability(),)), both(label))).objectives
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert verdict.detail is not None
    assert f"copies of series that differ in {label} alone" in verdict.detail
    assert f'{label}="…"' in verdict.detail
    assert f"--query.replica-label={label}" in verdict.detail


HISTOGRAM = {"up": "1x7"} | buckets(total="0+10x7", le_0_1="0+9x7")
KINDS: dict[str, tuple[SLO, Mapping[str, str]]] = {
    "buckets of a histogram": (quick(0.1), both("replica", HISTOGRAM)),
    "a gauge": (GAUGE, both("replica", {"up": "1x7", QUEUE: "5x7"})),
    "two labels that differ at once": (
        availability(),
        of('replica="a",__replica__="a"', SCRAPED) | of('replica="b",__replica__="b"', SCRAPED),
    ),
    "a series that only one of the two has seen so far": (
        availability(),
        both("replica", {"up": "1x7", 'http_requests_total{status="200"}': "0+9x7"})
        | of('replica="a"', {'http_requests_total{status="500"}': "0+1x7"}),
    ),
    "three servers": (availability(), both("replica") | of('replica="c"', SCRAPED)),
}


@pytest.mark.parametrize(("slo", "samples"), KINDS.values(), ids=KINDS.keys())
def test_copies_of_whatever_kind_decide_nothing(slo: SLO, samples: Mapping[str, str]) -> None:
    (verdict,) = evaluate(Spec((slo,)), evidence(Spec((slo,)), samples)).objectives
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)


ONCE: dict[str, tuple[Mapping[str, str], float]] = {
    "one server": (SCRAPED, 70),
    "one server with its label": (of('replica="a"', SCRAPED), 70),
    "parts of the service that are called so": (both("replica", COUNTER) | {"up": "1x7"}, 140),
    "servers that share the targets": (
        of('replica="a",instance="one"', SCRAPED) | of('replica="b",instance="two"', SCRAPED),
        140,
    ),
    "a target that only differs in another label": (both("zone"), 140),
}


@pytest.mark.parametrize(("samples", "events"), ONCE.values(), ids=ONCE.keys())
def test_what_is_no_copy_counts(samples: Mapping[str, str], events: float) -> None:
    spec = Spec((availability(),))
    seen = evidence(spec, samples)
    assert Counted(seen).increase(parse_selector(ALL)).events == events
    assert evaluate(spec, seen).outcome is Outcome.MET


def later(seen: Evidence, name: str, seconds: float) -> Evidence:
    """Let the replica ``b`` have scraped some seconds later."""

    def moved(one: Series) -> Series:
        times = tuple(time + seconds for time in one.times)
        return replace(one, times=times) if one.labels.get("replica") == "b" else one

    told = seen.results[name]
    return replace(seen, results={**seen.results, name: replace(told, series=tuple(map(moved, told.series)))})


@pytest.mark.parametrize("seconds", [-4.0, 0.0, 4.0])
def test_one_of_two_copies_is_judged_by_its_own_scrapes(seconds: float) -> None:
    """With those of the other, the closing sample would come too late, and a birth would lack its proof."""
    total, bad = f'{ALL}{{replica="a"}}', f'{ALL}{{replica="a",status="500"}}'
    slo = slo_of(EventsSLI(PromQL(total), bad=PromQL(bad)), Objective("o", 0.8))
    samples = both("replica", SCRAPED | {f'{ALL}{{status="503"}}': "_ _ _ 2+0x4"})
    seen = later(evidence(Spec((slo,)), samples), UP, seconds)
    counted = Counted(seen)
    assert [one.labels["replica"] for one in counted.ups] == ["a"]
    assert counted.increase(parse_selector(total)).events == 72
    assert evaluate(Spec((slo,)), seen).outcome is Outcome.MET


def test_only_what_tells_one_scrape_of_a_target_from_another_is_a_replica_label() -> None:
    ups = [series(f'up{{replica="{one}",cluster_replica="c",zone="{one}"}}', "1x7") for one in "ab"]
    assert replica_labels(ups) == ()
    assert replica_labels([replace(one, labels={**one.labels, "zone": ""}) for one in ups]) == ("replica",)
