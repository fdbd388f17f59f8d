"""The queries of a spec, and the problems of its PromQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slo.documents import ProblemsError
from slo.model import (
    SLO,
    EventsSLI,
    HistogramQuantile,
    Op,
    PromQL,
    RawRatioSLI,
    Service,
    Spec,
    ThresholdSLI,
)
from slo.promql import (
    PercentileIndicator,
    Shape,
    escape_job_name,
    is_evaluated_by_server,
    parse_indicator,
    plan_queries,
    select_metric_of_jobs,
    split_source,
)
from tests.support.evidence import LATENCY, availability_slo, latency_slo, slo_of, with_time_slices
from tests.support.specs import EVENTS_OBJECTIVE, THRESHOLD_OBJECTIVE

P95 = PromQL(f"histogram_quantile(0.95, sum by (le) (rate({LATENCY}_bucket[1m])))")


def _events(total: str, *, good: str | None = None, bad: str | None = None) -> SLO:
    sli = EventsSLI(PromQL(total), PromQL(good) if good else None, PromQL(bad) if bad else None)
    return slo_of(sli, EVENTS_OBJECTIVE)


def _value(query: str) -> SLO:
    return slo_of(ThresholdSLI(PromQL(query)), THRESHOLD_OBJECTIVE)


PLANS: dict[str, tuple[SLO, tuple[str, ...], tuple[str, ...]]] = {
    "counters are queried as raw samples": (_events("a", good='a{ok="1"}'), ('a{ok="1"}', "a"), ()),
    "rates are queried as raw samples of their selector": (
        _events("sum(rate(a[5m]))", bad="sum by (x) (increase(b[1h]))"),
        ("b", "a"),
        (),
    ),
    "a selector in two notations is queried once": (
        _events('a{x="1", y="2"}', bad='sum(a{ x = "1",y="2" })'),
        ('a{x="1",y="2"}',),
        (),
    ),
    "if one query needs Prometheus, Prometheus evaluates both": (
        _events("sum(rate(a[5m]))", good="sum(rate(a[5m])) - sum(rate(b[5m]))"),
        (),
        ("sum(rate(a[5m])) - sum(rate(b[5m]))", "sum(rate(a[5m]))"),
    ),
    "Prometheus evaluates a raw ratio": (
        slo_of(RawRatioSLI(PromQL("a:ratio")), EVENTS_OBJECTIVE),
        (),
        ("a:ratio",),
    ),
    "a gauge is queried as raw samples": (_value('depth{q="a"}'), ('depth{q="a"}',), ()),
    "Prometheus evaluates a function of a gauge": (_value("max(depth)"), (), ("max(depth)",)),
    "Prometheus evaluates a rate with a threshold": (_value("sum(rate(a[1m]))"), (), ("sum(rate(a[1m]))",)),
    "a percentile is queried as raw samples of its buckets": (
        latency_slo(0.1, metric=HistogramQuantile(f'{LATENCY}{{handler="/"}}', 0.9)),
        (f'{LATENCY}_bucket{{handler="/"}}',),
        (),
    ),
    "a percentile in PromQL is queried as raw samples of its buckets": (
        _value(f"histogram_quantile(0.9, sum(rate({LATENCY}_bucket[1m])) by (le))"),
        (f"{LATENCY}_bucket",),
        (),
    ),
    "time slices of a percentile in PromQL have their own target": (
        with_time_slices(latency_slo(0.1, 0.9, metric=P95), 0.95),
        (f"{LATENCY}_bucket",),
        (),
    ),
    "Prometheus evaluates a percentile of each scrape target": (
        _value(f"histogram_quantile(0.9, sum by (le, instance) (rate({LATENCY}_bucket[1m])))"),
        (),
        (f"histogram_quantile(0.9, sum by (le, instance) (rate({LATENCY}_bucket[1m])))",),
    ),
}


@pytest.mark.parametrize(("slo", "selectors", "expressions"), PLANS.values(), ids=PLANS.keys())
def test_the_queries_of_an_slo(slo: SLO, selectors: tuple[str, ...], expressions: tuple[str, ...]) -> None:
    plan = plan_queries(Spec((slo,)))
    assert (tuple(map(str, plan.selectors)), plan.server_expressions) == (selectors, expressions)
    assert is_evaluated_by_server(slo) is bool(expressions)


def test_slos_and_services_share_queries() -> None:
    services = (
        Service("api", request_counter="http_requests_total", context_selectors=("cpu", "cpu", "memory")),
    )
    plan = plan_queries(Spec((availability_slo(), availability_slo(0.99)), services))
    expected = ['http_requests_total{status=~"5.."}', "http_requests_total", "cpu", "memory"]
    assert list(map(str, plan.selectors)) == expected


PROBLEMS: dict[str, tuple[SLO, str, str]] = {
    "not PromQL": (_events("sum(", bad="b"), "SLO slo, total", "'sum(' is not PromQL"),
    "another time than the window": (_events("a", bad="b offset 1h"), "SLO slo, bad", "another time"),
    "a fixed time": (_events("a", good="b @ 1600000000"), "SLO slo, good", "another time"),
    "a range vector": (_value("depth[5m]"), "SLO slo, metric", "is a range vector"),
    "a histogram that is not a selector": (
        latency_slo(0.1, metric=HistogramQuantile("sum(a)", 0.9)),
        "SLO slo, metric",
        "must be a selector",
    ),
    "time slices of an expression that Prometheus evaluates": (
        with_time_slices(_value("max(depth)"), 0.9),
        "SLO slo",
        "use Occurrences",
    ),
    "a plain counter with an expression that Prometheus evaluates": (
        _events("a", good="a_rate - b_rate"),
        "SLO slo",
        "total is a plain counter, the other query is not",
    ),
    "a rate where samples are summed": (
        replace(
            _events("a", good="a"), sli=EventsSLI(PromQL("sum(a)"), PromQL("sum(rate(b[5m]))"), counter=False)
        ),
        "SLO slo",
        "good is a rate, but counter: false sums samples",
    ),
    "a percentile in PromQL that contradicts the target": (
        latency_slo(0.25, 0.99, metric=P95),
        "SLO slo",
        "target 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "a mean over slices of a percentile that contradicts the target": (
        with_time_slices(latency_slo(0.25, 0.99, metric=P95)),
        "SLO slo",
        "target 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "time slices of a percentile that contradicts the slice target": (
        with_time_slices(latency_slo(0.25, 0.9, metric=P95), 0.99),
        "SLO slo",
        "timeSliceTarget 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "a percentile with a lower limit": (latency_slo(0.1, op=Op.GTE), "SLO slo", "needs op lte or lt"),
}


@pytest.mark.parametrize(("slo", "field", "message"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_has_file_line_and_field(slo: SLO, field: str, message: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        plan_queries(Spec((replace(slo, source="dir/slo.yaml:12"),)))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("dir/slo.yaml", 12, field)
    assert message in problem.message


def test_all_problems_are_reported_at_once() -> None:
    services = (Service("api", request_counter="sum(a)", context_selectors=("b", "c["), source="s.yaml:3"),)
    with pytest.raises(ProblemsError) as caught:
        plan_queries(Spec((_events("sum(", bad="b["), latency_slo(0.1, op=Op.GT)), services))
    assert [problem.field for problem in caught.value.problems] == [
        "SLO slo, bad",
        "SLO slo, total",
        "SLO slo",
        "Service api, proofload/requests",
        "Service api, proofload/context, selector 2",
    ]


def test_job_patterns_include_those_inside_expressions() -> None:
    """``up`` is also queried for the jobs of expressions that only Prometheus can evaluate."""
    ratio = slo_of(
        RawRatioSLI(PromQL('1 - sum(rate(a{job="x"}[5m])) / sum(rate(b{job=~"y.*"}[5m]))')), EVENTS_OBJECTIVE
    )
    plan = plan_queries(Spec((ratio, _events('c{job="z.z"}', good='c{job=~"z|w"}'))))
    assert str(select_metric_of_jobs("up", plan.job_patterns)) == 'up{job=~"(?:y.*)|x|z\\\\.z"}'


def list_roles(slo: SLO) -> list[str]:
    return list(parse_indicator(slo.sli).expressions)


def test_an_indicator_names_the_role_of_each_expression() -> None:
    assert list_roles(availability_slo()) == ["bad", "total"]
    assert list_roles(_events("a", good="b")) == ["good", "total"]
    assert list_roles(slo_of(RawRatioSLI(PromQL("a")), EVENTS_OBJECTIVE)) == ["raw"]
    assert list_roles(latency_slo(0.1)) == ["metric"]


def test_a_histogram_quantile_selects_its_buckets() -> None:
    indicator = parse_indicator(ThresholdSLI(HistogramQuantile('wait_seconds{job="a"}', 0.99)))
    assert isinstance(indicator, PercentileIndicator)
    assert str(indicator.buckets) == 'wait_seconds_bucket{job="a"}'
    expression = indicator.expressions["metric"]
    assert (expression.shape, expression.quantile) == (Shape.QUANTILE, 0.99)
    assert str(expression.selector) == 'wait_seconds_bucket{job="a"}'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("slo.yaml:3", ("slo.yaml", 3)),
        ("C:/slo.yaml", ("C:/slo.yaml", None)),
        ("C:/slo.yaml:4", ("C:/slo.yaml", 4)),
        ("slo.yaml", ("slo.yaml", None)),
        ("", ("", None)),
    ],
)
def test_split_source_returns_file_and_line(source: str, expected: tuple[str, int | None]) -> None:
    assert split_source(source) == expected


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ({"api"}, 'up{job=~"api"}'),
        ({"b", "a"}, 'up{job=~"a|b"}'),
        ({"a.b+(c)"}, 'up{job=~"a\\\\.b\\\\+\\\\(c\\\\)"}'),
    ],
)
def test_escaped_job_names_match_exactly(jobs: set[str], expected: str) -> None:
    assert str(select_metric_of_jobs("up", map(escape_job_name, jobs))) == expected
