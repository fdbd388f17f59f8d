"""Which PromQL expressions have a meaning that raw samples give exactly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import promql_parser as parser

_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


class PromQLError(ValueError):
    """An expression that is not PromQL, or that this project refuses to judge."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher; ``op`` is ``=``, ``!=``, ``=~`` or ``!~``."""

    label: str
    op: str
    value: str

    def __str__(self) -> str:
        """Give the matcher as PromQL."""
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.op}"{escaped}"'


@dataclass(frozen=True, slots=True)
class Selector:
    """An instant vector selector: a metric name (empty when only matchers name it) and matchers."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        """Give the selector as PromQL, in one form whatever way it was written."""
        inside = ",".join(map(str, self.matchers))
        return f"{self.metric}{{{inside}}}" if inside else self.metric

    def named(self, metric: str) -> Selector:
        """Give the same matchers on another metric."""
        return Selector(metric, self.matchers)


class Shape(StrEnum):
    """What an expression means, as far as raw samples can give it exactly."""

    SELECTOR = "selector"
    INCREASE = "increase"
    QUANTILE = "quantile"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    ``SELECTOR``: the selector itself. ``INCREASE``: ``rate`` or ``increase`` of it, summed or not, or a
    sum of it. ``QUANTILE``: ``histogram_quantile`` at ``quantile`` over the summed buckets that
    ``selector`` (with its ``_bucket`` suffix) names. ``OPAQUE``: anything else.
    """

    text: str
    shape: Shape
    selector: Selector | None = None
    quantile: float | None = None
    rated: bool = False
    """A ``rate`` or ``increase`` is taken of the selector, which is thereby said to be a counter."""


def selectors_in(text: str) -> tuple[Selector, ...]:
    """List the selectors anywhere inside an expression.

    Raises:
        PromQLError: it is not PromQL.
    """
    found = (_selector(node) for node in _nodes(_parsed(text)))
    return tuple(selector for selector in found if selector)


def parse(text: str) -> Expression:
    """Parse PromQL and recognise its shape.

    Raises:
        PromQLError: it is not PromQL, or uses ``offset`` or ``@`` (the window is the run's own).
    """
    root = _parsed(text)
    for node in _nodes(root):
        if isinstance(node, parser.VectorSelector | parser.SubqueryExpr) and (node.offset or node.at):
            raise PromQLError(f"{text!r} looks at another time than the window (offset or @)")
    if isinstance(root, parser.MatrixSelector):
        raise PromQLError(f"{text!r} is a range vector; name the series without [range]")
    return _recognise(text, root)


def parse_selector(text: str) -> Selector:
    """Parse an expression that has to be a bare selector.

    Raises:
        PromQLError: it is anything else.
    """
    expression = parse(text)
    if expression.shape is not Shape.SELECTOR or expression.selector is None:
        raise PromQLError(f'{text!r} must be a selector, like http_requests_total{{job="api"}}')
    return expression.selector


def _parsed(text: str) -> parser.Expr:
    try:
        return parser.parse(text)
    except ValueError as error:
        raise PromQLError(f"{text!r} is not PromQL: {error}") from None


def _nodes(root: parser.Expr) -> list[parser.Expr]:
    """List an expression and all below it."""
    found = [root]
    for node in found:
        found.extend(_children(node))
    return found


def _children(node: parser.Expr) -> list[parser.Expr]:
    match node:
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr() | parser.AggregateExpr():
            return [node.expr]
        case parser.BinaryExpr():
            return [node.lhs, node.rhs]
        case parser.Call():
            return list(node.args)
        case parser.MatrixSelector():
            return [node.vector_selector]
        case _:
            return []


def _bare(node: parser.Expr) -> parser.Expr:
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    return node


def _recognise(text: str, root: parser.Expr) -> Expression:
    node = _bare(root)
    if isinstance(node, parser.VectorSelector) and (selector := _selector(node)):
        return Expression(text, Shape.SELECTOR, selector)
    if selector := _summed(node):
        inner = _bare(node.expr) if isinstance(node, parser.AggregateExpr) else node
        return Expression(text, Shape.INCREASE, selector, rated=_rated(inner) is not None)
    if isinstance(node, parser.Call) and node.func.name == "histogram_quantile":
        return _quantile(text, node)
    return Expression(text, Shape.OPAQUE)


def _selector(node: parser.Expr) -> Selector | None:
    if not isinstance(node, parser.VectorSelector) or node.matchers.or_matchers:
        return None
    matchers = tuple(Matcher(m.name, _OPS[str(m.op)], m.value) for m in node.matchers.matchers)
    return Selector(node.name or "", matchers)


def _rated(node: parser.Expr) -> Selector | None:
    """Give what ``rate`` or ``increase`` is taken of."""
    if isinstance(node, parser.Call) and node.func.name in {"rate", "increase"}:
        inner = _bare(node.args[0])
        return _selector(inner.vector_selector) if isinstance(inner, parser.MatrixSelector) else None
    return None


def _summed(node: parser.Expr) -> Selector | None:
    """Give what is counted: ``rate``/``increase`` of a selector, or ``sum`` of that or of a selector."""
    if isinstance(node, parser.AggregateExpr):
        inner = _bare(node.expr)
        return (_rated(inner) or _selector(inner)) if str(node.op) == "sum" else None
    return _rated(node)


def _quantile(text: str, node: parser.Call) -> Expression:
    opaque = Expression(text, Shape.OPAQUE)
    level, buckets = (_bare(argument) for argument in node.args)
    if not isinstance(level, parser.NumberLiteral) or not isinstance(buckets, parser.AggregateExpr):
        return opaque
    modifier = buckets.modifier
    by_le = modifier is not None and modifier.type == parser.AggModifierType.By and modifier.labels == ["le"]
    selector = _summed(buckets)
    if not by_le or selector is None or not selector.metric.endswith("_bucket"):
        return opaque
    return Expression(text, Shape.QUANTILE, selector, level.val)
