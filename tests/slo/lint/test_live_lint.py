"""What lint finds in a live Prometheus; here one that answers from samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from slo.lint.live_lint import lint, traffic_problems
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
from slo.prometheus.client import Prometheus, PrometheusUnreachableError, QueryError
from slo.prometheus.connection import Connection
from slo.promql.syntax import parse
from tests.support.evidence import (
    ALL,
    ERRORS,
    FAULTY,
    LATENCY,
    OK,
    availability,
    buckets,
    matches,
    quick,
    series,
    slo_of,
)

NOW = 165.0


class Answering(Prometheus):
    """A Prometheus that finds series in memory; ``said`` maps an expression to its answer."""

    def __init__(
        self,
        samples: Mapping[str, str],
        said: Mapping[str, bool | Exception],
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(Connection("http://prometheus:9090"))
        self.stored = [series(name, notation) for name, notation in samples.items()]
        self.said, self.kinds = said, kinds or {}
        self.asked: list[tuple[str, float]] = []

    def value(self, query: str, time: float) -> QueryResult:
        self.asked.append((query, time))
        answer = self.said.get(query)
        if isinstance(answer, Exception):
            raise answer
        selector = parse(query).selector
        if selector is None:
            found = self.stored[:1] if answer else []
        else:
            found = [one for one in self.stored if matches(selector, one.labels)]
        return QueryResult(query, time, tuple(found), exact=False)

    def types(self, metric: str) -> frozenset[str]:
        return frozenset(self.kinds[metric].split()) if metric in self.kinds else frozenset()


@dataclass(frozen=True)
class Case:
    """An SLO, what Prometheus holds, and the (field, message) of each problem."""

    slo: SLO
    samples: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()
    said: Mapping[str, bool | Exception] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


P90 = buckets(le_0_1="1", le_0_5="2", total="2")
ADVICE = "it may stay undecided; add that bound to the histogram, or use one of 0.1, 0.5"
PERCENTILE = f"histogram_quantile(0.9, sum by (le) (rate({LATENCY}_bucket[1m])))"
CODED = 'http_requests_total{code="500"}'
CASES = {
    "all series are there": Case(availability(), {OK: "1", FAULTY: "1"}),
    "no bad event happened yet, and its selector is shown to be right": Case(availability(), {OK: "1"}),
    "bad asks for a label that total does not have": Case(
        slo_of(EventsSLI(PromQL(ALL), bad=PromQL(CODED)), Objective("o", 0.9)),
        {OK: "1"},
        (
            (
                "bad",
                f"bad {CODED} matched no series, and no series of total has the label 'code'",
            ),
        ),
    ),
    "no series of good though there are of total": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1"},
        (
            (
                "good",
                "good b matched no series though total did: every event is bad, or it is mistyped",
            ),
        ),
    ),
    "no series of either": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {},
        (("good", "b matches no series"), ("total", "a matches no series")),
    ),
    "no series of bad, and Prometheus refuses total": Case(
        availability(), {}, (("total", "answered 422: no"),), {ALL: QueryError("answered 422: no")}
    ),
    "no series of total": Case(
        slo_of(EventsSLI(PromQL("sum(rate(a[1m]))"), good=PromQL("b")), Objective("o", 0.9)),
        {"b": "1"},
        (("total", "a matches no series"),),
    ),
    "no histogram": Case(quick(0.1), {OK: "1"}, (("metric", f"{LATENCY}_bucket matches no series"),)),
    "a threshold at a bucket bound": Case(quick(0.1), P90),
    "a threshold at a bucket bound that is written otherwise": Case(
        quick(0.1), {f'{LATENCY}_bucket{{le="{le}"}}': "1" for le in ("1e-1", "+Inf")}
    ),
    "a threshold that is no bucket bound": Case(
        quick(0.2), P90, (("metric, objective o", f"{LATENCY}_bucket has no bucket bound at 0.2: {ADVICE}"),)
    ),
    "a threshold of a percentile in PromQL that is no bucket bound": Case(
        quick(0.2, metric=PromQL(PERCENTILE)),
        P90,
        (("metric, objective o", f"{LATENCY}_bucket has no bucket bound at 0.2: {ADVICE}"),),
    ),
    "one threshold of two is no bucket bound": Case(
        replace(
            quick(0.1),
            objectives=(Objective("a", 0.9, Op.LTE, 0.1), Objective("b", 0.9, Op.LTE, 3)),
        ),
        P90,
        (("metric, objective b", f"{LATENCY}_bucket has no bucket bound at 3: {ADVICE}"),),
    ),
    "a bucket bound that is no number": Case(
        quick(0.1),
        {f'{LATENCY}_bucket{{le="fast"}}': "1"},
        (("metric", f"{LATENCY}_bucket: bucket bound le='fast' is not a number"),),
    ),
    "a gauge needs no bucket": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)), {"depth": "1"}
    ),
    "a computed value that is there": Case(
        slo_of(RawRatioSLI(PromQL("a / b")), Objective("o", 0.9)), {"a": "1"}, said={"a / b": True}
    ),
    "a computed value that is not": Case(
        slo_of(RawRatioSLI(PromQL("a / b")), Objective("o", 0.9)), {}, (("raw", "a / b matches no series"),)
    ),
    "a gauge counted as a counter": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1", "b": "1"},
        (("good", "b is a gauge, whose every fall would count as a restart: write counter: false"),),
        kinds={"b": "gauge"},
    ),
    "a counter whose samples are added up": Case(
        slo_of(EventsSLI(PromQL("a_total"), good=PromQL("b_total"), counter=False), Objective("o", 0.9)),
        {"a_total": "1", "b_total": "1"},
        (("total", "a_total is a counter, whose samples add up to nothing: write counter: true"),),
        kinds={"a": "counter", "b_total": "gauge"},
    ),
    "a counter compared with a threshold": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)),
        {"depth": "1"},
        (("metric", "depth is a counter, which passes every threshold in time: write a ratioMetric"),),
        kinds={"depth": "counter"},
    ),
    "what some targets call a gauge and others a counter is left alone": Case(
        availability(), {OK: "1", FAULTY: "1"}, kinds={"http_requests": "gauge counter"}
    ),
    "good events of a target that total does not know": Case(
        slo_of(EventsSLI(PromQL("a"), good=PromQL("b")), Objective("o", 0.9)),
        {"a": "1", 'b{instance="other:80"}': "1"},
        (("good", "counts instance='other:80', which no series of total a has"),),
    ),
    "more series than anybody meant": Case(
        slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.9, Op.LTE, 5)),
        {f'depth{{n="{n}"}}': "1" for n in range(10_001)},
        (("metric", "depth matches 10,001 series, each fetched sample by sample; match fewer"),),
    ),
    "a query that Prometheus refuses does not hide the next": Case(
        availability(),
        {FAULTY: "1"},
        (("bad", "answered 422: no"),),
        {ERRORS: QueryError("answered 422: no")},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_lint_names_what_it_misses(case: Case) -> None:
    with Answering(case.samples, case.said, case.kinds) as prometheus:
        problems = lint(Spec((replace(case.slo, source="slo.yaml:7"),)), prometheus, NOW)
    found = [(problem.file, problem.line, problem.field, problem.message) for problem in problems]
    assert found == [("slo.yaml", 7, f"SLO slo, {part}", message) for part, message in case.problems]


def test_each_metric_is_asked_once_as_of_the_given_time() -> None:
    with Answering({OK: "1", FAULTY: "1"}, {}) as prometheus:
        assert lint(Spec((availability(),)), prometheus, NOW) == []
    assert prometheus.asked == [(ERRORS, NOW), (ALL, NOW)]


def test_a_prometheus_that_does_not_answer_ends_the_lint() -> None:
    silent = {ALL: PrometheusUnreachableError("no answer")}
    with Answering({}, silent) as prometheus, pytest.raises(PrometheusUnreachableError, match="no answer"):
        lint(Spec((availability(),)), prometheus, NOW)


TRAFFIC = {
    "as many requests as the target needs": (0.99, 100, None, ""),
    "one fewer": (0.99, 99, None, "the planned load is 99 requests, and a target of 0.99 needs at least 100"),
    "as many as the confidence needs": (0.99, 299, 0.95, ""),
    "one fewer than it needs": (
        0.99,
        298,
        0.95,
        "the planned load is 298 requests, and a target of 0.99 needs at least 299 at 0.95",
    ),
}


@pytest.mark.parametrize(("target", "events", "confidence", "message"), TRAFFIC.values(), ids=TRAFFIC.keys())
def test_a_target_that_the_planned_load_can_not_show(
    target: float, events: int, confidence: float | None, message: str
) -> None:
    found = traffic_problems(Spec((availability(target),)), events, Policy(confidence))
    assert [problem.message for problem in found] == ([message] if message else [])


def test_samples_of_a_gauge_are_no_requests() -> None:
    gauge = slo_of(ThresholdSLI(PromQL("depth")), Objective("o", 0.999, Op.LTE, 5))
    assert traffic_problems(Spec((gauge,)), 10, Policy()) == []
