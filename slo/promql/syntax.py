"""Which PromQL expressions have a meaning that raw samples give exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import promql_parser as parser

from slo.promql.grouping_labels import ALL_LABELS, Labels
from slo.promql.query_variables import UnknownTemplateError, filled, template_in, unquoted

MOST_CHARACTERS = 4_000
"""Longest expression, without what is quoted: the parser recurses, and some 10,000 would end the process."""
MOST_LEVELS = 200
"""Deepest nesting; a chain of so many operators is as deep."""

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

    ``SELECTOR``: the selector itself. ``INCREASE``: ``rate`` or ``increase`` of it, or sums of that or of the
    selector; ``or vector(0)`` around it says nothing that counting does not. ``QUANTILE``:
    ``histogram_quantile`` at ``quantile`` over the summed buckets that ``selector`` (with its ``_bucket``
    suffix) names, where they make one histogram. ``OPAQUE``: anything else.
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


@dataclass(frozen=True, slots=True)
class Sum:
    """A selector, or a ``rate`` (function, range in seconds) of it, added up for each value of ``labels``."""

    selector: Selector
    labels: Labels = ALL_LABELS
    rate: tuple[str, float] | None = None


def parse(text: str) -> Expression:
    """Parse PromQL and recognise its shape.

    Raises:
        PromQLError: it is not PromQL, or uses ``offset`` or ``@`` (the window is the run's own).
    """
    return _recognise(text, syntax_tree(text))


def syntax_tree(text: str) -> parser.Expr:
    """Parse PromQL that the window can be filled into.

    Raises:
        PromQLError: as :func:`parse`.
    """
    root = _parsed(text)
    for node in _nodes(root):
        if isinstance(node, parser.VectorSelector | parser.SubqueryExpr) and (node.offset or node.at):
            raise PromQLError(f"{text!r} looks at another time than the window (offset or @)")
        if isinstance(node, parser.VectorSelector):
            _refuse_templates(text, node)
    if isinstance(root, parser.MatrixSelector):
        raise PromQLError(f"{text!r} is a range vector; name the series without [range]")
    return root


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
        whole = filled(text)
    except UnknownTemplateError as error:
        raise _unfilled(text, str(error)) from None
    if (length := len(unquoted(whole))) > MOST_CHARACTERS:
        raise PromQLError(f"an expression of {length} characters is too long: at most {MOST_CHARACTERS}")
    try:
        return parser.parse(whole)
    except ValueError as error:
        raise PromQLError(f"{text!r} is not PromQL: {error}") from None
    except BaseException as error:
        # The parser panics at durations like "offset nan"; that class of pyo3's can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise PromQLError(f"{text!r} is not PromQL: {error}") from None


def _unfilled(text: str, variable: str) -> PromQLError:
    return PromQLError(
        f"{text!r} holds the template variable {variable}; only the window is filled in, as [$window] or "
        "[{{.window}}]: write the value itself"
    )


def _refuse_templates(text: str, node: parser.VectorSelector) -> None:
    matchers = [*node.matchers.matchers, *(one for some in node.matchers.or_matchers for one in some)]
    for matcher in matchers:
        if variable := template_in(matcher.value, pattern=_OPS[str(matcher.op)] in {"=~", "!~"}):
            raise _unfilled(text, variable)


def _nodes(root: parser.Expr) -> list[parser.Expr]:
    """List an expression and all below it.

    Raises:
        PromQLError: it is nested too deep.
    """
    found, level = [root], [root]
    for _ in range(MOST_LEVELS):
        level = [child for node in level for child in _children(node)]
        if not level:
            return found
        found += level
    raise PromQLError(f"an expression is nested more than {MOST_LEVELS} levels deep")


def _children(node: parser.Expr) -> list[parser.Expr]:
    match node:
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            return [node.expr]
        case parser.AggregateExpr():
            return [node.expr, node.param] if node.param is not None else [node.expr]
        case parser.BinaryExpr():
            return [node.lhs, node.rhs]
        case parser.Call():
            return list(node.args)
        case parser.MatrixSelector():
            return [node.vector_selector]
        case _:
            return []


def bare(node: parser.Expr) -> parser.Expr:
    """Take the brackets off, and what stands in for series that are absent (``or vector(0)``).

    Proofload judges absence by its own rules, so that it is never hidden.
    """
    while True:
        node = _unbracketed(node)
        kept = _without_fallback(node)
        if kept is None:
            return node
        node = kept


def _without_fallback(node: parser.Expr) -> parser.Expr | None:
    """Give what ``or vector(number)`` is added to, where it plays no part beside series that are there.

    A number other than 0 would count where single series are summed.
    """
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "or":
        return None
    left, right = _unbracketed(node.lhs), _unbracketed(node.rhs)
    if not isinstance(right, parser.Call) or right.func.name != "vector":
        return None
    number = _unbracketed(right.args[0])
    one = isinstance(left, parser.BinaryExpr) or (
        isinstance(left, parser.AggregateExpr) and left.modifier is None
    )
    return left if isinstance(number, parser.NumberLiteral) and (number.val == 0 or one) else None


def _unbracketed(node: parser.Expr) -> parser.Expr:
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    return node


def _recognise(text: str, root: parser.Expr) -> Expression:
    # A gauge's fallback is one more series: only what is counted is freed of it.
    if selector := _selector(_unbracketed(root)):
        return Expression(text, Shape.SELECTOR, selector)
    node = bare(root)
    found = summed(node)
    if found and (found.rate or isinstance(node, parser.AggregateExpr)):
        return Expression(text, Shape.INCREASE, found.selector, rated=found.rate is not None)
    if isinstance(node, parser.Call) and node.func.name == "histogram_quantile":
        return _quantile(text, node)
    return Expression(text, Shape.OPAQUE)


def _selector(node: parser.Expr) -> Selector | None:
    if not isinstance(node, parser.VectorSelector) or node.matchers.or_matchers:
        return None
    matchers = tuple(Matcher(m.name, _OPS[str(m.op)], m.value) for m in node.matchers.matchers)
    return Selector(node.name or "", matchers)


def summed(node: parser.Expr) -> Sum | None:
    """Tell what is added up: a selector or the ``rate`` or ``increase`` of one, and any sums around it."""
    node = bare(node)
    if isinstance(node, parser.Call):
        return _rated(node)
    if not isinstance(node, parser.AggregateExpr):
        selector = _selector(node)
        return Sum(selector) if selector else None
    inner = summed(node.expr) if str(node.op) == "sum" else None
    return replace(inner, labels=_left(inner.labels, node.modifier)) if inner else None


def _rated(node: parser.Call) -> Sum | None:
    if node.func.name not in {"rate", "increase"}:
        return None
    inner = _unbracketed(node.args[0])
    if not isinstance(inner, parser.MatrixSelector):
        return None
    selector = _selector(inner.vector_selector)
    return Sum(selector, rate=(node.func.name, inner.range.total_seconds())) if selector else None


def _left(labels: Labels, modifier: parser.AggModifier | None) -> Labels:
    if modifier is None:
        return Labels()
    names = frozenset(modifier.labels)
    return labels.by(names) if modifier.type == parser.AggModifierType.By else labels.without(names)


def _quantile(text: str, node: parser.Call) -> Expression:
    level, buckets = _unbracketed(node.args[0]), summed(node.args[1])
    one = buckets is not None and buckets.selector.metric.endswith("_bucket") and _is_one_histogram(buckets)
    if not one or buckets is None or not isinstance(level, parser.NumberLiteral):
        return Expression(text, Shape.OPAQUE)
    return Expression(text, Shape.QUANTILE, buckets.selector, level.val)


def _is_one_histogram(buckets: Sum) -> bool:
    """Tell whether all labels but ``le`` are summed away, or have one value."""
    pinned = {matcher.label for matcher in buckets.selector.matchers if matcher.op == "="}
    return not buckets.labels.others and {"le"} <= buckets.labels.names <= pinned | {"le"}
