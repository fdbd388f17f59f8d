"""What a spec needs asked, and PromQL that it can't be judged by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slo.documents.yaml_source import ProblemsError
from slo.model import (
    SLO,
    EventsSLI,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    RawRatioSLI,
    Service,
    Spec,
    ThresholdSLI,
)
from slo.promql.query_plan import exactly, expression, judged_by_server, metrics, of_jobs, place, plan
from slo.promql.syntax import Shape
from tests.support.evidence import LATENCY, availability, quick, sliced, slo_of

TARGET = Objective("o", 0.9)
LIMIT = Objective("o", 0.9, Op.LTE, 5)
P95 = PromQL(f"histogram_quantile(0.95, sum by (le) (rate({LATENCY}_bucket[1m])))")


def _events(total: str, *, good: str | None = None, bad: str | None = None) -> SLO:
    sli = EventsSLI(PromQL(total), PromQL(good) if good else None, PromQL(bad) if bad else None)
    return slo_of(sli, TARGET)


def _value(query: str) -> SLO:
    return slo_of(ThresholdSLI(PromQL(query)), LIMIT)


PLANS: dict[str, tuple[SLO, tuple[str, ...], tuple[str, ...]]] = {
    "counters are asked as raw samples": (_events("a", good='a{ok="1"}'), ('a{ok="1"}', "a"), ()),
    "rates are asked as raw samples of their selector": (
        _events("sum(rate(a[5m]))", bad="sum by (x) (increase(b[1h]))"),
        ("b", "a"),
        (),
    ),
    "a selector written twice in two ways is asked once": (
        _events('a{x="1", y="2"}', bad='sum(a{ x = "1",y="2" })'),
        ('a{x="1",y="2"}',),
        (),
    ),
    "one part beyond raw samples, and Prometheus computes both": (
        _events("sum(rate(a[5m]))", good="sum(rate(a[5m])) - sum(rate(b[5m]))"),
        (),
        ("sum(rate(a[5m])) - sum(rate(b[5m]))", "sum(rate(a[5m]))"),
    ),
    "a raw ratio is computed": (slo_of(RawRatioSLI(PromQL("a:ratio")), TARGET), (), ("a:ratio",)),
    "a gauge is asked as raw samples": (_value('depth{q="a"}'), ('depth{q="a"}',), ()),
    "a function of a gauge is computed": (_value("max(depth)"), (), ("max(depth)",)),
    "a rate against a threshold is computed": (_value("sum(rate(a[1m]))"), (), ("sum(rate(a[1m]))",)),
    "a percentile is asked as the raw samples of its buckets": (
        quick(0.1, metric=HistogramQuantile(f'{LATENCY}{{handler="/"}}', 0.9)),
        (f'{LATENCY}_bucket{{handler="/"}}',),
        (),
    ),
    "a percentile in PromQL likewise": (
        _value(f"histogram_quantile(0.9, sum(rate({LATENCY}_bucket[1m])) by (le))"),
        (f"{LATENCY}_bucket",),
        (),
    ),
    "slices of a percentile in PromQL have a target of their own": (
        sliced(quick(0.1, 0.9, metric=P95), 0.95),
        (f"{LATENCY}_bucket",),
        (),
    ),
    "a percentile of single targets is computed": (
        _value(f"histogram_quantile(0.9, sum by (le, instance) (rate({LATENCY}_bucket[1m])))"),
        (),
        (f"histogram_quantile(0.9, sum by (le, instance) (rate({LATENCY}_bucket[1m])))",),
    ),
}


@pytest.mark.parametrize(("slo", "selectors", "computed"), PLANS.values(), ids=PLANS.keys())
def test_what_is_asked(slo: SLO, selectors: tuple[str, ...], computed: tuple[str, ...]) -> None:
    wanted = plan(Spec((slo,)))
    assert (tuple(map(str, wanted.selectors)), wanted.opaque) == (selectors, computed)
    assert judged_by_server(slo) is bool(computed)


def test_slos_and_services_share_what_they_ask() -> None:
    services = (Service("api", requests="http_requests_total", context=("cpu", "cpu", "memory")),)
    wanted = plan(Spec((availability(), availability(0.99)), services))
    asked = ['http_requests_total{status=~"5.."}', "http_requests_total", "cpu", "memory"]
    assert list(map(str, wanted.selectors)) == asked


PROBLEMS: dict[str, tuple[SLO, str, str]] = {
    "no PromQL": (_events("sum(", bad="b"), "SLO slo, total", "'sum(' is not PromQL"),
    "another time than the window": (_events("a", bad="b offset 1h"), "SLO slo, bad", "another time"),
    "a fixed time": (_events("a", good="b @ 1600000000"), "SLO slo, good", "another time"),
    "a range": (_value("depth[5m]"), "SLO slo, metric", "is a range vector"),
    "a histogram that is no selector": (
        quick(0.1, metric=HistogramQuantile("sum(a)", 0.9)),
        "SLO slo, metric",
        "must be a selector",
    ),
    "time slices of what Prometheus computes": (
        sliced(_value("max(depth)"), 0.9),
        "SLO slo",
        "use Occurrences",
    ),
    "a bare counter beside what Prometheus computes": (
        _events("a", good="a_rate - b_rate"),
        "SLO slo",
        "total is a bare counter and the other is not",
    ),
    "a rate of samples that are to be summed": (
        replace(
            _events("a", good="a"), sli=EventsSLI(PromQL("sum(a)"), PromQL("sum(rate(b[5m]))"), counter=False)
        ),
        "SLO slo",
        "good is a rate, but counter: false sums samples",
    ),
    "a percentile in PromQL beside another target": (
        quick(0.25, 0.99, metric=P95),
        "SLO slo",
        "target 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "a mean of percentiles in PromQL beside another target": (
        sliced(quick(0.25, 0.99, metric=P95)),
        "SLO slo",
        "target 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "slices of a percentile in PromQL beside another slice target": (
        sliced(quick(0.25, 0.9, metric=P95), 0.99),
        "SLO slo",
        "timeSliceTarget 0.99 contradicts histogram_quantile(0.95, …)",
    ),
    "a percentile that has to be slow": (quick(0.1, op=Op.GTE), "SLO slo", "judged with op lte or lt"),
}


@pytest.mark.parametrize(("slo", "field", "says"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_names_its_place(slo: SLO, field: str, says: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        plan(Spec((replace(slo, source="dir/slo.yaml:12"),)))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.field) == ("dir/slo.yaml", 12, field)
    assert says in problem.message


def test_all_problems_are_said_at_once() -> None:
    services = (Service("api", requests="sum(a)", context=("b", "c["), source="s.yaml:3"),)
    with pytest.raises(ProblemsError) as caught:
        plan(Spec((_events("sum(", bad="b["), quick(0.1, op=Op.GT)), services))
    assert [problem.field for problem in caught.value.problems] == [
        "SLO slo, bad",
        "SLO slo, total",
        "SLO slo",
        "Service api, proofload/requests",
        "Service api, proofload/context, selector 2",
    ]


def test_jobs_are_found_wherever_they_are_named() -> None:
    """So that ``up`` is asked also for what only Prometheus can compute."""
    ratio = slo_of(
        RawRatioSLI(PromQL('1 - sum(rate(a{job="x"}[5m])) / sum(rate(b{job=~"y.*"}[5m]))')), TARGET
    )
    wanted = plan(Spec((ratio, _events('c{job="z.z"}', good='c{job=~"z|w"}'))))
    assert str(of_jobs("up", wanted.jobs)) == 'up{job=~"(?:y.*)|x|z\\\\.z"}'


def test_metrics_bear_the_name_of_their_part() -> None:
    assert list(metrics(availability())) == ["bad", "total"]
    assert list(metrics(_events("a", good="b"))) == ["good", "total"]
    assert list(metrics(slo_of(RawRatioSLI(PromQL("a")), TARGET))) == ["raw"]
    assert list(metrics(quick(0.1))) == ["metric"]


def test_a_histogram_is_a_percentile_of_its_buckets() -> None:
    item = expression(HistogramQuantile('wait_seconds{job="a"}', 0.99))
    assert (item.shape, item.quantile) == (Shape.QUANTILE, 0.99)
    assert str(item.selector) == 'wait_seconds_bucket{job="a"}'


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
def test_a_source_is_a_file_and_a_line(source: str, expected: tuple[str, int | None]) -> None:
    assert place(source) == expected


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ({"api"}, 'up{job=~"api"}'),
        ({"b", "a"}, 'up{job=~"a|b"}'),
        ({"a.b+(c)"}, 'up{job=~"a\\\\.b\\\\+\\\\(c\\\\)"}'),
    ],
)
def test_jobs_are_selected_by_their_exact_names(jobs: set[str], expected: str) -> None:
    assert str(of_jobs("up", map(exactly, jobs))) == expected
