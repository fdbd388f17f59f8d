"""The objectives that rules are written for, with their labels; those that can't be are refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import promql_parser as parser

from slo.documents.yaml_source import Problem, ProblemsError
from slo.model import SLO, EventsSLI, Spec
from slo.model.budget import exact
from slo.model.burn_rate_windows import DAY, DAYS, INTERVAL_SECONDS, Pair, decimal, duration, pairs
from slo.model.slo_ids import Named, named
from slo.promql.query_plan import expression, judged_by_server, metrics, place
from slo.promql.syntax import Shape, syntax_tree
from slo.rules.good_plus_bad import other_half

KEY = ("sloth_id", "sloth_service", "sloth_slo")
"""The labels that together name an objective."""


@dataclass(frozen=True, slots=True)
class Target(Named):
    """An objective that rules are written for, by its name."""

    @property
    def days(self) -> int:
        """Length of the SLO's window."""
        return round(self.slo.window_seconds) // DAY

    @property
    def budget(self) -> Fraction:
        """Ratio of events that may be bad."""
        return 1 - exact(self.objective.target)

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of all its rules; those of Sloth, so that its dashboards work, and our objective's name."""
        return {
            "objective": self.objective.name,
            "sloth_id": self.id,
            "sloth_service": self.slo.service,
            "sloth_slo": self.name,
        }

    @property
    def key(self) -> str:
        """The matchers that select its recorded series."""
        return "{" + ",".join(f'{name}="{self.labels[name]}"' for name in KEY) + "}"

    def alert_pairs(self, severity: str) -> list[Pair]:
        """List the windows of a severity whose burn rate can be exceeded when all events are bad."""
        return [p for p in pairs(self.days) if p.severity == severity and p.burn_rate * self.budget < 1]

    def limit(self, pair: Pair) -> str:
        """Give the error ratio above which a pair of windows fires."""
        return decimal(pair.burn_rate * self.budget)


def targets(spec: Spec) -> tuple[Target, ...]:
    """Name each objective of a spec.

    Raises:
        ProblemsError: what can't be turned into rules, all at once.
    """
    problems = [problem for slo in spec.slos for problem in _refusals(slo)]
    if problems:
        raise ProblemsError(problems)
    return tuple(Target(one.slo, one.objective, one.name) for one in named(spec))


def unreachable(spec: Spec) -> Iterator[str]:
    """Say which alerts are left out, as more than all events would have to be bad for them."""
    for target in targets(spec):
        for pair in pairs(target.days):
            if pair.burn_rate * target.budget >= 1:
                yield (
                    f"{target.slo.service} {target.name}: no {pair.severity} over {duration(pair.long)}: "
                    f"with every event bad, its budget of {decimal(target.budget * 100)} % burns "
                    f"{float(1 / target.budget):.4g} times as fast as allowed, "
                    f"and that alert takes more than {float(pair.burn_rate):.4g}"
                )


def _refusals(slo: SLO) -> Iterator[Problem]:
    for field, why in _faults(slo):
        yield Problem(*place(slo.source), f"SLO {slo.name}, {field}", why)


def _faults(slo: SLO) -> Iterator[tuple[str, str]]:
    if not slo.rolling:
        yield (
            "timeWindow",
            "is aligned to the calendar, and rules count rolling windows; write isRolling: true",
        )
    if slo.window_seconds / DAY not in DAYS:
        yield (
            "timeWindow",
            f"{slo.window_seconds / DAY:g} days have no alert windows; write {DAYS[0]}d to {DAYS[-1]}d",
        )
    if isinstance(slo.sli, EventsSLI) and judged_by_server(slo) and not other_half(slo):
        for part, metric in metrics(slo).items():
            if expression(metric).shape in {Shape.OPAQUE, Shape.QUANTILE}:
                yield (
                    part,
                    f"{expression(metric).text} has no counter; write a selector, or sum(rate()) of one",
                )
    elif not isinstance(slo.sli, EventsSLI) and judged_by_server(slo):
        yield from (
            (part, why) for part, metric in metrics(slo).items() if (why := _scalar(expression(metric).text))
        )
    for objective in slo.objectives:
        length = objective.time_slice_seconds
        if length is not None and length % INTERVAL_SECONDS:
            yield (
                "timeSliceWindow",
                f"{length:g} s: rules are evaluated once a minute; write whole minutes",
            )


def _scalar(query: str) -> str | None:
    if _is_scalar(syntax_tree(query)):
        return f"{query} has no series; write an expression that gives one"
    return None


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
