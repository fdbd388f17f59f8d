"""What lint warns of without asking anybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slo.model import SLO, EventsSLI, Objective, Op, PromQL, RawRatioSLI, Spec, ThresholdSLI
from slo.openslo.spec_warnings import advice
from tests.slo.promql.test_query_plan import LIMIT, TARGET
from tests.support.evidence import availability, quick, slo_of

RATIO = "sum(rate(bad[5m])) / sum(rate(all[5m]))"
PASS, STRICTER, LOOSER = Objective("Pass", 0.99), Objective("Warning", 0.999), Objective("Warning", 0.9)


def _value(query: str) -> SLO:
    return slo_of(ThresholdSLI(PromQL(query)), LIMIT)


CASES: dict[str, tuple[SLO, tuple[tuple[str, str], ...]]] = {
    "counters": (availability(), ()),
    "a percentile": (quick(0.1), ()),
    "a gauge": (_value("depth"), ()),
    "a function of a gauge": (_value("max(depth)"), (("metric", "max(depth) is left to Prometheus"),)),
    "a recorded ratio": (slo_of(RawRatioSLI(PromQL("a:b")), TARGET), (("raw", "a:b is left to Prometheus"),)),
    "a ratio against a threshold": (
        _value(RATIO),
        (("metric", "this ratio of two counters is counted exactly"),),
    ),
    "a value that is 0 when nothing is measured": (
        _value("max(depth) OR on() vector(0)"),
        (("metric", "is left to Prometheus"), ("metric", "nothing measured look like a value")),
    ),
    "a label that reads like that": (
        _value('max(depth{a="x or vector(0)"})'),
        (("metric", "is left to Prometheus"),),
    ),
    "one part that can't be counted": (
        slo_of(EventsSLI(PromQL("sum(rate(a[5m]))"), bad=PromQL("avg(b)")), TARGET),
        (("bad", "avg(b) is left to Prometheus"), ("total", "sum(rate(a[5m])) is left to Prometheus")),
    ),
    "a warning stricter than the pass": (
        replace(availability(), objectives=(PASS, STRICTER)),
        (("objective Warning", "0.999 is stricter than 0.99"),),
    ),
    "a warning that comes later than the pass": (replace(availability(), objectives=(PASS, LOOSER)), ()),
    "a comparison of a ratio": (
        replace(availability(), objectives=(replace(PASS, op=Op.GT),)),
        ((f"objective {PASS.name}", "gt says nothing of a ratioMetric"),),
    ),
    "a warning alone": (replace(availability(), objectives=(STRICTER,)), ()),
}


@pytest.mark.parametrize(("slo", "said"), CASES.values(), ids=CASES.keys())
def test_what_is_doubtful_is_said(slo: SLO, said: tuple[tuple[str, str], ...]) -> None:
    found = advice(Spec((replace(slo, source="slo.yaml:7"),)))
    assert [(one.file, one.line, one.field) for one in found] == [
        ("slo.yaml", 7, f"SLO slo, {part}") for part, _ in said
    ]
    for one, (_, message) in zip(found, said, strict=True):
        assert message in one.message
