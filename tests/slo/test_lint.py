"""What lint finds in a live Prometheus; here one that answers from samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from slo.lint import lint
from slo.model import SLO, EventsSLI, Objective, Op, PromQL, QueryResult, RawRatioSLI, Spec, ThresholdSLI
from slo.prometheus import Connection, Prometheus, PrometheusUnreachableError, QueryError
from slo.promql import parse
from tests.slo.evidence_cases import (
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

    def __init__(self, samples: Mapping[str, str], said: Mapping[str, bool | Exception]) -> None:
        super().__init__(Connection("http://prometheus:9090"))
        self.stored = [series(name, notation) for name, notation in samples.items()]
        self.said = said
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


@dataclass(frozen=True)
class Case:
    """An SLO, what Prometheus holds, and the (field, message) of each problem."""

    slo: SLO
    samples: Mapping[str, str]
    problems: tuple[tuple[str, str], ...] = ()
    said: Mapping[str, bool | Exception] = field(default_factory=dict)


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
    "a query that Prometheus refuses does not hide the next": Case(
        availability(),
        {FAULTY: "1"},
        (("bad", "answered 422: no"),),
        {ERRORS: QueryError("answered 422: no")},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_lint_names_what_it_misses(case: Case) -> None:
    with Answering(case.samples, case.said) as prometheus:
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
