"""The objectives that rules are written for, their labels, and the objectives that rules don't support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import promql_parser as parser

from slo.documents import Problem, ProblemsError
from slo.model import (
    DAY,
    RULE_INTERVAL_SECONDS,
    SLO,
    SUPPORTED_WINDOW_DAYS,
    EventsSLI,
    NamedObjective,
    Spec,
    WindowPair,
    build_window_pairs,
    format_decimal,
    format_duration,
    name_objectives,
    to_exact_fraction,
)
from slo.promql import (
    ServerIndicator,
    Shape,
    parse_indicator,
    parse_syntax_tree,
    split_source,
)
from slo.rules.event_queries import find_complement_selector

KEY_LABELS = ("sloth_id", "sloth_service", "sloth_slo")
"""The labels that together identify an objective."""


@dataclass(frozen=True, slots=True)
class RuleObjective(NamedObjective):
    """A named objective that rules are written for."""

    @property
    def window_days(self) -> int:
        """Length of the SLO's window in days."""
        return round(self.slo.window_seconds) // DAY

    @property
    def error_budget(self) -> Fraction:
        """Ratio of events that may be bad."""
        return 1 - to_exact_fraction(self.objective.target)

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of all its rules: Sloth's, so that its dashboards work, and the objective's own name."""
        return {
            "objective": self.objective.name,
            "sloth_id": self.sloth_id,
            "sloth_service": self.slo.service,
            "sloth_slo": self.name,
        }

    @property
    def key_matchers(self) -> str:
        """The label matchers, in braces, that select its recorded series."""
        return "{" + ",".join(f'{name}="{self.labels[name]}"' for name in KEY_LABELS) + "}"

    def select_alert_windows(self, severity: str) -> list[WindowPair]:
        """Return the window pairs of a severity whose burn rate is exceeded when all events are bad."""
        return [
            pair
            for pair in build_window_pairs(self.window_days)
            if pair.severity == severity and pair.burn_rate * self.error_budget < 1
        ]

    def format_error_ratio_limit(self, pair: WindowPair) -> str:
        """Return the error ratio above which a window pair fires, as a decimal."""
        return format_decimal(pair.burn_rate * self.error_budget)


def list_rule_objectives(spec: Spec) -> tuple[RuleObjective, ...]:
    """Return each objective of a spec under its name.

    Raises:
        ProblemsError: the spec has objectives that rules don't support; it lists all of them.
    """
    problems = [problem for slo in spec.slos for problem in _find_problems(slo)]
    if problems:
        raise ProblemsError(problems)
    return tuple(RuleObjective(named.slo, named.objective, named.name) for named in name_objectives(spec))


def describe_unreachable_alerts(spec: Spec) -> Iterator[str]:
    """Describe the alerts that are omitted because not even 100 % bad events would fire them."""
    for rule_objective in list_rule_objectives(spec):
        budget = rule_objective.error_budget
        for pair in build_window_pairs(rule_objective.window_days):
            if pair.burn_rate * budget >= 1:
                yield (
                    f"{rule_objective.slo.service} {rule_objective.name}: "
                    f"no {pair.severity} over {format_duration(pair.long_seconds)}: "
                    f"with every event bad, its budget of {format_decimal(budget * 100)} % burns "
                    f"{float(1 / budget):.4g} times as fast as allowed, "
                    f"and that alert needs more than {float(pair.burn_rate):.4g}"
                )


def _find_problems(slo: SLO) -> Iterator[Problem]:
    fields = (*_find_window_problems(slo), *_find_query_problems(slo), *_find_slice_problems(slo))
    for field, message in fields:
        yield Problem(*split_source(slo.source), f"SLO {slo.name}, {field}", message)


def _find_window_problems(slo: SLO) -> Iterator[tuple[str, str]]:
    if not slo.rolling:
        yield (
            "timeWindow",
            "is aligned to the calendar, and rules count rolling windows; write isRolling: true",
        )
    days = slo.window_seconds / DAY
    if days not in SUPPORTED_WINDOW_DAYS:
        shortest, longest = SUPPORTED_WINDOW_DAYS[0], SUPPORTED_WINDOW_DAYS[-1]
        yield "timeWindow", f"{days:g} days have no alert windows; write {shortest}d to {longest}d"


def _find_query_problems(slo: SLO) -> Iterator[tuple[str, str]]:
    indicator = parse_indicator(slo.sli)
    if not isinstance(indicator, ServerIndicator):
        return
    expressions = indicator.expressions
    if not isinstance(slo.sli, EventsSLI):
        for field, expression in expressions.items():
            if _is_scalar(parse_syntax_tree(expression.text)):
                yield field, f"{expression.text} has no series; write an expression that returns series"
    elif not find_complement_selector(slo):
        for field, expression in expressions.items():
            if expression.shape in {Shape.OPAQUE, Shape.QUANTILE}:
                yield field, f"{expression.text} has no counter; write a selector, or sum(rate()) of one"


def _find_slice_problems(slo: SLO) -> Iterator[tuple[str, str]]:
    for objective in slo.objectives:
        seconds = objective.time_slice_seconds
        if seconds is not None and seconds % RULE_INTERVAL_SECONDS:
            yield (
                "timeSliceWindow",
                f"{seconds:g} s: rules are evaluated once a minute; write whole minutes",
            )


def _is_scalar(node: parser.Expr) -> bool:
    match node:
        case parser.NumberLiteral() | parser.StringLiteral():
            return True
        case parser.Call():
            return bool(node.func.return_type == parser.ValueType.Scalar)
        case parser.ParenExpr() | parser.UnaryExpr():
            return _is_scalar(node.expr)
        case parser.BinaryExpr():
            return _is_scalar(node.lhs) and _is_scalar(node.rhs)
        case _:
            return False
