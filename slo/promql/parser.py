"""Parsing PromQL and recognising the expressions that raw samples answer exactly."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain

import promql_parser as parser

from slo.model import is_label_name, is_metric_name
from slo.promql.expressions import (
    Expression,
    GroupingLabels,
    Matcher,
    PromQLError,
    Selector,
    SelectorSum,
    Shape,
)
from slo.promql.query_variables import UnknownVariableError, fill_window, find_variable, remove_quoted_text

MAX_CHARACTERS = 4_000
"""Longest expression without its quoted texts: the parser recurses and crashes at about 10,000."""
MAX_NESTING_LEVELS = 200
"""Deepest nesting; each operator of a chain is a level."""

_MATCH_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def find_selectors(text: str) -> tuple[Selector, ...]:
    """Return all selectors inside an expression.

    Raises:
        PromQLError: ``text`` is not PromQL.
    """
    selectors = (_to_selector(node) for node in _list_nodes(_parse_promql(text)))
    return tuple(selector for selector in selectors if selector)


def find_read_metrics(text: str) -> tuple[str, ...]:
    """Return the selectors of the metrics that an expression reads, each once: their names and scrape jobs.

    Other matchers are left out: a metric may exist without a series that they match, such as one of errors.
    A selector without a name is unchanged.

    Raises:
        PromQLError: ``text`` is not PromQL.
    """
    nodes = [node for node in _list_nodes(_parse_promql(text)) if isinstance(node, parser.VectorSelector)]
    return tuple(dict.fromkeys(map(_format_read_metric, nodes)))


def _format_read_metric(node: parser.VectorSelector) -> str:
    selector = _to_selector(node)
    if selector is None:  # VictoriaMetrics's "or" between matchers
        return str(node.prettify())
    if not selector.metric and not any(map(_requires_name, selector.matchers)):
        return str(selector)
    matchers = (matcher for matcher in selector.matchers if matcher.label in {"__name__", "job"})
    return str(Selector(selector.metric, tuple(matchers)))


def _requires_name(matcher: Matcher) -> bool:
    """Return whether a matcher matches no empty name; a selector needs one such matcher."""
    if matcher.label != "__name__" or matcher.op != "=~":
        return False
    try:
        return re.fullmatch(matcher.value, "") is None
    except re.error:  # RE2 has syntax that Python's re lacks
        return False


def find_quoted_names(text: str) -> tuple[str, ...]:
    """Return the names in an expression that only Prometheus 3 accepts, sorted.

    Raises:
        PromQLError: ``text`` is not PromQL.
    """
    names = {name for node in _list_nodes(_parse_promql(text)) for name in _find_node_names(node)}
    return tuple(sorted(names))


def _find_node_names(node: parser.Expr) -> list[str]:
    """Return the quoted names of one node: of its selector, or of its grouping or matching labels."""
    match node:
        case parser.VectorSelector():
            groups = [node.matchers.matchers, *node.matchers.or_matchers]
            matchers = list(chain.from_iterable(groups))
            metrics = [m.value for m in matchers if (m.name, str(m.op)) == ("__name__", "MatchOp.Equal")]
            labels = [m.name for m in matchers]
        case parser.AggregateExpr() if node.modifier is not None:
            metrics, labels = [], list(node.modifier.labels)
        case parser.BinaryExpr() if node.modifier is not None:
            matching = node.modifier.matching
            matching_labels = matching.labels if matching else ()
            metrics, labels = [], [*matching_labels, *(node.modifier.group_labels or ())]
        case _:
            return []
    return [m for m in metrics if m and not is_metric_name(m)] + [n for n in labels if not is_label_name(n)]


def parse_expression(text: str) -> Expression:
    """Parse PromQL and recognise its shape.

    Raises:
        PromQLError: ``text`` is not PromQL, uses ``offset`` or ``@`` (the run has its own window), or is a
            range vector.
    """
    return _recognise_shape(text, parse_syntax_tree(text))


def parse_syntax_tree(text: str) -> parser.Expr:
    """Parse PromQL into the parser's syntax tree, with a placeholder for the window.

    Raises:
        PromQLError: as :func:`parse_expression`.
    """
    root = _parse_promql(text)
    for node in _list_nodes(root):
        if isinstance(node, parser.VectorSelector | parser.SubqueryExpr) and (node.offset or node.at):
            raise PromQLError(f"{text!r} selects another time than the window (offset or @)")
        if isinstance(node, parser.VectorSelector):
            _reject_variables(text, node)
    if isinstance(root, parser.MatrixSelector):
        raise PromQLError(f"{text!r} is a range vector; write the selector without [range]")
    return root


def parse_selector(text: str) -> Selector:
    """Parse an expression that must be a plain selector.

    Raises:
        PromQLError: ``text`` is any other expression.
    """
    expression = parse_expression(text)
    if expression.shape is not Shape.SELECTOR or expression.selector is None:
        raise PromQLError(f'{text!r} must be a selector, like http_requests_total{{job="api"}}')
    return expression.selector


def _parse_promql(text: str) -> parser.Expr:
    try:
        filled = fill_window(text)
    except UnknownVariableError as error:
        raise _make_variable_error(text, str(error)) from None
    if (length := len(remove_quoted_text(filled))) > MAX_CHARACTERS:
        raise PromQLError(
            f"an expression of {length} characters is too long; at most {MAX_CHARACTERS} are allowed"
        )
    try:
        return parser.parse(filled)
    except ValueError as error:
        raise PromQLError(f"{text!r} is not PromQL: {error}") from None
    except BaseException as error:
        # The parser panics at durations like "offset nan"; pyo3's class of that error can't be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise PromQLError(f"{text!r} is not PromQL: {error}") from None


def _make_variable_error(text: str, variable: str) -> PromQLError:
    return PromQLError(
        f"{text!r} contains the template variable {variable}; only the window is replaced ([$window] or "
        "[{{.window}}]): write the value instead"
    )


def _reject_variables(text: str, node: parser.VectorSelector) -> None:
    matchers = [*node.matchers.matchers, *chain.from_iterable(node.matchers.or_matchers)]
    for matcher in matchers:
        if variable := find_variable(
            matcher.value, is_regex=_MATCH_OPERATORS[str(matcher.op)] in {"=~", "!~"}
        ):
            raise _make_variable_error(text, variable)


def _list_nodes(root: parser.Expr) -> list[parser.Expr]:
    """Return a node and all nodes below it.

    Raises:
        PromQLError: the nodes are nested too deep.
    """
    nodes, level = [root], [root]
    for _ in range(MAX_NESTING_LEVELS):
        level = [child for node in level for child in _list_children(node)]
        if not level:
            return nodes
        nodes += level
    raise PromQLError(f"an expression is nested more than {MAX_NESTING_LEVELS} levels deep")


def _list_children(node: parser.Expr) -> list[parser.Expr]:
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


def strip_fallback(node: parser.Expr) -> parser.Expr:
    """Return an expression without parentheses and without fallbacks for missing series (``or vector(0)``).

    The checker has its own rules for missing series, which a fallback must not hide.
    """
    while True:
        node = _strip_parentheses(node)
        operand = _find_fallback_operand(node)
        if operand is None:
            return node
        node = operand


def _find_fallback_operand(node: parser.Expr) -> parser.Expr | None:
    """Return the left side of ``or vector(number)`` if the fallback changes nothing while series exist.

    A number other than 0 changes a sum of several series: ``vector()`` adds one more.
    """
    if not isinstance(node, parser.BinaryExpr) or str(node.op) != "or":
        return None
    left, right = _strip_parentheses(node.lhs), _strip_parentheses(node.rhs)
    if not isinstance(right, parser.Call) or right.func.name != "vector":
        return None
    number = _strip_parentheses(right.args[0])
    is_one_series = isinstance(left, parser.BinaryExpr) or (
        isinstance(left, parser.AggregateExpr) and left.modifier is None
    )
    return left if isinstance(number, parser.NumberLiteral) and (number.val == 0 or is_one_series) else None


def _strip_parentheses(node: parser.Expr) -> parser.Expr:
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    return node


def _recognise_shape(text: str, root: parser.Expr) -> Expression:
    # The fallback of a gauge is one more series, so it is removed only from counters.
    if selector := _to_selector(_strip_parentheses(root)):
        return Expression(text, Shape.SELECTOR, selector)
    node = strip_fallback(root)
    total = parse_sum(node)
    if total and (total.rate or isinstance(node, parser.AggregateExpr)):
        return Expression(text, Shape.INCREASE, total.selector, has_rate=total.rate is not None)
    if isinstance(node, parser.Call) and node.func.name == "histogram_quantile":
        return _parse_quantile(text, node)
    return Expression(text, Shape.OPAQUE)


def _to_selector(node: parser.Expr) -> Selector | None:
    if not isinstance(node, parser.VectorSelector) or node.matchers.or_matchers:
        return None
    matchers = tuple(Matcher(m.name, _MATCH_OPERATORS[str(m.op)], m.value) for m in node.matchers.matchers)
    if node.name:
        return Selector(node.name, matchers)
    return _name_selector(matchers)


def _name_selector(matchers: tuple[Matcher, ...]) -> Selector:
    """Return a selector whose name, as in ``{"a.b"}`` and ``{__name__="a.b"}``, is its metric."""
    name = next((m for m in matchers if (m.label, m.op) == ("__name__", "=") and m.value), None)
    if name is None:
        return Selector("", matchers)
    position = matchers.index(name)
    return Selector(name.value, matchers[:position] + matchers[position + 1 :])


def parse_sum(node: parser.Expr) -> SelectorSum | None:
    """Return a selector, its ``rate`` or ``increase``, or sums of these as one sum; otherwise ``None``."""
    node = strip_fallback(node)
    if isinstance(node, parser.Call):
        return _parse_rate(node)
    if not isinstance(node, parser.AggregateExpr):
        selector = _to_selector(node)
        return SelectorSum(selector) if selector else None
    inner = parse_sum(node.expr) if str(node.op) == "sum" else None
    return replace(inner, labels=_apply_grouping(inner.labels, node.modifier)) if inner else None


def _parse_rate(node: parser.Call) -> SelectorSum | None:
    if node.func.name not in {"rate", "increase"}:
        return None
    inner = _strip_parentheses(node.args[0])
    if not isinstance(inner, parser.MatrixSelector):
        return None
    selector = _to_selector(inner.vector_selector)
    return SelectorSum(selector, rate=(node.func.name, inner.range.total_seconds())) if selector else None


def _apply_grouping(labels: GroupingLabels, modifier: parser.AggModifier | None) -> GroupingLabels:
    if modifier is None:
        return GroupingLabels()
    names = frozenset(modifier.labels)
    return (
        labels.apply_by(names) if modifier.type == parser.AggModifierType.By else labels.apply_without(names)
    )


def _parse_quantile(text: str, node: parser.Call) -> Expression:
    level, buckets = _strip_parentheses(node.args[0]), parse_sum(node.args[1])
    if buckets is None or not isinstance(level, parser.NumberLiteral):
        return Expression(text, Shape.OPAQUE)
    if not buckets.selector.metric.endswith("_bucket") or not _is_single_histogram(buckets):
        return Expression(text, Shape.OPAQUE)
    return Expression(text, Shape.QUANTILE, buckets.selector, level.val)


def _is_single_histogram(buckets: SelectorSum) -> bool:
    """Return whether each label but ``le`` is summed over or fixed to one value."""
    fixed = {matcher.label for matcher in buckets.selector.matchers if matcher.op == "="}
    return not buckets.labels.keeps_others and {"le"} <= buckets.labels.names <= fixed | {"le"}
