"""Conversion of a ratio that is one PromQL expression to its events, if that is exact.

``bad / total``, ``1 - good / total`` and ``(total - bad) / total`` of summed rates are ratios of events that
can be counted from raw samples without extrapolation. Prometheus evaluates all other expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser as parser

from slo.model import SLI, EventsSLI, PromQL, RawRatioSLI
from slo.promql.expressions import ALL_LABELS, GroupingLabels, Matcher, PromQLError, Selector, SelectorSum
from slo.promql.parser import parse_sum, parse_syntax_tree, strip_fallback


@dataclass(frozen=True, slots=True)
class EventRatio:
    """The ratio ``part / total``; ``is_complement``: ``1 - part / total``."""

    part: Selector
    total: Selector
    is_complement: bool = False


def convert_to_events(sli: SLI) -> SLI:
    """Return the events behind a ratio or a difference of counters; any other indicator unchanged.

    An indicator that is not PromQL is unchanged too: :func:`slo.promql.plan_queries` reports it.
    """
    try:
        match sli:
            case RawRatioSLI(raw=raw, success=success):
                ratio = parse_event_ratio(raw.query)
                return _to_events_sli(ratio, is_good=success is not ratio.is_complement) if ratio else sli
            case EventsSLI(counter=True):
                return _convert_difference(sli)
            case _:
                return sli
    except PromQLError:
        return sli


def parse_event_ratio(text: str) -> EventRatio | None:
    """Parse a ratio of two summed rates; ``None`` for any other expression.

    Raises:
        PromQLError: ``text`` is not PromQL, or selects another time than the window.
    """
    return _parse_ratio(parse_syntax_tree(text))


def _to_events_sli(ratio: EventRatio, *, is_good: bool) -> EventsSLI:
    part = PromQL(str(ratio.part))
    return EventsSLI(PromQL(str(ratio.total)), part if is_good else None, None if is_good else part)


def _convert_difference(sli: EventsSLI) -> EventsSLI:
    """Convert bad events ``total - good`` to good events, and good events ``total - bad`` to bad events."""
    metric = sli.good or sli.bad
    difference = _parse_difference(parse_syntax_tree(metric.query)) if metric else None
    total = parse_sum(parse_syntax_tree(sli.total.query))
    if difference is None or total is None:
        return sli
    whole, part = difference
    if whole.rate != total.rate or not _is_same_selector(whole.selector, total.selector):
        return sli
    return _to_events_sli(EventRatio(part.selector, total.selector), is_good=sli.good is None)


def _parse_ratio(node: parser.Expr) -> EventRatio | None:
    node = strip_fallback(node)
    if not isinstance(node, parser.BinaryExpr):
        return None
    if str(node.op) == "-" and _is_number(node.lhs, 1):
        inner = _parse_ratio(node.rhs)
        return EventRatio(inner.part, inner.total, not inner.is_complement) if inner else None
    return _parse_quotient(node) if str(node.op) == "/" else None


def _parse_quotient(node: parser.BinaryExpr) -> EventRatio | None:
    total = parse_sum(_strip_positive_filter(node.rhs))
    if total is None or not _is_default_matching(node.modifier, total.labels):
        return None
    if difference := _parse_difference(node.lhs):
        whole, remainder = difference
        is_same = whole.labels == total.labels and whole.rate == total.rate
        is_same = is_same and _is_same_selector(whole.selector, total.selector)
        return EventRatio(remainder.selector, total.selector, is_complement=True) if is_same else None
    part = parse_sum(node.lhs)
    if part is None or not _are_comparable(part, total):
        return None
    return EventRatio(part.selector, total.selector)


def _parse_difference(node: parser.Expr) -> tuple[SelectorSum, SelectorSum] | None:
    """Parse ``whole - part`` of two comparable sums as (whole, part)."""
    node = strip_fallback(node)
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "-":
        return None
    whole, part = parse_sum(node.lhs), parse_sum(node.rhs)
    if (
        whole is None
        or part is None
        or not _are_comparable(part, whole)
        or not _is_default_matching(node.modifier, whole.labels)
    ):
        return None
    return whole, part


def _are_comparable(part: SelectorSum, total: SelectorSum) -> bool:
    """Return whether two sums of rates have the same groups, each with the events of that group only.

    Matchers of a grouping label must be the same: ``sum by (code) (x{code="500"}) / sum by (code) (x)`` is 1.
    """
    if part.rate is None or part.rate != total.rate:
        return False
    if part.labels != total.labels or part.labels == ALL_LABELS:
        return False
    return _list_group_matchers(part) == _list_group_matchers(total)


def _list_group_matchers(total: SelectorSum) -> set[Matcher]:
    return {matcher for matcher in total.selector.matchers if matcher.label in total.labels}


def _is_default_matching(modifier: parser.BinModifier | None, labels: GroupingLabels) -> bool:
    """Return whether ``on``, ``ignoring`` and ``group_left`` match the same groups as without them."""
    if modifier is None:
        return True
    fills = (modifier.fill_values.lhs, modifier.fill_values.rhs)
    if modifier.group_labels or modifier.return_bool or fills != (None, None):
        return False
    if modifier.matching is None:
        return True
    names = frozenset(modifier.matching.labels)
    if modifier.matching.type == parser.LabelModifierType.Include:
        return labels == GroupingLabels(names)
    return not any(name in labels for name in names)


def _strip_positive_filter(node: parser.Expr) -> parser.Expr:
    """Return a total without ``> 0``: without events there is no ratio in either case."""
    node = strip_fallback(node)
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != ">" or not _is_number(node.rhs, 0):
        return node
    return node if node.modifier and node.modifier.return_bool else node.lhs


def _is_number(node: parser.Expr, value: float) -> bool:
    node = strip_fallback(node)
    return isinstance(node, parser.NumberLiteral) and node.val == value


def _is_same_selector(first: Selector, second: Selector) -> bool:
    return first.metric == second.metric and set(first.matchers) == set(second.matchers)
