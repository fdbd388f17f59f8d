"""Warnings about a spec that need no server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slo.model import SLO, EventsSLI, Objective, Op, PromQL, RawRatioSLI, Spec, ThresholdSLI
from slo.openslo.spec_warnings import find_spec_warnings
from tests.support.evidence import availability_slo, latency_slo, slo_of
from tests.support.specs import EVENTS_OBJECTIVE, THRESHOLD_OBJECTIVE

RATIO = "sum(rate(bad[5m])) / sum(rate(all[5m]))"
PASS, STRICTER, LOOSER = Objective("Pass", 0.99), Objective("Warning", 0.999), Objective("Warning", 0.9)


def _threshold_slo(query: str) -> SLO:
    return slo_of(ThresholdSLI(PromQL(query)), THRESHOLD_OBJECTIVE)


CASES: dict[str, tuple[SLO, tuple[tuple[str, str], ...]]] = {
    "counters": (availability_slo(), ()),
    "a percentile": (latency_slo(0.1), ()),
    "a gauge": (_threshold_slo("depth"), ()),
    "a function of a gauge": (
        _threshold_slo("max(depth)"),
        (("metric", "max(depth) is evaluated by Prometheus"),),
    ),
    "a recorded ratio": (
        slo_of(RawRatioSLI(PromQL("a:b")), EVENTS_OBJECTIVE),
        (("raw", "a:b is evaluated by Prometheus"),),
    ),
    "a ratio against a threshold": (
        _threshold_slo(RATIO),
        (("metric", "this ratio of two counters is counted exactly"),),
    ),
    "a value that is 0 when data is missing": (
        _threshold_slo("max(depth) OR on() vector(0)"),
        (("metric", "is evaluated by Prometheus"), ("metric", "replaces missing data by a value")),
    ),
    "a label value that looks like such a fallback": (
        _threshold_slo('max(depth{a="x or vector(0)"})'),
        (("metric", "is evaluated by Prometheus"),),
    ),
    "an SLI with a part that is not a counter": (
        slo_of(EventsSLI(PromQL("sum(rate(a[5m]))"), bad=PromQL("avg(b)")), EVENTS_OBJECTIVE),
        (
            ("bad", "avg(b) is evaluated by Prometheus"),
            ("total", "sum(rate(a[5m])) is evaluated by Prometheus"),
        ),
    ),
    "a warning that is stricter than the objective": (
        replace(availability_slo(), objectives=(PASS, STRICTER)),
        (("objective Warning", "0.999 is stricter than 0.99"),),
    ),
    "a warning that is less strict than the objective": (
        replace(availability_slo(), objectives=(PASS, LOOSER)),
        (),
    ),
    "an op with a ratio": (
        replace(availability_slo(), objectives=(replace(PASS, op=Op.GT),)),
        ((f"objective {PASS.name}", "gt has no effect on a ratioMetric"),),
    ),
    "a warning as the only objective": (replace(availability_slo(), objectives=(STRICTER,)), ()),
}


@pytest.mark.parametrize(("slo", "expected"), CASES.values(), ids=CASES.keys())
def test_warnings_of_a_spec(slo: SLO, expected: tuple[tuple[str, str], ...]) -> None:
    warnings = find_spec_warnings(Spec((replace(slo, source="slo.yaml:7"),)))
    assert [(warning.file, warning.line, warning.field) for warning in warnings] == [
        ("slo.yaml", 7, f"SLO slo, {part}") for part, _ in expected
    ]
    for warning, (_, message) in zip(warnings, expected, strict=True):
        assert message in warning.message
