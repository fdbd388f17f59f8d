"""Names that only Prometheus 3 accepts: what is parsed and written again means the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slo.model import HistogramQuantile, ThresholdSLI, format_series_name
from slo.promql import (
    Matcher,
    PromQLError,
    Selector,
    find_quoted_names,
    find_read_metrics,
    list_selectors,
    parse_expression,
    parse_indicator,
    parse_selector,
    select_created_timestamps,
)
from tests.support.promql_names import SELECTORS

WRITTEN = {
    "a name that needs no quotes": ('{"requests_total",code="200"}', 'requests_total{code="200"}'),
    "a name given as a matcher": ('{code="200",__name__="requests_total"}', 'requests_total{code="200"}'),
    "a metric name with dots": ('{"http.server.requests"}', '{"http.server.requests"}'),
    "a metric name with dots, given as a matcher": ('{__name__="a.b",c="d"}', '{"a.b",c="d"}'),
    "a label name with dots": ('requests_total{"http.status"="200"}', 'requests_total{"http.status"="200"}'),
    "both names with dots": (
        '{"http.server.requests", "http.status_code"="200"}',
        '{"http.server.requests","http.status_code"="200"}',
    ),
    "quotes, backslashes and line ends in names": (
        r'{"a\"b","c\\d\n"=~"e.*"}',
        r'{"a\"b","c\\d\n"=~"e.*"}',
    ),
    "the replacement character, which Prometheus refuses unless it is escaped": (
        r'{"a\ufffdb",c="\ufffd"}',
        r'{"a\ufffdb",c="\ufffd"}',
    ),
    "other scripts": ('{"日本","東京"!="大阪"}', '{"日本","東京"!="大阪"}'),
    "single quotes and backticks": ("{`a.b`,'c.d'='e'}", '{"a.b","c.d"="e"}'),
    "a metric named as a keyword": ('{"bool",a="b"}', '{__name__="bool",a="b"}'),
    "a metric named as a number": ('{__name__="Inf"}', '{__name__="Inf"}'),
    "a regular expression for the name": ('{__name__=~"a|b",c="d"}', '{__name__=~"a|b",c="d"}'),
}


@pytest.mark.parametrize(("text", "written"), WRITTEN.values(), ids=WRITTEN.keys())
def test_selector_is_written_with_quotes_where_needed(text: str, written: str) -> None:
    assert str(parse_selector(text)) == written
    assert str(parse_selector(written)) == written


@given(SELECTORS)
def test_a_written_selector_is_parsed_as_the_same(selector: Selector) -> None:
    try:
        parsed = parse_selector(str(selector))
    except PromQLError as error:
        assume("template variable" not in str(error))
        raise
    assert parsed == selector


@given(SELECTORS)
def test_a_series_is_written_as_a_selector_of_it(selector: Selector) -> None:
    labels = {matcher.label: matcher.value for matcher in selector.matchers}
    assume(not any("$" in value or "{" in value for value in labels.values()))
    written = parse_selector(format_series_name(selector.metric, labels))
    assert (written.metric, {m.label: m.value for m in written.matchers}) == (selector.metric, labels)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_quoted_labels_of_a_sum_are_read(label: str) -> None:
    quoted = json.dumps(label, ensure_ascii=False)
    expression = parse_expression(f"sum by ({quoted}) (rate(x[5m]))")
    assert str(expression.selector) == "x"


DERIVED = {
    "buckets": ('{"http.server.duration",job="a"}', '{"http.server.duration_bucket",job="a"}'),
    "buckets of a name that needs no quotes": ('{"duration","a.b"="c"}', 'duration_bucket{"a.b"="c"}'),
}


@pytest.mark.parametrize(("histogram", "buckets"), DERIVED.values(), ids=DERIVED.keys())
def test_suffixes_are_part_of_the_quoted_name(histogram: str, buckets: str) -> None:
    indicator = parse_indicator(ThresholdSLI(HistogramQuantile(histogram, 0.9)))
    assert list(map(str, list_selectors(indicator))) == [buckets]


CREATED = {
    '{"a.b_total","c.d"="e"}': '{"a.b_created","c.d"="e"}',
    '{"a.b_bucket",le="1"}': '{"a.b_created"}',
    '{"a.b_count"}': '{"a.b_created"}',
    '{"a.b_sum"}': '{"a.b_created"}',
    '{"a.b"}': '{"a.b_created"}',
}


@pytest.mark.parametrize(("counter", "created"), CREATED.items())
def test_created_timestamps_have_the_quoted_name(counter: str, created: str) -> None:
    assert str(select_created_timestamps(parse_selector(counter))) == created


def test_histogram_without_a_name_is_refused() -> None:
    with pytest.raises(PromQLError, match="has no metric name"):
        parse_indicator(ThresholdSLI(HistogramQuantile('{job="a"}', 0.9)))


READ = {
    "several names": ("a + rate(b[5m])", ("a", "b")),
    "one name in two selectors": ('sum(rate(a{c="1"}[5m])) / sum(rate(a[5m]))', ("a",)),
    "a fallback has no name": ("sum(rate(a[1m])) or vector(0)", ("a",)),
    "a name in a subquery": ("max_over_time((rate(a[1m]) or vector(0))[5m:1m])", ("a",)),
    "names in a function's arguments": ("clamp(max(a), scalar(b), 1)", ("a", "b")),
    "the scrape job is kept": ('max(a{job="x",code="1"})', ('a{job="x"}',)),
    "a regular expression for the name": ('max({__name__=~"a_.*",c="1"})', ('{__name__=~"a_.*"}',)),
    "no name": ('max({code="1"})', ('{code="1"}',)),
    "a regular expression that matches no name, too": (
        'max({__name__=~"a?",code="1"})',
        ('{__name__=~"a?",code="1"}',),
    ),
    "names with dots": ('max({"a.b","c.d"="e"})', ('{"a.b"}',)),
    "only numbers": ("vector(1)", ()),
}


@pytest.mark.parametrize(("text", "metrics"), READ.values(), ids=READ.keys())
def test_metrics_that_an_expression_reads(text: str, metrics: tuple[str, ...]) -> None:
    assert find_read_metrics(text) == metrics


QUOTED = {
    "none": ("sum by (a) (rate(b[5m]))", ()),
    "of metric and label": ('{"a.b","c.d"="e",f="g.h"}', ("a.b", "c.d")),
    "of grouping labels": ('sum by ("a.b") (x) + max without ("c.d") (x)', ("a.b", "c.d")),
    "of matching labels": ('x / on("a.b") group_left("c.d") y', ("a.b", "c.d")),
}


@pytest.mark.parametrize(("text", "names"), QUOTED.values(), ids=QUOTED.keys())
def test_names_that_need_quotes(text: str, names: tuple[str, ...]) -> None:
    assert find_quoted_names(text) == names


def test_matcher_of_a_label_with_dots() -> None:
    assert str(Matcher("a.b", "!~", "c")) == '"a.b"!~"c"'
