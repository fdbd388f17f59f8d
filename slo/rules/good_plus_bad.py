"""Totals written as good + bad: slo-generator's ``filter_bad``, where no one selector names all events."""

from __future__ import annotations

import promql_parser as parser

from slo.model import SLO, EventsSLI
from slo.promql.grouping_labels import Labels
from slo.promql.query_plan import expression
from slo.promql.syntax import Selector, Sum, bare, summed, syntax_tree


def other_half(slo: SLO) -> Selector | None:
    """Select what an SLO's total adds to its good (or bad) events; ``None`` where it is no sum of the two.

    Raises:
        PromQLError: the total is not PromQL, or looks at another time than the window.
    """
    if not isinstance(slo.sli, EventsSLI) or not slo.sli.counter:
        return None
    part = slo.sli.good or slo.sli.bad
    halves = _halves(bare(syntax_tree(slo.sli.total.query)))
    known = expression(part).selector if part else None
    return next((halves[1 - n] for n, half in enumerate(halves) if half == known), None)


def _halves(node: parser.Expr) -> tuple[Selector, ...]:
    """Read the sum of two rates, each added up to one number: then nothing is left that has to match."""
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "+":
        return ()
    left, right = summed(node.lhs), summed(node.rhs)
    if left is None or right is None or not (_is_one(left) and _is_one(right) and left.rate == right.rate):
        return ()
    return left.selector, right.selector


def _is_one(found: Sum) -> bool:
    return found.rate is not None and found.labels == Labels()
