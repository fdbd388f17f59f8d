"""PromQL for the bad events and for all events that one evaluation of the rules counts.

Counters are counted once a minute, over the last five minutes or over the time slice. Longer windows are sums
of these counts, so each window is weighted by events. A series that is new in the range counts from zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import promql_parser as parser

from slo.model import (
    BASE_WINDOW_SECONDS,
    SLO,
    BudgetingMethod,
    EventsSLI,
    Objective,
    Op,
    RawRatioSLI,
    format_decimal,
    format_duration,
    list_bound_spellings,
    to_exact_fraction,
)
from slo.promql import (
    Expression,
    GroupingLabels,
    Matcher,
    PercentileIndicator,
    Selector,
    SelectorSum,
    fill_window,
    parse_indicator,
    parse_sum,
    parse_syntax_tree,
    strip_fallback,
)

SLICE_SAMPLE_SECONDS = 15
"""Step at which the samples of a gauge inside a slice are read."""
_BAD_OPERATORS = {Op.LTE: ">", Op.LT: ">=", Op.GTE: "<", Op.GT: "<="}


@dataclass(frozen=True, slots=True)
class EventQueries:
    """PromQL of ``bad`` and ``total`` events, one element without labels, and of ``absent`` series.

    ``is_over_range``: the counts are of the last five minutes, not of one instant. Bad events computed as
    total - good may be negative: scrape targets are scraped at different times, so an event may be in total
    before it is in good. Longer windows cancel this out; clamping each evaluation at 0 would not.
    """

    bad: str
    total: str
    absent: str
    is_over_range: bool = False


def build_event_queries(slo: SLO, objective: Objective) -> EventQueries:
    """Build the queries of one evaluation for an objective of an SLO that rules support."""
    queries = _build_range_queries(slo, objective, _choose_range_seconds(objective))
    if slo.budgeting is BudgetingMethod.OCCURRENCES:
        return replace(queries, is_over_range=has_counted_events(slo))
    if has_counted_events(slo):
        # A slice of less than two scrapes shows no increase, although the metric is there.
        queries = replace(queries, absent=f"{queries.absent}\nor\nmax(absent({queries.total}))")
    ratio = f"({queries.bad}) / ({queries.total} > 0)"
    if slo.budgeting is BudgetingMethod.TIMESLICES and objective.time_slice_target is not None:
        allowed = format_decimal(1 - to_exact_fraction(objective.time_slice_target))
        return replace(queries, bad=f"{ratio} > bool {allowed}", total=f"count({queries.total} > 0)")
    return replace(queries, bad=ratio, total=f"count({queries.total} > 0)")


def has_counted_events(slo: SLO) -> bool:
    """Whether events are counted over a range; otherwise values of one instant are compared."""
    return isinstance(slo.sli, EventsSLI) or isinstance(parse_indicator(slo.sli), PercentileIndicator)


def find_complement_selector(slo: SLO) -> Selector | None:
    """Return the selector that total adds to good (or bad) events; ``None`` if total is not such a sum.

    slo-generator's ``filter_bad`` becomes such a total: no single selector has all events.

    Raises:
        PromQLError: the total is not PromQL, or it reads another time than the window.
    """
    if not isinstance(slo.sli, EventsSLI) or not slo.sli.counter:
        return None
    expressions = parse_indicator(slo.sli).expressions
    summands = _parse_rate_sum(strip_fallback(parse_syntax_tree(slo.sli.total.query)))
    known = expressions["good" if "good" in expressions else "bad"].selector
    return next((summands[1 - n] for n, summand in enumerate(summands) if summand == known), None)


def _parse_rate_sum(node: parser.Expr) -> tuple[Selector, ...]:
    """Parse the sum of two rates, each summed over all labels: then no labels have to match."""
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "+":
        return ()
    left, right = parse_sum(node.lhs), parse_sum(node.rhs)
    if left is None or right is None or left.rate != right.rate:
        return ()
    return (left.selector, right.selector) if _is_single_rate(left) and _is_single_rate(right) else ()


def _is_single_rate(aggregate: SelectorSum) -> bool:
    return aggregate.rate is not None and aggregate.labels == GroupingLabels()


def _choose_range_seconds(objective: Objective) -> int:
    return round(objective.time_slice_seconds) if objective.time_slice_seconds else BASE_WINDOW_SECONDS


def _build_range_queries(slo: SLO, objective: Objective, seconds: int) -> EventQueries:
    span = format_duration(seconds)
    indicator = parse_indicator(slo.sli)
    expressions = indicator.expressions
    complement = find_complement_selector(slo)
    match slo.sli:
        case EventsSLI() if complement:
            return _build_good_plus_bad_queries(expressions, complement, span)
        case EventsSLI(counter=counter):
            return _build_ratio_queries(expressions, span, counter=counter)
        case RawRatioSLI(success=success):
            return _build_raw_ratio_queries(_fill_range(expressions["raw"], seconds), success=success)
        case _ if isinstance(indicator, PercentileIndicator):
            good, total = select_buckets(indicator.buckets, objective)
            return _build_good_of_total_queries(good, total, span)
        case _:
            query = _fill_range(expressions["metric"], seconds)
            is_sliced = slo.budgeting is not BudgetingMethod.OCCURRENCES
            return _build_threshold_queries(query, objective, span, is_sliced=is_sliced)


# --- Counters -----------------------------------------------------------------------------------


def _build_ratio_queries(expressions: Mapping[str, Expression], span: str, *, counter: bool) -> EventQueries:
    total = require_selector(expressions["total"])
    absent = f"max(absent({total}))"
    if not counter:
        sums = {
            name: f"sum(sum_over_time({expression.selector}[{span}]))"
            for name, expression in expressions.items()
        }
        if "bad" in sums:
            return EventQueries(f"{sums['bad']} or vector(0)", sums["total"], absent)
        return EventQueries(f"{sums['total']} - ({sums['good']} or vector(0))", sums["total"], absent)
    if "good" in expressions:
        return _build_good_of_total_queries(require_selector(expressions["good"]), total, span)
    bad = f"{build_increase_query(require_selector(expressions['bad']), span)} or vector(0)"
    return EventQueries(bad, build_increase_query(total, span), absent)


def _build_good_plus_bad_queries(
    expressions: Mapping[str, Expression], complement: Selector, span: str
) -> EventQueries:
    """Count good and bad events separately; one of them may have no series yet, so absent needs both."""
    part_name = "good" if "good" in expressions else "bad"
    selectors = (require_selector(expressions[part_name]), complement)
    part, rest = (f"({build_increase_query(selector, span)} or vector(0))" for selector in selectors)
    absent = " and ".join(f"max(absent({selector}))" for selector in selectors)
    return EventQueries(rest if part_name == "good" else part, f"{part} + {rest}", absent)


def _build_good_of_total_queries(good: Selector, total: Selector, span: str) -> EventQueries:
    """Count bad events as total - good.

    A bucket exists as soon as its histogram does: a missing bucket means a wrong bound, reported as absent.
    """
    is_bucket = any(matcher.label == "le" for matcher in good.matchers)
    total_increase, good_increase = build_increase_query(total, span), build_increase_query(good, span)
    if is_bucket:
        absent = f"max(absent({total}) or absent({good}))"
        return EventQueries(f"{total_increase} - {good_increase}", total_increase, absent)
    bad = f"{total_increase} - ({good_increase} or vector(0))"
    return EventQueries(bad, total_increase, f"max(absent({total}))")


def build_increase_query(counter: Selector, span: str) -> str:
    """Build a query of a counter's increase that includes the first value of each new series.

    ``increase`` can't see a first value. A series is new when it did not exist at the start of the range and
    its scrape target was scraped more often than the series was seen. The counters of a scrape target that is
    new to Prometheus are excluded: their values are from before.
    """
    jobs = ",".join(str(matcher) for matcher in counter.matchers if matcher.label == "job")
    scrapes = f"max by (job, instance) (sum_over_time({f'up{{{jobs}}}' if jobs else 'up'}[{span}]))"
    # The label distinguishes a first value from the increase of the same series, so that sum() adds both.
    return f"""sum(
  increase({counter}[{span}])
  or
  label_replace(
    min_over_time({counter}[{span}])
    and (count_over_time({counter}[{span}]) < on (job, instance) group_left () {scrapes})
    unless ({counter} offset {span}),
    "proofload_part", "first value", "", ""
  )
)"""


def select_buckets(buckets: Selector, objective: Objective) -> tuple[Selector, Selector]:
    """Return the selectors of the bucket at an objective's threshold and of the ``+Inf`` bucket."""
    selector = _match_all_spellings(buckets)
    bound = _match_bucket_bound(repr(objective.threshold or 0.0))
    good, total = ((*selector.matchers, matcher) for matcher in (bound, Matcher("le", "=", "+Inf")))
    return Selector(selector.metric, good), Selector(selector.metric, total)


def _match_bucket_bound(bound: str) -> Matcher:
    """Match a bucket bound in every exporter's spelling: Go writes ``1``, Python and Prometheus 3 ``1.0``."""
    others = list_bound_spellings(bound)
    spellings = sorted({bound, *others})
    return Matcher("le", "=~", "|".join(map(re.escape, spellings))) if others else Matcher("le", "=", bound)


def _fill_range(expression: Expression, seconds: int) -> str:
    """Return an expression with its window set; a comment is ended, as text is appended to it."""
    text = fill_window(expression.text, seconds)
    return f"{text}\n" if "#" in text else text


def require_selector(expression: Expression) -> Selector:
    """Return an expression's selector; a matcher on a bucket bound matches every spelling of the bound.

    Raises:
        TypeError: the expression has no selector.
    """
    if expression.selector is None:
        raise TypeError(f"{expression.text!r} has no selector")
    return _match_all_spellings(expression.selector)


def _match_all_spellings(selector: Selector) -> Selector:
    matchers = (
        _match_bucket_bound(matcher.value) if (matcher.label, matcher.op) == ("le", "=") else matcher
        for matcher in selector.matchers
    )
    return replace(selector, matchers=tuple(matchers))


# --- Values -------------------------------------------------------------------------------------


def _build_raw_ratio_queries(query: str, *, success: bool) -> EventQueries:
    """Weight each evaluation equally: a ratio has no number of events. NaN is dropped."""
    ratio = f"avg({query}) >= 0 <= 1"
    return EventQueries(f"1 - ({ratio})" if success else ratio, f"count({ratio})", f"max(absent({query}))")


def _build_threshold_queries(query: str, objective: Objective, span: str, *, is_sliced: bool) -> EventQueries:
    """Count the series (in a slice: the samples) that violate the threshold; NaN is not counted."""
    limit = format_decimal(Fraction(repr(objective.threshold or 0.0)))
    valid = f"(({query}) == ({query}))"
    bad = f"{valid} {_BAD_OPERATORS[objective.op or Op.LTE]} bool {limit}"
    absent = f"max(absent({query}))"
    if not is_sliced:
        return EventQueries(f"sum({bad})", f"count({valid})", absent)
    subquery = f"[{span}:{SLICE_SAMPLE_SECONDS}s]"
    return EventQueries(
        f"sum(sum_over_time(({bad}){subquery}))", f"sum(count_over_time({valid}{subquery}))", absent
    )
