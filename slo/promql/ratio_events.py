"""From a ratio written as one PromQL expression to the events that it is a ratio of, where that is exact.

``bad / total``, ``1 - good / total`` and ``(total - bad) / total`` of summed rates are counts of events: raw
samples give them without extrapolation. What is not surely the same is left to Prometheus.
"""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser as parser

from slo.model import SLI, EventsSLI, PromQL, RawRatioSLI
from slo.promql.grouping_labels import ALL_LABELS, Labels
from slo.promql.syntax import PromQLError, Selector, Sum, bare, summed, syntax_tree


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``total``; ``rest``: the share of what is not ``part``."""

    part: Selector
    total: Selector
    rest: bool = False


def counted(sli: SLI) -> SLI:
    """Give the events of an indicator that is written as a ratio or as a difference of counters; else itself.

    What is no PromQL stays as it is: :func:`slo.queries.plan` says so.
    """
    try:
        match sli:
            case RawRatioSLI(raw=raw, success=success):
                share = share_in(raw.query)
                return _events(share, good=success is not share.rest) if share else sli
            case EventsSLI(counter=True):
                return _of_difference(sli)
            case _:
                return sli
    except PromQLError:
        return sli


def share_in(text: str) -> Share | None:
    """Read a ratio of two summed rates.

    Raises:
        PromQLError: it is not PromQL, or looks at another time than the window.
    """
    return _share(syntax_tree(text))


def _events(share: Share, *, good: bool) -> EventsSLI:
    part = PromQL(str(share.part))
    return EventsSLI(PromQL(str(share.total)), part if good else None, None if good else part)


def _of_difference(sli: EventsSLI) -> EventsSLI:
    """Read ``total - good`` as the bad events that it leaves, and ``total - bad`` as the good ones."""
    given = sli.good or sli.bad
    rest = _difference(syntax_tree(given.query)) if given else None
    total = summed(syntax_tree(sli.total.query))
    if (
        rest is None
        or total is None
        or rest[0].rate != total.rate
        or not _same(rest[0].selector, total.selector)
    ):
        return sli
    return _events(Share(rest[1].selector, total.selector), good=sli.good is None)


def _share(node: parser.Expr) -> Share | None:
    node = bare(node)
    if not isinstance(node, parser.BinaryExpr):
        return None
    if str(node.op) == "-" and _is_number(node.lhs, 1):
        inner = _share(node.rhs)
        return Share(inner.part, inner.total, not inner.rest) if inner else None
    return _quotient(node) if str(node.op) == "/" else None


def _quotient(node: parser.BinaryExpr) -> Share | None:
    total = summed(_unfiltered(node.rhs))
    if total is None or not _plain(node.modifier, total.labels):
        return None
    if rest := _difference(node.lhs):
        whole, part = rest
        same = whole.labels == total.labels and whole.rate == total.rate
        same = same and _same(whole.selector, total.selector)
        return Share(part.selector, total.selector, rest=True) if same else None
    part_alone = summed(node.lhs)
    if part_alone is None or not _comparable(part_alone, total):
        return None
    return Share(part_alone.selector, total.selector)


def _difference(node: parser.Expr) -> tuple[Sum, Sum] | None:
    """Read ``whole - part``, both counted alike."""
    node = bare(node)
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "-":
        return None
    whole, part = summed(node.lhs), summed(node.rhs)
    if (
        whole is None
        or part is None
        or not _comparable(part, whole)
        or not _plain(node.modifier, whole.labels)
    ):
        return None
    return whole, part


def _comparable(part: Sum, total: Sum) -> bool:
    """Tell whether two sums of rates have the same groups, and hold in each what belongs to that group.

    Matchers on a label that is left have to agree: ``sum by (code) (x{code="500"}) / sum by (code) (x)``
    is 1.
    """
    if part.rate is None or part.rate != total.rate:
        return False
    if part.labels != total.labels or part.labels == ALL_LABELS:
        return False
    left = [{m for m in one.selector.matchers if m.label in one.labels} for one in (part, total)]
    return left[0] == left[1]


def _plain(modifier: parser.BinModifier | None, labels: Labels) -> bool:
    """Tell whether ``on``, ``ignoring`` and ``group_left`` match the groups as would be without them."""
    if modifier is None:
        return True
    fills = (modifier.fill_values.lhs, modifier.fill_values.rhs)
    if modifier.group_labels or modifier.return_bool or fills != (None, None):
        return False
    if modifier.matching is None:
        return True
    names = frozenset(modifier.matching.labels)
    if modifier.matching.type == parser.LabelModifierType.Include:
        return labels == Labels(names)
    return not any(name in labels for name in names)


def _unfiltered(node: parser.Expr) -> parser.Expr:
    """Take ``> 0`` off a total: no events are no ratio, with or without it."""
    node = bare(node)
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != ">" or not _is_number(node.rhs, 0):
        return node
    return node if node.modifier and node.modifier.return_bool else node.lhs


def _is_number(node: parser.Expr, value: float) -> bool:
    node = bare(node)
    return isinstance(node, parser.NumberLiteral) and node.val == value


def _same(one: Selector, other: Selector) -> bool:
    return one.metric == other.metric and set(one.matchers) == set(other.matchers)
