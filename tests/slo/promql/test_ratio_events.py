"""Conversion of ratios in one expression to events, and the expressions that are not converted."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.model import SLI, EventsSLI, PromQL, RawRatioSLI, ThresholdSLI
from slo.openslo import load_spec
from slo.promql import convert_to_events
from tests.support.specs import SPEC_WITH_REFERENCES

BAD, ALL = "sum(rate(bad[5m]))", "sum(rate(all[5m]))"

EXACT: dict[str, tuple[str, str, str]] = {
    "a part divided by a total": (f"{BAD} / {ALL}", "bad", "all"),
    "Sloth's window variable": (
        'sum(rate(http{code=~"5.."}[{{.window}}])) / sum(rate(http[{{.window}}]))',
        'http{code=~"5.."}',
        "http",
    ),
    "increases": ("sum(increase(bad[$window])) / sum(increase(all[$window]))", "bad", "all"),
    "the same groups on both sides": (
        "sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "the same groups in two orders": (
        "sum(rate(bad[5m])) by (a, b) / sum by (b, a) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "groups matched on all their labels": (
        "sum by (job) (rate(bad[5m])) / on (job) group_left sum by (job) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "groups matched ignoring a label that they don't have": (
        "sum by (job) (rate(bad[5m])) / ignoring (code) sum by (job) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "nested sums": (f"sum(sum by (job) (rate(bad[5m]))) / {ALL}", "bad", "all"),
    "groups without the label that the matchers differ in": (
        'sum without (code) (rate(x{code="500"}[5m])) / sum without (code) (rate(x[5m]))',
        'x{code="500"}',
        "x",
    ),
    "groups with the same matcher on both sides": (
        'sum by (job) (rate(x{code="5",job="a"}[5m])) / sum by (job) (rate(x{job="a"}[5m]))',
        'x{code="5",job="a"}',
        'x{job="a"}',
    ),
    "a bucket of a histogram": (
        'sum(rate(t_bucket{le="0.25"}[5m])) / sum(rate(t_count[5m]))',
        't_bucket{le="0.25"}',
        "t_count",
    ),
    "fallback 0 for the part": (f"({BAD} or vector(0)) / {ALL}", "bad", "all"),
    "fallback 0 for the ratio": (f"({BAD} / {ALL}) OR on() vector(0)", "bad", "all"),
    "fallback 1 for the total": (f"{BAD} / ({ALL} or vector(1))", "bad", "all"),
    "a total filtered by > 0": (f"{BAD} / ({ALL} > 0)", "bad", "all"),
    "parentheses": (f"((({BAD})) / ({ALL}))", "bad", "all"),
    "the complement of the complement": (f"1 - (1 - {BAD} / {ALL})", "bad", "all"),
}
COMPLEMENTS: dict[str, tuple[str, str, str]] = {
    "1 minus a ratio": (f"1 - {BAD} / {ALL}", "bad", "all"),
    "1 minus a ratio with a fallback": (f"1 - (({BAD} or vector(0)) / {ALL})", "bad", "all"),
    "total minus part, divided by total": (f"({ALL} - {BAD}) / {ALL}", "bad", "all"),
    "total minus part, with the total in two notations": (
        'sum(rate(x{a="1", b="2"}[5m])) - sum(rate(y[5m]))'.join("()") + ' / sum(rate(x{b="2",a="1"}[5m]))',
        "y",
        'x{b="2",a="1"}',
    ),
}
OPAQUE = {
    "counters without rate": "sum(bad) / sum(all)",
    "rates of single series": "rate(bad[5m]) / rate(all[5m])",
    "two ranges": f"{BAD} / sum(rate(all[1h]))",
    "a rate divided by an increase": f"{BAD} / sum(increase(all[5m]))",
    "groups on one side only": f"sum by (job) (rate(bad[5m])) / {ALL}",
    "groups by the part's label": 'sum by (code) (rate(x{code="500"}[5m])) / sum by (code) (rate(x[5m]))',
    "groups of different jobs": 'sum by (job) (rate(x{job="a"}[5m])) / sum by (job) (rate(y{job="b"}[5m]))',
    "groups matched on some of their labels only": (
        "sum by (a, b) (rate(bad[5m])) / on (a) group_left sum by (a, b) (rate(all[5m]))"
    ),
    "groups matched ignoring one of their labels": (
        "sum by (a, b) (rate(bad[5m])) / ignoring (a) group_left sum by (a, b) (rate(all[5m]))"
    ),
    "added labels": ("sum by (a) (rate(bad[5m])) / on (a) group_left (b) sum by (a) (rate(all[5m]))"),
    "irate: the last two samples": f"sum(irate(bad[5m])) / {ALL}",
    "a percentage": f"100 * {BAD} / {ALL}",
    "2 minus a ratio": f"2 - {BAD} / {ALL}",
    "a total that is a sum of two counters": f"{BAD} / ({BAD} + {ALL})",
    "another total minus the part": f"(sum(rate(more[5m])) - {BAD}) / {ALL}",
    "a total clamped to at least 1": f"{BAD} / clamp_min({ALL}, 1)",
    "a total compared by > bool 0": f"{BAD} / ({ALL} > bool 0)",
    "a total filtered by > 1": f"{BAD} / ({ALL} > 1)",
    "a ratio of ratios": f"({BAD} / {ALL}) / ({BAD} / {ALL})",
    "a recorded ratio": "job:errors:ratio_rate5m",
    "an average of ratios": f"avg({BAD} / {ALL})",
    "Sloth's average of satisfaction": (
        "1 - (sum(sum_over_time(s[{{.window}}])) / sum(count_over_time(s[{{.window}}])))"
    ),
    "another time": f"{BAD} / sum(rate(all[5m] offset 1h))",
    "not PromQL": f"{BAD} / ",
}


def events(part: str, total: str, *, good: bool) -> EventsSLI:
    return EventsSLI(PromQL(total), PromQL(part) if good else None, None if good else PromQL(part))


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(("query", "part", "total"), EXACT.values(), ids=EXACT.keys())
def test_a_ratio_becomes_its_events(query: str, part: str, total: str, *, success: bool) -> None:
    assert convert_to_events(RawRatioSLI(PromQL(query), success)) == events(part, total, good=success)


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(("query", "part", "total"), COMPLEMENTS.values(), ids=COMPLEMENTS.keys())
def test_a_complement_swaps_good_and_bad_events(query: str, part: str, total: str, *, success: bool) -> None:
    assert convert_to_events(RawRatioSLI(PromQL(query), success)) == events(part, total, good=not success)


@pytest.mark.parametrize("query", OPAQUE.values(), ids=OPAQUE.keys())
def test_other_expressions_are_unchanged(query: str) -> None:
    sli = RawRatioSLI(PromQL(query))
    assert convert_to_events(sli) == sli


DIFFERENCES: dict[str, tuple[SLI, SLI]] = {
    "bad events as total minus good events": (
        EventsSLI(
            PromQL("sum(rate(t_count[{{.window}}]))"),
            bad=PromQL('sum(rate(t_count[{{.window}}])) - sum(rate(t_bucket{le="5"}[{{.window}}]))'),
        ),
        events('t_bucket{le="5"}', "t_count", good=True),
    ),
    "good events as total minus bad events": (
        EventsSLI(PromQL(ALL), good=PromQL(f"{ALL} - {BAD}")),
        events("bad", "all", good=False),
    ),
}
UNCHANGED: dict[str, SLI] = {
    "a difference with another total": EventsSLI(PromQL(ALL), good=PromQL(f"sum(rate(more[5m])) - {BAD}")),
    "a difference with another range": EventsSLI(PromQL("sum(rate(all[1h]))"), good=PromQL(f"{ALL} - {BAD}")),
    "gauges: samples are summed": EventsSLI(PromQL("sum(a)"), good=PromQL("sum(a) - sum(b)"), counter=False),
    "two counters": EventsSLI(PromQL(ALL), bad=PromQL(BAD)),
    "a ratio with a threshold": ThresholdSLI(PromQL(f"{BAD} / {ALL}")),
}


@pytest.mark.parametrize(("sli", "expected"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_difference_of_counters_becomes_the_other_counter(sli: SLI, expected: SLI) -> None:
    assert convert_to_events(sli) == expected


@pytest.mark.parametrize("sli", UNCHANGED.values(), ids=UNCHANGED.keys())
def test_indicators_without_a_difference_are_unchanged(sli: SLI) -> None:
    assert convert_to_events(sli) == sli


def test_load_spec_converts_a_raw_ratio_to_events(tmp_path: Path) -> None:
    query = "sum(rate(bad[{{.window}}])) / sum(rate(all[{{.window}}]))"
    (tmp_path / "slo.yaml").write_text(SPEC_WITH_REFERENCES.replace("failures:ratio", f'"{query}"'))
    (slo,) = load_spec([tmp_path]).slos
    assert slo.sli == events("bad", "all", good=False)
