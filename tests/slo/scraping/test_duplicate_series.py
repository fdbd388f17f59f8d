"""Series that two servers scraped from the same targets: no event is counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from slo.counting.evidence_reader import EvidenceReader
from slo.evaluation import evaluate
from slo.model import (
    SLO,
    UP_KEY,
    EventsSLI,
    Evidence,
    Objective,
    Op,
    Outcome,
    PromQL,
    QueryKey,
    Reason,
    Series,
    Spec,
    ThresholdSLI,
)
from slo.promql import parse_selector
from slo.scraping.duplicate_series import find_jobs_of_same_target, find_replica_labels
from tests.support.evidence import (
    ALL,
    FAULTY,
    OK,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_evidence,
    make_series,
    slo_of,
)

QUEUE = "queue_depth"
GAUGE = slo_of(ThresholdSLI(PromQL(QUEUE)), Objective("o", 0.9, Op.LTE, 100))


def with_label(extra: str, samples: Mapping[str, str]) -> dict[str, str]:
    """Return samples as of a server that adds labels to all of its series."""
    labelled = {}
    for name, notation in samples.items():
        metric, _, labels = name.removesuffix("}").partition("{")
        labelled[f"{metric}{{{','.join(filter(None, (labels, extra)))}}}"] = notation
    return labelled


COUNTER = {'http_requests_total{status="200"}': "0+9x7", 'http_requests_total{status="500"}': "0+1x7"}
SCRAPED = {"up": "1x7"} | COUNTER


def from_two_servers(label: str, samples: Mapping[str, str] = SCRAPED) -> dict[str, str]:
    return with_label(f'{label}="a"', samples) | with_label(f'{label}="b"', samples)


@pytest.mark.parametrize("label", ["replica", "prometheus_replica", "__replica__", "receive_replica"])
def test_duplicates_are_undecided_and_the_detail_names_the_label(label: str) -> None:
    (verdict,) = evaluate(
        Spec((availability_slo(),)), make_evidence(Spec((availability_slo(),)), from_two_servers(label))
    ).objectives
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)
    assert verdict.detail is not None
    assert f"duplicate series that differ only in {label}" in verdict.detail
    assert f'{label}="…"' in verdict.detail
    assert f"--query.replica-label={label}" in verdict.detail


HISTOGRAM = {"up": "1x7"} | bucket_samples(total="0+10x7", le_0_1="0+9x7")
KINDS: dict[str, tuple[SLO, Mapping[str, str]]] = {
    "buckets of a histogram": (latency_slo(0.1), from_two_servers("replica", HISTOGRAM)),
    "a gauge": (GAUGE, from_two_servers("replica", {"up": "1x7", QUEUE: "5x7"})),
    "servers that differ in two labels at once": (
        availability_slo(),
        with_label('replica="a",__replica__="a"', SCRAPED)
        | with_label('replica="b",__replica__="b"', SCRAPED),
    ),
    "a series that only one of the two servers has scraped so far": (
        availability_slo(),
        from_two_servers("replica", {"up": "1x7", 'http_requests_total{status="200"}': "0+9x7"})
        | with_label('replica="a"', {'http_requests_total{status="500"}': "0+1x7"}),
    ),
    "servers that differ in any external label": (availability_slo(), from_two_servers("prometheus")),
    "two jobs that scrape one address at the same times": (
        availability_slo(),
        with_label('job="a"', SCRAPED) | with_label('job="b"', SCRAPED),
    ),
    "three servers": (availability_slo(), from_two_servers("replica") | with_label('replica="c"', SCRAPED)),
}


@pytest.mark.parametrize(("slo", "samples"), KINDS.values(), ids=KINDS.keys())
def test_duplicates_of_every_kind_are_undecided(slo: SLO, samples: Mapping[str, str]) -> None:
    (verdict,) = evaluate(Spec((slo,)), make_evidence(Spec((slo,)), samples)).objectives
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, Reason.QUERY_FAILED)


NO_DUPLICATES: dict[str, tuple[Mapping[str, str], float]] = {
    "one server": (SCRAPED, 70),
    "one server with its replica label": (with_label('replica="a"', SCRAPED), 70),
    "parts of the service that are labelled replica": (
        from_two_servers("replica", COUNTER) | {"up": "1x7"},
        140,
    ),
    "servers that scrape different targets": (
        with_label('replica="a",instance="one"', SCRAPED) | with_label('replica="b",instance="two"', SCRAPED),
        140,
    ),
    "parts of the service that differ in another label": (
        from_two_servers("zone", COUNTER) | {"up": "1x7"},
        140,
    ),
    "one address whose jobs count different events": (
        with_label('job="a"', SCRAPED)
        | with_label('job="b"', {"up": "1x7", OK: "0 30 35 37 58 60 62 63", FAULTY: "0x7"}),
        133,
    ),
    "one address whose jobs count too few events to tell": (
        with_label('job="a"', {"up": "1x7", OK: "0x6 10"})
        | with_label('job="b"', {"up": "1x7", OK: "0x6 11"}),
        21,
    ),
}


@pytest.mark.parametrize(("samples", "events"), NO_DUPLICATES.values(), ids=NO_DUPLICATES.keys())
def test_series_that_are_no_duplicates_are_counted(samples: Mapping[str, str], events: float) -> None:
    spec = Spec((availability_slo(),))
    scraped = make_evidence(spec, samples)
    assert EvidenceReader(scraped).count_increase(parse_selector(ALL)).events == events
    assert evaluate(spec, scraped).outcome is Outcome.MET


TWO_JOBS: dict[str, tuple[str, str, bool]] = {
    "samples of one counter": ("0 5 9 17 25 26 40 50", "2 7 12 20 25 33 44 55", True),
    "samples of one counter that was reset": ("5 9 17 2 10 26 40 50", "7 12 20 5 15 33 44 55", True),
    "samples of two counters": ("0 5 9 17 25 26 40 50", "2 7 12 14 25 33 44 55", False),
    "counters that do not rise": ("5x7", "5x7", False),
}


@pytest.mark.parametrize(("first", "second", "is_same"), TWO_JOBS.values(), ids=TWO_JOBS)
def test_two_jobs_that_scrape_one_address_at_different_times(first: str, second: str, is_same: bool) -> None:
    series = make_series(f'{OK[:-1]},job="a"}}', first)
    later = make_series(f'{OK[:-1]},job="b"}}', second)
    later = replace(later, times=tuple(time + 4 for time in later.times))
    found = find_jobs_of_same_target((series, later), {("a", "api:80"), ("b", "api:80")})
    assert found == (("a", "b", "api:80") if is_same else None)


def shift_replica_b(original: Evidence, key: QueryKey, seconds: float) -> Evidence:
    """Return evidence in which the replica ``b`` scraped some seconds later."""

    def shift(item: Series) -> Series:
        times = tuple(time + seconds for time in item.times)
        return replace(item, times=times) if item.labels.get("replica") == "b" else item

    result = original.results[key]
    shifted = replace(result, series=tuple(map(shift, result.series)))
    return replace(original, results={**original.results, key: shifted})


@pytest.mark.parametrize("seconds", [-4.0, 0.0, 4.0])
def test_one_of_two_replicas_is_evaluated_by_its_own_scrapes(seconds: float) -> None:
    """By the other replica's scrapes, the closing sample would be too late and a new series unproved."""
    total, bad = f'{ALL}{{replica="a"}}', f'{ALL}{{replica="a",status="500"}}'
    slo = slo_of(EventsSLI(PromQL(total), bad=PromQL(bad)), Objective("o", 0.8))
    samples = from_two_servers("replica", SCRAPED | {f'{ALL}{{status="503"}}': "_ _ _ 2+0x4"})
    shifted = shift_replica_b(make_evidence(Spec((slo,)), samples), UP_KEY, seconds)
    reader = EvidenceReader(shifted)
    assert [up.labels["replica"] for up in reader.up_series] == ["a"]
    assert reader.count_increase(parse_selector(total)).events == 72
    assert evaluate(Spec((slo,)), shifted).outcome is Outcome.MET


def test_replica_labels_are_those_in_which_up_series_of_one_target_differ() -> None:
    ups = [make_series(f'up{{replica="{name}",cluster_replica="c",zone="{name}"}}', "1x7") for name in "ab"]
    assert find_replica_labels(ups) == ("replica", "zone")
    assert find_replica_labels([replace(up, labels={**up.labels, "zone": ""}) for up in ups]) == ("replica",)
    other = [replace(up, labels={**up.labels, "instance": up.labels["zone"]}) for up in ups]
    assert find_replica_labels(other) == (), "different targets"


@pytest.mark.parametrize("label", ["prometheus_replica", "__replica__"])
@pytest.mark.parametrize("is_on_both", [True, False], ids=["on both", "on one"])
def test_servers_are_told_by_conventional_labels_if_there_is_no_up(label: str, is_on_both: bool) -> None:
    spec = Spec((availability_slo(),))
    first = with_label(f'{label}="a"', COUNTER) if is_on_both else COUNTER
    evidence = make_evidence(spec, first | with_label(f'{label}="b"', COUNTER))
    without_up = replace(evidence, results={k: r for k, r in evidence.results.items() if k != UP_KEY})
    (verdict,) = evaluate(spec, without_up).objectives
    assert verdict.reason is Reason.QUERY_FAILED
    assert label in verdict.detail


def test_conventional_labels_distinguish_nothing_that_up_does_not_have() -> None:
    spec = Spec((availability_slo(),))
    samples = {"up": "1x7"} | from_two_servers("prometheus_replica", COUNTER)
    (verdict,) = evaluate(spec, make_evidence(spec, samples)).objectives
    assert verdict.outcome is Outcome.MET
    assert verdict.total == 140
