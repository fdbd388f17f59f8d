"""The shape of PromQL expressions, and the messages for text that is not accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.promql import Matcher, PromQLError, Selector, Shape, fill_window, find_selectors, parse_expression

H = "x_seconds_bucket"
MEANINGS: dict[str, tuple[str, Shape, str | None]] = {
    "a plain counter": ('x{a="b"}', Shape.SELECTOR, 'x{a="b"}'),
    "a selector in parentheses": ("((x))", Shape.SELECTOR, "x"),
    "a sum of rates over a fixed range": ("sum(rate(x[5m]))", Shape.INCREASE, "x"),
    "Sloth's window variable": ("sum(rate(x[{{.window}}]))", Shape.INCREASE, "x"),
    "a window variable with spaces": (
        "sum(rate(x[{{ .Window }}]))",
        Shape.INCREASE,
        "x",
    ),
    "a window variable with a dollar sign in braces": ("sum(rate(x[{{ $window }}]))", Shape.INCREASE, "x"),
    "a window variable with a dollar sign": ("sum(increase(x[$window]))", Shape.INCREASE, "x"),
    "a window variable in ${}": ("sum(increase(x[${window}]))", Shape.INCREASE, "x"),
    "Grafana's rate interval": ("rate(x[$__rate_interval])", Shape.INCREASE, "x"),
    "Grafana's range": ("increase(x[$__range])", Shape.INCREASE, "x"),
    "sums of sums": ("sum by (a) (sum without (b) (sum by (a, c) (rate(x[5m]))))", Shape.INCREASE, "x"),
    "a sum without one label": ("sum without (instance) (rate(x[5m]))", Shape.INCREASE, "x"),
    "a sum with the fallback 0": ("sum(rate(x[5m])) or vector(0)", Shape.INCREASE, "x"),
    "a sum with the fallback 0, in Sloth's notation": (
        "sum(rate(x[5m])) OR on() vector(0)",
        Shape.INCREASE,
        "x",
    ),
    "a sum over a fallback 0": ("sum(rate(x[5m]) or vector(0))", Shape.INCREASE, "x"),
    "a sum over a fallback 1, which adds one more": ("sum(rate(x[5m]) or vector(1))", Shape.OPAQUE, None),
    "a gauge with a fallback: one more series": ("x or vector(0)", Shape.OPAQUE, None),
    "a sum with another sum as fallback": ("sum(x) or sum(y)", Shape.OPAQUE, None),
    "irate: the last two samples": ("sum(irate(x[5m]))", Shape.OPAQUE, None),
    "an average": ("avg(rate(x[5m]))", Shape.OPAQUE, None),
    "a rate of a sum": ("rate(sum(x)[5m:1m])", Shape.OPAQUE, None),
    "a sum of two counters": ("sum(rate(x[5m])) + sum(rate(y[5m]))", Shape.OPAQUE, None),
    "a percentile": (
        f"histogram_quantile(0.9, sum by (le) (rate({H}[5m])))",
        Shape.QUANTILE,
        H,
    ),
    "a percentile over nested sums": (
        f"histogram_quantile(0.9, sum by (le) (sum by (le, job) (rate({H}[$window]))))",
        Shape.QUANTILE,
        H,
    ),
    "a percentile of one job": (
        f'histogram_quantile(0.9, sum by (job, le) (rate({H}{{job="a"}}[5m])))',
        Shape.QUANTILE,
        f'{H}{{job="a"}}',
    ),
    "a percentile of each job": (
        f"histogram_quantile(0.9, sum by (le, job) (rate({H}[5m])))",
        Shape.OPAQUE,
        None,
    ),
    "a percentile of each job that matches a pattern": (
        f'histogram_quantile(0.9, sum by (le, job) (rate({H}{{job=~"a"}}[5m])))',
        Shape.OPAQUE,
        None,
    ),
    "a percentile of each series": (f"histogram_quantile(0.9, rate({H}[5m]))", Shape.OPAQUE, None),
    "a percentile summed without one label": (
        f"histogram_quantile(0.9, sum without (instance) (rate({H}[5m])))",
        Shape.OPAQUE,
        None,
    ),
    "a percentile of buckets summed without le": (
        f"histogram_quantile(0.9, sum by (le) (sum by (job) (rate({H}[5m]))))",
        Shape.OPAQUE,
        None,
    ),
    "a dollar sign at the end of a pattern": ('x{path=~"/a$|/b$"}', Shape.SELECTOR, 'x{path=~"/a$|/b$"}'),
    "a dollar sign in a plain value": ('x{group="$Default"}', Shape.SELECTOR, 'x{group="$Default"}'),
    "a variable in a comment": ("x # of $job", Shape.SELECTOR, "x"),
}


@pytest.mark.parametrize(("text", "shape", "selector"), MEANINGS.values(), ids=MEANINGS.keys())
def test_parse_expression_recognises_the_shape(text: str, shape: Shape, selector: str | None) -> None:
    expression = parse_expression(text)
    assert (expression.shape, expression.selector and str(expression.selector)) == (shape, selector)
    assert expression.text == text


REJECTED = {
    "an unknown variable as the range": ("sum(rate(x[$foo]))", r"the template variable \$foo"),
    "a variable as a metric": ("sum(rate(${metric}[5m]))", r"the template variable \$\{metric\}"),
    "another Sloth variable": ("rate(x[{{ .Labels.x }}])", r"variable \{\{ .Labels.x \}\}"),
    "a variable as the job": ('x{job=~"$job"}', r"the template variable \$job"),
    "a variable inside a value": ('x{job="a-${env}"}', r"the template variable \$\{env\}"),
    "a variable in an alternative set of matchers": ('x{a="b" or c="{{.d}}"}', r"\{\{.d\}\}"),
    "another time in an aggregation parameter": ("topk(scalar(y offset 1h), x)", "another time"),
    "another time inside a sum": ("sum(sum(rate(x[5m] offset 1h)))", "another time"),
    "an invalid duration": ("x offset nan", "is not PromQL"),
    "a duration that is too long": ("rate(x[1e300])", "is not PromQL"),
    "100,000 nested parentheses": ("(" * 100_000 + "x" + ")" * 100_000, "200001 characters is too long"),
    "700 nested sums": ("sum(" * 700 + "x" + ")" * 700, "nested more than 200 levels deep"),
    "a chain of 1,500 operators": ("1" + "+1" * 1_500, "nested more than 200 levels deep"),
    "a chain of 100,000 operators": ("x" + "+x" * 100_000, "too long"),
}


@pytest.mark.parametrize(("text", "message"), REJECTED.values(), ids=REJECTED.keys())
def test_rejected_text_is_named_in_the_message(text: str, message: str) -> None:
    with pytest.raises(PromQLError, match=message):
        parse_expression(text)


PUBLIC_EXAMPLES: dict[str, tuple[str, str]] = {
    "Sloth, getting started: errors": (
        'sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))',
        "exact",
    ),
    "Sloth, OpenSLO for the apiserver: fast": (
        'sum(rate(apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))',
        "exact",
    ),
    "Sloth, wifi at home: bad": (
        "sum_over_time((count(client_satisfaction_ratio < 0.75))[{{.window}}:]) OR on() vector(0)",
        "approximate",
    ),
    "OpenSLO for a probe": (
        'count_over_time(up{a="b"}[{{.window}}]) - changes(up{a="b"}[{{.window}}])',
        "approximate",
    ),
    "Grafana: rate of an interval": ("sum by (job) (rate(http_requests_total[$__rate_interval]))", "exact"),
    "OpenSLO v1alpha: the specification": (
        'latency_west_c7{code="ALL",instance="localhost:3000",job="prometheus"}',
        "exact",
    ),
    "Grafana: a variable of the dashboard": (
        'sum(rate(http_requests_total{job=~"$job"}[$__rate_interval]))',
        "rejected",
    ),
    "Sloth, plugins: a filter": ("sum(rate(http_requests_total{ {{.filter}} }[{{.window}}]))", "rejected"),
}


def _classify(text: str) -> str:
    try:
        return "approximate" if parse_expression(text).shape is Shape.OPAQUE else "exact"
    except PromQLError:
        return "rejected"


@pytest.mark.parametrize(("text", "evaluation"), PUBLIC_EXAMPLES.values(), ids=PUBLIC_EXAMPLES.keys())
def test_public_examples_are_classified(text: str, evaluation: str) -> None:
    """The expressions are from the examples of Sloth, OpenSLO and Grafana."""
    assert _classify(text) == evaluation


def test_quoted_text_does_not_count_towards_the_length_limit() -> None:
    pods = "|".join(f"pod-{n}" for n in range(5_000))
    assert parse_expression(f'x{{pod=~"{pods}"}}').shape is Shape.SELECTOR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_over_time(x[{{.window}}:])", "max_over_time(x[31s:])"),
        ("max(rate(x[$window])) / max(rate(y[ ${__range} ]))", "max(rate(x[31s])) / max(rate(y[ 31s ]))"),
        ("x{a=\"$window\", b='[$window]'} # $window", "x{a=\"$window\", b='[$window]'} # $window"),
    ],
)
def test_window_variables_become_whole_seconds(text: str, expected: str) -> None:
    assert fill_window(text, 30.2) == expected
    assert fill_window("[$window]", 0) == "[1s]"


def test_find_selectors_searches_parameters_and_window_variables() -> None:
    selectors = find_selectors("quantile(scalar(level), rate(x[$window]))")
    assert {str(selector) for selector in selectors} == {"level", "x"}


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: Selector(name) in _find_selectors_or_none(name)
)
values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="{$"))
matchers = st.builds(Matcher, st.sampled_from(["job", "code", "le"]), st.sampled_from(["=", "!="]), values)
selectors = st.builds(Selector, names, st.lists(matchers, max_size=3).map(tuple))
ranges = st.sampled_from(["5m", "$window", "{{.window}}", "{{ .Window }}", "$__rate_interval", "1h30m"])
wrapping_lists = st.lists(
    st.sampled_from(["sum({})", "({})", "sum by (job) ({})", "sum without (code) ({})", "({} or vector(0))"]),
    max_size=5,
)


def _find_selectors_or_none(name: str) -> tuple[Selector, ...]:
    """Return the selectors in a name; a PromQL keyword has none."""
    try:
        return find_selectors(name)
    except PromQLError:
        return ()


@given(
    selector=selectors,
    range_text=ranges,
    function=st.sampled_from(["rate", "increase"]),
    wrappings=wrapping_lists,
)
def test_sums_and_fallbacks_around_a_rate_do_not_change_its_meaning(
    selector: Selector, range_text: str, function: str, wrappings: list[str]
) -> None:
    text = f"{function}({selector}[{range_text}])"
    for wrapping in wrappings:
        text = wrapping.replace("{}", text)
    expression = parse_expression(text)
    assert (expression.shape, expression.selector, expression.has_rate) == (Shape.INCREASE, selector, True)


WORDS = """
sum rate x ( ) [ ] { } 5m , by without on ignoring group_left / - + or vector 0 1 offset @ nan 1e300 0.9 = =~
histogram_quantile "a" "$b" '[' ` # $window {{.window}} {{ $ ${x} start() bool > fill
"""
words = st.sampled_from(WORDS.split())


@given(st.one_of(st.lists(words, max_size=12).map(" ".join), st.text()))
def test_arbitrary_text_is_parsed_or_raises_promql_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except PromQLError:
        return
    assert (expression.selector is None) is (expression.shape is Shape.OPAQUE)
