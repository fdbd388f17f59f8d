"""Lint of a spec against a client that evaluates queries on samples in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from slo.lint.live_lint import find_traffic_problems, lint_spec
from slo.model import (
    SLO,
    EventsSLI,
    Objective,
    Op,
    Policy,
    PromQL,
    QueryResult,
    RawRatioSLI,
    Spec,
    ThresholdSLI,
)
from slo.prometheus import ConnectionSettings, PrometheusClient, QueryError
from slo.prometheus.client import PrometheusUnreachableError
from slo.promql import parse_expression
from tests.support.evidence import (
    ALL,
    ERRORS,
    FAULTY,
    LATENCY,
    OK,
    availability_slo,
    bucket_samples,
    latency_slo,
    make_series,
    matches_selector,
    slo_of,
)

NOW = 165.0


class InMemoryPrometheus(PrometheusClient):
    """A client that finds series in memory.

    ``results`` maps a query to an error, or to whether it has a result; ``types`` a metric to its types.
    """

    def __init__(
        self,
        samples: Mapping[str, str],
        results: Mapping[str, bool | Exception],
        types: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(ConnectionSettings("http://prometheus:9090"))
        self.stored = [make_series(name, notation) for name, notation in samples.items()]
        self.results, self.types = results, types or {}
        self.queries: list[tuple[str, float]] = []

    def query_instant(self, query: str, time: float) -> QueryResult:
        self.queries.append((query, time))
        result = self.results.get(query)
        if isinstance(result, Exception):
            raise result
        selector = parse_expression(query).selector
        if selector is None:
            found = self.stored[:1] if result else []
        else:
            found = [series for series in self.stored if matches_selector(selector, series.labels)]
        return QueryResult(query, time, tuple(found), exact=False)

    def fetch_metric_types(self, metric: str) -> frozenset[str]:
        return frozenset(self.types[metric].split()) if metric in self.types else frozenset()


@dataclass(frozen=True)
class Case:
    """An SLO, the samples in Prometheus, and the expected problems as (field, message)."""

    slo: SLO
    samples: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()
    results: Mapping[str, bool | Exception] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


P90 = bucket_samples(le_0_1="1", le_0_5="2", total="2")
ADVICE = "it may be UNDECIDED; add that bound to the histogram, or use one of 0.1, 0.5"
PERCENTILE = f"histogram_quantile(0.9, sum by (le) (rate({LATENCY}_bucket[1m])))"
CODED = 'http_requests_total{code="500"}'
CASES = {
    "all series exist": Case(availability_slo(), {OK: "1", FAULTY: "1"}),
    "no bad events yet, and total shows that the selector is right": Case(availability_slo(), {OK: "1"}),
    "a matcher of bad for a label that total lacks": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL(CODED)), Objective("o", 0.9)),
        {OK: "1"},
        (
            (
                "bad",
                f"bad {CODED} matched no series, and no series of total has the label 'code'",
            ),
        ),
    ),
    "no series of good, but of total": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1"},
        (
            (
                "good",
                "good b matched no series though total did: every event is bad, or it is mistyped",
            ),
        ),
    ),
    "no series of good and total": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {},
        (("good", "b matches no series"), ("total", "a matches no series")),
    ),
    "no series of bad, and a refused query of total": Case(
        availability_slo(),
        {},
        (("total", "responded with 422: no"),),
        {ALL: QueryError("responded with 422: no")},
    ),
    "no series of total": Case(
        slo_of(EventsSLI(PromQL("sum(rate(a[1m]))"), good=PromQL("b")), Objective("o", 0.9)),
        {"b": "1"},
        (("total", "a matches no series"),),
    ),
    "no histogram": Case(latency_slo(0.1), {OK: "1"}, (("metric", f"{LATENCY}_bucket matches no series"),)),
    "a threshold at a bucket bound": Case(latency_slo(0.1), P90),
    "a threshold at a bucket bound in another notation": Case(
        latency_slo(0.1), {f'{LATENCY}_bucket{{le="{le}"}}': "1" for le in ("1e-1", "+Inf")}
    ),
    "a threshold that is not a bucket bound": Case(
        latency_slo(0.2),
        P90,
        (("metric, objective o", f"{LATENCY}_bucket has no bucket bound at 0.2: {ADVICE}"),),
    ),
    "a threshold of a percentile in PromQL that is not a bucket bound": Case(
        latency_slo(0.2, metric=PromQL(PERCENTILE)),
        P90,
        (("metric, objective o", f"{LATENCY}_bucket has no bucket bound at 0.2: {ADVICE}"),),
    ),
    "one of two thresholds that is not a bucket bound": Case(
        replace(
            latency_slo(0.1),
            objectives=(Objective("a", 0.9, Op.LTE, 0.1), Objective("b", 0.9, Op.LTE, 3)),
        ),
        P90,
        (("metric, objective b", f"{LATENCY}_bucket has no bucket bound at 3: {ADVICE}"),),
    ),
    "a bucket bound that is not a number": Case(
        latency_slo(0.1),
        {f'{LATENCY}_bucket{{le="fast"}}': "1"},
        (("metric", f"{LATENCY}_bucket: bucket bound le='fast' is not a number"),),
    ),
    "a threshold of a gauge": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)), {"depth": "1"}
    ),
    "a computed value": Case(
        slo_of(RawRatioSLI(PromQL("a / b")), Objective("o", 0.9)), {"a": "1"}, results={"a / b": True}
    ),
    "a computed value without series": Case(
        slo_of(RawRatioSLI(PromQL("a / b")), Objective("o", 0.9)), {}, (("raw", "a / b matches no series"),)
    ),
    "a gauge counted as a counter": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1", "b": "1"},
        (("good", "b is a gauge, and each decrease would count as a reset: write counter: false"),),
        types={"b": "gauge"},
    ),
    "a counter whose samples are added up": Case(
        slo_of(EventsSLI(PromQL("a_total"), good=PromQL("b_total"), counter=False), Objective("o", 0.9)),
        {"a_total": "1", "b_total": "1"},
        (("total", "a_total is a counter, whose samples can't be added up: write counter: true"),),
        types={"a": "counter", "b_total": "gauge"},
    ),
    "a counter compared with a threshold": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)),
        {"depth": "1"},
        (("metric", "depth is a counter, which exceeds every threshold in time: write a ratioMetric"),),
        types={"depth": "counter"},
    ),
    "a metric with two declared types": Case(
        availability_slo(), {OK: "1", FAULTY: "1"}, types={"http_requests": "gauge counter"}
    ),
    "good events of an instance that total lacks": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1", 'b{instance="other:80"}': "1"},
        (("good", "counts instance='other:80', which no series of total a has"),),
    ),
    "too many series": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)),
        {f'depth{{n="{n}"}}': "1" for n in range(10_001)},
        (("metric", "depth matches 10,001 series, and all samples are fetched; match fewer"),),
    ),
    "a refused query before a valid one": Case(
        availability_slo(),
        {FAULTY: "1"},
        (("bad", "responded with 422: no"),),
        {ERRORS: QueryError("responded with 422: no")},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_lint_finds_problems(case: Case) -> None:
    with InMemoryPrometheus(case.samples, case.results, case.types) as prometheus:
        problems = lint_spec(Spec((replace(case.slo, source="slo.yaml:7"),)), prometheus, NOW)
    rows = [(problem.file, problem.line, problem.field, problem.message) for problem in problems]
    assert rows == [("slo.yaml", 7, f"SLO slo, {part}", message) for part, message in case.problems]


def test_each_metric_is_queried_once_at_the_given_time() -> None:
    with InMemoryPrometheus({OK: "1", FAULTY: "1"}, {}) as prometheus:
        assert lint_spec(Spec((availability_slo(),)), prometheus, NOW) == []
    assert prometheus.queries == [(ERRORS, NOW), (ALL, NOW)]


def test_unreachable_prometheus_ends_the_lint() -> None:
    results = {ALL: PrometheusUnreachableError("no response")}
    with (
        InMemoryPrometheus({}, results) as prometheus,
        pytest.raises(PrometheusUnreachableError, match="no response"),
    ):
        lint_spec(Spec((availability_slo(),)), prometheus, NOW)


TRAFFIC = {
    "as many requests as the target needs": (0.99, 100, None, ""),
    "one fewer": (0.99, 99, None, "the planned load is 99 requests, but a target of 0.99 needs at least 100"),
    "as many as the confidence requires": (0.99, 299, 0.95, ""),
    "one fewer than the confidence requires": (
        0.99,
        298,
        0.95,
        "the planned load is 298 requests, but a target of 0.99 needs at least 299 at confidence 0.95",
    ),
}


@pytest.mark.parametrize(("target", "events", "confidence", "message"), TRAFFIC.values(), ids=TRAFFIC.keys())
def test_target_that_needs_more_than_the_planned_load(
    target: float, events: int, confidence: float | None, message: str
) -> None:
    problems = find_traffic_problems(Spec((availability_slo(target),)), events, Policy(confidence))
    assert [problem.message for problem in problems] == ([message] if message else [])


def test_samples_of_a_gauge_are_not_requests() -> None:
    gauge = slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.999, Op.LTE, 5))
    assert find_traffic_problems(Spec((gauge,)), 10, Policy()) == []
