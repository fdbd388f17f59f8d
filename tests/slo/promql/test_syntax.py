"""What PromQL means, as far as raw samples can give it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.promql.query_variables import filled
from slo.promql.syntax import Matcher, PromQLError, Selector, Shape, parse, selectors_in

H = "x_seconds_bucket"
MEANINGS: dict[str, tuple[str, Shape, str | None]] = {
    "a bare counter": ('x{a="b"}', Shape.SELECTOR, 'x{a="b"}'),
    "a selector in brackets": ("((x))", Shape.SELECTOR, "x"),
    "a summed rate of a fixed window": ("sum(rate(x[5m]))", Shape.INCREASE, "x"),
    "Sloth's window": ("sum(rate(x[{{.window}}]))", Shape.INCREASE, "x"),
    "a window with spaces and a capital": ("sum(rate(x[{{ .Window }}]))", Shape.INCREASE, "x"),
    "a window as a variable in braces": ("sum(rate(x[{{ $window }}]))", Shape.INCREASE, "x"),
    "a window as a variable": ("sum(increase(x[$window]))", Shape.INCREASE, "x"),
    "a window as another variable": ("sum(increase(x[${window}]))", Shape.INCREASE, "x"),
    "Grafana's rate interval": ("rate(x[$__rate_interval])", Shape.INCREASE, "x"),
    "Grafana's range": ("increase(x[$__range])", Shape.INCREASE, "x"),
    "sums of sums": ("sum by (a) (sum without (b) (sum by (a, c) (rate(x[5m]))))", Shape.INCREASE, "x"),
    "a sum without a label": ("sum without (instance) (rate(x[5m]))", Shape.INCREASE, "x"),
    "a sum that is 0 when absent": ("sum(rate(x[5m])) or vector(0)", Shape.INCREASE, "x"),
    "a sum that is 0 when absent, as Sloth has it": (
        "sum(rate(x[5m])) OR on() vector(0)",
        Shape.INCREASE,
        "x",
    ),
    "a sum of what is 0 when absent": ("sum(rate(x[5m]) or vector(0))", Shape.INCREASE, "x"),
    "a sum of what counts one more": ("sum(rate(x[5m]) or vector(1))", Shape.OPAQUE, None),
    "a gauge with one more series": ("x or vector(0)", Shape.OPAQUE, None),
    "a sum that is another when absent": ("sum(x) or sum(y)", Shape.OPAQUE, None),
    "the last two samples": ("sum(irate(x[5m]))", Shape.OPAQUE, None),
    "an average": ("avg(rate(x[5m]))", Shape.OPAQUE, None),
    "a rate of a sum": ("rate(sum(x)[5m:1m])", Shape.OPAQUE, None),
    "two counters": ("sum(rate(x[5m])) + sum(rate(y[5m]))", Shape.OPAQUE, None),
    "a percentile": (f"histogram_quantile(0.9, sum by (le) (rate({H}[5m])))", Shape.QUANTILE, H),
    "a percentile of sums": (
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
    "a percentile of jobs by a pattern": (
        f'histogram_quantile(0.9, sum by (le, job) (rate({H}{{job=~"a"}}[5m])))',
        Shape.OPAQUE,
        None,
    ),
    "a percentile of each series": (f"histogram_quantile(0.9, rate({H}[5m]))", Shape.OPAQUE, None),
    "a percentile without a label": (
        f"histogram_quantile(0.9, sum without (instance) (rate({H}[5m])))",
        Shape.OPAQUE,
        None,
    ),
    "a percentile whose bounds were summed away": (
        f"histogram_quantile(0.9, sum by (le) (sum by (job) (rate({H}[5m]))))",
        Shape.OPAQUE,
        None,
    ),
    "a dollar that ends a pattern": ('x{path=~"/a$|/b$"}', Shape.SELECTOR, 'x{path=~"/a$|/b$"}'),
    "a dollar in a name": ('x{group="$Default"}', Shape.SELECTOR, 'x{group="$Default"}'),
    "a comment with a variable": ("x # of $job", Shape.SELECTOR, "x"),
}


@pytest.mark.parametrize(("text", "shape", "selector"), MEANINGS.values(), ids=MEANINGS.keys())
def test_an_expression_means(text: str, shape: Shape, selector: str | None) -> None:
    found = parse(text)
    assert (found.shape, found.selector and str(found.selector)) == (shape, selector)
    assert found.text == text


REFUSED = {
    "another variable as the range": ("sum(rate(x[$foo]))", r"the template variable \$foo"),
    "a variable as a metric": ("sum(rate(${metric}[5m]))", r"the template variable \$\{metric\}"),
    "another of Sloth's variables": ("rate(x[{{ .Labels.x }}])", r"variable \{\{ .Labels.x \}\}"),
    "a variable as a job": ('x{job=~"$job"}', r"the template variable \$job"),
    "a variable inside a value": ('x{job="a-${env}"}', r"the template variable \$\{env\}"),
    "a variable inside one of several sets of matchers": ('x{a="b" or c="{{.d}}"}', r"\{\{.d\}\}"),
    "another time in the parameter of an aggregation": ("topk(scalar(y offset 1h), x)", "another time"),
    "another time inside a sum": ("sum(sum(rate(x[5m] offset 1h)))", "another time"),
    "a duration that is none": ("x offset nan", "is not PromQL"),
    "a duration beyond all time": ("rate(x[1e300])", "is not PromQL"),
    "brackets without end": ("(" * 100_000 + "x" + ")" * 100_000, "200001 characters is too long"),
    "many sums of one": ("sum(" * 700 + "x" + ")" * 700, "nested more than 200 levels deep"),
    "a long chain": ("1" + "+1" * 1_500, "nested more than 200 levels deep"),
    "a sum without end": ("x" + "+x" * 100_000, "too long"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_understood_is_named(text: str, says: str) -> None:
    with pytest.raises(PromQLError, match=says):
        parse(text)


PUBLIC: dict[str, tuple[str, str]] = {
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
    "OpenSLO v1alpha, the specification's": (
        'latency_west_c7{code="ALL",instance="localhost:3000",job="prometheus"}',
        "exact",
    ),
    "Grafana: a variable of the dashboard": (
        'sum(rate(http_requests_total{job=~"$job"}[$__rate_interval]))',
        "refused",
    ),
    "Sloth, plugins: a filter": ("sum(rate(http_requests_total{ {{.filter}} }[{{.window}}]))", "refused"),
}


def _how(text: str) -> str:
    try:
        return "approximate" if parse(text).shape is Shape.OPAQUE else "exact"
    except PromQLError:
        return "refused"


@pytest.mark.parametrize(("text", "how"), PUBLIC.values(), ids=PUBLIC.keys())
def test_expressions_in_the_wild(text: str, how: str) -> None:
    """Of the examples of Sloth, OpenSLO and Grafana."""
    assert _how(text) == how


def test_a_long_list_of_values_is_no_long_expression() -> None:
    pods = "|".join(f"pod-{n}" for n in range(5_000))
    assert parse(f'x{{pod=~"{pods}"}}').shape is Shape.SELECTOR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_over_time(x[{{.window}}:])", "max_over_time(x[31s:])"),
        ("max(rate(x[$window])) / max(rate(y[ ${__range} ]))", "max(rate(x[31s])) / max(rate(y[ 31s ]))"),
        ("x{a=\"$window\", b='[$window]'} # $window", "x{a=\"$window\", b='[$window]'} # $window"),
    ],
)
def test_the_window_is_filled_in_whole_seconds(text: str, expected: str) -> None:
    assert filled(text, 30.2) == expected
    assert filled("[$window]", 0) == "[1s]"


def test_selectors_are_found_in_parameters_and_templates() -> None:
    found = selectors_in("quantile(scalar(level), rate(x[$window]))")
    assert {str(selector) for selector in found} == {"level", "x"}


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: Selector(name) in _read(name)
)
values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="{$"))
matchers = st.builds(Matcher, st.sampled_from(["job", "code", "le"]), st.sampled_from(["=", "!="]), values)
selectors = st.builds(Selector, names, st.lists(matchers, max_size=3).map(tuple))
ranges = st.sampled_from(["5m", "$window", "{{.window}}", "{{ .Window }}", "$__rate_interval", "1h30m"])
wrappings = st.lists(
    st.sampled_from(["sum({})", "({})", "sum by (job) ({})", "sum without (code) ({})", "({} or vector(0))"]),
    max_size=5,
)


def _read(name: str) -> tuple[Selector, ...]:
    """Read a name; keywords of PromQL are none."""
    try:
        return selectors_in(name)
    except PromQLError:
        return ()


@given(selector=selectors, span=ranges, function=st.sampled_from(["rate", "increase"]), around=wrappings)
def test_a_counter_is_the_same_whatever_is_summed_around_it(
    selector: Selector, span: str, function: str, around: list[str]
) -> None:
    text = f"{function}({selector}[{span}])"
    for wrapping in around:
        text = wrapping.replace("{}", text)
    found = parse(text)
    assert (found.shape, found.selector, found.rated) == (Shape.INCREASE, selector, True)


WORDS = """
sum rate x ( ) [ ] { } 5m , by without on ignoring group_left / - + or vector 0 1 offset @ nan 1e300 0.9 = =~
histogram_quantile "a" "$b" '[' ` # $window {{.window}} {{ $ ${x} start() bool > fill
"""
words = st.sampled_from(WORDS.split())


@given(st.one_of(st.lists(words, max_size=12).map(" ".join), st.text()))
def test_text_is_understood_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except PromQLError:
        return
    assert (found.selector is None) is (found.shape is Shape.OPAQUE)
