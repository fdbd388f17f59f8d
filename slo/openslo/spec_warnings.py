"""Warnings about a valid spec whose meaning may not be what its author intended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slo.documents import Problem
from slo.model import SLO, Spec, ThresholdSLI
from slo.promql import (
    ServerIndicator,
    parse_event_ratio,
    parse_indicator,
    remove_quoted_text,
    split_source,
)

_WARNING_NAME = re.compile(r"\bwarn", re.IGNORECASE)
_VECTOR_FALLBACK = re.compile(r"\bor\b[^()]*(\([^()]*\))?\s*vector\s*\(", re.IGNORECASE)


def find_spec_warnings(spec: Spec) -> list[Problem]:
    """Return warnings about approximate queries, ``vector`` fallbacks, unused ops and warning objectives.

    Raises:
        PromQLError: a query is not PromQL; :func:`slo.promql.plan_queries` reports it first, with its place.
    """
    return [
        Problem(*split_source(slo.source), f"SLO {slo.name}, {part}", message)
        for slo in spec.slos
        for part, message in (
            *_find_approximate_queries(slo),
            *_find_unused_ops(slo),
            *_find_strict_warnings(slo),
        )
    ]


_APPROXIMATE = (
    "{} is evaluated by Prometheus, approximately: it is not a counter or a sum or ratio of counters"
)
_HIDDEN_ABSENCE = "or vector(…) replaces missing data by a value: leave it out"
_APPROXIMATE_RATIO = (
    "{} is evaluated by Prometheus, approximately and once at the window's end, whatever the target is: as "
    "raw of a ratioMetric, with rawType and a target, this ratio of two counters is counted exactly"
)
_UNUSED_OP = "{} has no effect on a ratioMetric, whose target is a minimum ratio of good events: leave op out"
_STRICT_WARNING = (
    "{:g} is stricter than {:g}, and every objective counts: if it is missed, the verdict is MISSED"
)


def _find_approximate_queries(slo: SLO) -> Iterator[tuple[str, str]]:
    indicator = parse_indicator(slo.sli)
    if not isinstance(indicator, ServerIndicator):
        return
    for part, expression in indicator.expressions.items():
        text = expression.text
        is_ratio = isinstance(slo.sli, ThresholdSLI) and parse_event_ratio(text) is not None
        yield part, (_APPROXIMATE_RATIO if is_ratio else _APPROXIMATE).format(text)
        if _VECTOR_FALLBACK.search(remove_quoted_text(text)):
            yield part, _HIDDEN_ABSENCE


def _find_unused_ops(slo: SLO) -> Iterator[tuple[str, str]]:
    for objective in slo.objectives:
        if objective.op is not None and not isinstance(slo.sli, ThresholdSLI):
            yield f"objective {objective.name}", _UNUSED_OP.format(objective.op)


def _find_strict_warnings(slo: SLO) -> Iterator[tuple[str, str]]:
    """Yield objectives named as warnings that fail the gate, because they are stricter than the others."""
    warnings = [objective for objective in slo.objectives if _WARNING_NAME.search(objective.name)]
    other_targets = [objective.target for objective in slo.objectives if objective not in warnings]
    for objective in warnings:
        if other_targets and objective.target > max(other_targets):
            message = _STRICT_WARNING.format(objective.target, max(other_targets))
            yield f"objective {objective.name}", message
