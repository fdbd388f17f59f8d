"""Ratios that people write as one expression, and the events that they are ratios of."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.model import SLI, EventsSLI, PromQL, RawRatioSLI, ThresholdSLI
from slo.openslo.spec_reader import load_spec
from slo.promql.ratio_events import counted
from tests.support.specs import REFERRED

BAD, ALL = "sum(rate(bad[5m]))", "sum(rate(all[5m]))"

EXACT: dict[str, tuple[str, str, str]] = {
    "a part of a total": (f"{BAD} / {ALL}", "bad", "all"),
    "Sloth's window": (
        'sum(rate(http{code=~"5.."}[{{.window}}])) / sum(rate(http[{{.window}}]))',
        'http{code=~"5.."}',
        "http",
    ),
    "increases": ("sum(increase(bad[$window])) / sum(increase(all[$window]))", "bad", "all"),
    "groups of both": ("sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m]))", "bad", "all"),
    "groups written in two orders": (
        "sum(rate(bad[5m])) by (a, b) / sum by (b, a) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "groups matched on what they have": (
        "sum by (job) (rate(bad[5m])) / on (job) group_left sum by (job) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "groups matched ignoring what they don't have": (
        "sum by (job) (rate(bad[5m])) / ignoring (code) sum by (job) (rate(all[5m]))",
        "bad",
        "all",
    ),
    "sums of sums": (f"sum(sum by (job) (rate(bad[5m]))) / {ALL}", "bad", "all"),
    "groups without the label that tells them apart": (
        'sum without (code) (rate(x{code="500"}[5m])) / sum without (code) (rate(x[5m]))',
        'x{code="500"}',
        "x",
    ),
    "what the part and the total both ask for": (
        'sum by (job) (rate(x{code="5",job="a"}[5m])) / sum by (job) (rate(x{job="a"}[5m]))',
        'x{code="5",job="a"}',
        'x{job="a"}',
    ),
    "a bucket of a histogram": (
        'sum(rate(t_bucket{le="0.25"}[5m])) / sum(rate(t_count[5m]))',
        't_bucket{le="0.25"}',
        "t_count",
    ),
    "0 when the part is absent": (f"({BAD} or vector(0)) / {ALL}", "bad", "all"),
    "0 when all is absent": (f"({BAD} / {ALL}) OR on() vector(0)", "bad", "all"),
    "1 when the total is absent": (f"{BAD} / ({ALL} or vector(1))", "bad", "all"),
    "a total above 0": (f"{BAD} / ({ALL} > 0)", "bad", "all"),
    "brackets": (f"((({BAD})) / ({ALL}))", "bad", "all"),
    "the rest of the rest": (f"1 - (1 - {BAD} / {ALL})", "bad", "all"),
}
REST: dict[str, tuple[str, str, str]] = {
    "one less a part": (f"1 - {BAD} / {ALL}", "bad", "all"),
    "one less a part that may be absent": (f"1 - (({BAD} or vector(0)) / {ALL})", "bad", "all"),
    "the total less a part": (f"({ALL} - {BAD}) / {ALL}", "bad", "all"),
    "the total, written otherwise, less a part": (
        'sum(rate(x{a="1", b="2"}[5m])) - sum(rate(y[5m]))'.join("()") + ' / sum(rate(x{b="2",a="1"}[5m]))',
        "y",
        'x{b="2",a="1"}',
    ),
}
OPAQUE = {
    "counters since they began": "sum(bad) / sum(all)",
    "series of their own": "rate(bad[5m]) / rate(all[5m])",
    "two windows": f"{BAD} / sum(rate(all[1h]))",
    "rates of increases": f"{BAD} / sum(increase(all[5m]))",
    "groups of one side": f"sum by (job) (rate(bad[5m])) / {ALL}",
    "groups that are the part": 'sum by (code) (rate(x{code="500"}[5m])) / sum by (code) (rate(x[5m]))',
    "groups of other jobs": 'sum by (job) (rate(x{job="a"}[5m])) / sum by (job) (rate(y{job="b"}[5m]))',
    "groups matched on some of their labels": (
        "sum by (a, b) (rate(bad[5m])) / on (a) group_left sum by (a, b) (rate(all[5m]))"
    ),
    "groups matched ignoring one of their labels": (
        "sum by (a, b) (rate(bad[5m])) / ignoring (a) group_left sum by (a, b) (rate(all[5m]))"
    ),
    "labels brought along": ("sum by (a) (rate(bad[5m])) / on (a) group_left (b) sum by (a) (rate(all[5m]))"),
    "the last two samples": f"sum(irate(bad[5m])) / {ALL}",
    "percent": f"100 * {BAD} / {ALL}",
    "two less a part": f"2 - {BAD} / {ALL}",
    "a total of two counters": f"{BAD} / ({BAD} + {ALL})",
    "another total less a part": f"(sum(rate(more[5m])) - {BAD}) / {ALL}",
    "a total of at least one": f"{BAD} / clamp_min({ALL}, 1)",
    "whether a total is above 0": f"{BAD} / ({ALL} > bool 0)",
    "a total above 1": f"{BAD} / ({ALL} > 1)",
    "a ratio of ratios": f"({BAD} / {ALL}) / ({BAD} / {ALL})",
    "a recorded ratio": "job:errors:ratio_rate5m",
    "an average of ratios": f"avg({BAD} / {ALL})",
    "Sloth's average of satisfaction": (
        "1 - (sum(sum_over_time(s[{{.window}}])) / sum(count_over_time(s[{{.window}}])))"
    ),
    "another time": f"{BAD} / sum(rate(all[5m] offset 1h))",
    "no PromQL": f"{BAD} / ",
}


def events(part: str, total: str, *, good: bool) -> EventsSLI:
    return EventsSLI(PromQL(total), PromQL(part) if good else None, None if good else PromQL(part))


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(("query", "part", "total"), EXACT.values(), ids=EXACT.keys())
def test_a_ratio_is_counted(query: str, part: str, total: str, *, success: bool) -> None:
    assert counted(RawRatioSLI(PromQL(query), success)) == events(part, total, good=success)


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize(("query", "part", "total"), REST.values(), ids=REST.keys())
def test_a_success_ratio_of_the_rest_counts_what_went_wrong(
    query: str, part: str, total: str, *, success: bool
) -> None:
    assert counted(RawRatioSLI(PromQL(query), success)) == events(part, total, good=not success)


@pytest.mark.parametrize("query", OPAQUE.values(), ids=OPAQUE.keys())
def test_what_is_not_surely_a_count_is_left_to_prometheus(query: str) -> None:
    sli = RawRatioSLI(PromQL(query))
    assert counted(sli) == sli


DIFFERENCES: dict[str, tuple[SLI, SLI]] = {
    "Sloth's slow requests": (
        EventsSLI(
            PromQL("sum(rate(t_count[{{.window}}]))"),
            bad=PromQL('sum(rate(t_count[{{.window}}])) - sum(rate(t_bucket{le="5"}[{{.window}}]))'),
        ),
        events('t_bucket{le="5"}', "t_count", good=True),
    ),
    "all but the bad": (
        EventsSLI(PromQL(ALL), good=PromQL(f"{ALL} - {BAD}")),
        events("bad", "all", good=False),
    ),
}
KEPT: dict[str, SLI] = {
    "all of another total": EventsSLI(PromQL(ALL), good=PromQL(f"sum(rate(more[5m])) - {BAD}")),
    "all of another window": EventsSLI(PromQL("sum(rate(all[1h]))"), good=PromQL(f"{ALL} - {BAD}")),
    "numbers of events that go up and down": EventsSLI(
        PromQL("sum(a)"), good=PromQL("sum(a) - sum(b)"), counter=False
    ),
    "two counters": EventsSLI(PromQL(ALL), bad=PromQL(BAD)),
    "a ratio beside a threshold": ThresholdSLI(PromQL(f"{BAD} / {ALL}")),
}


@pytest.mark.parametrize(("written", "meant"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_difference_of_counters_is_what_it_leaves(written: SLI, meant: SLI) -> None:
    assert counted(written) == meant


@pytest.mark.parametrize("sli", KEPT.values(), ids=KEPT.keys())
def test_what_is_no_ratio_of_its_own_stays(sli: SLI) -> None:
    assert counted(sli) == sli


def test_a_spec_with_a_raw_ratio_is_read_as_its_events(tmp_path: Path) -> None:
    query = "sum(rate(bad[{{.window}}])) / sum(rate(all[{{.window}}]))"
    (tmp_path / "slo.yaml").write_text(REFERRED.replace("failures:ratio", f'"{query}"'))
    (slo,) = load_spec([tmp_path]).slos
    assert slo.sli == events("bad", "all", good=False)
