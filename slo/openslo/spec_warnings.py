"""What a spec may say otherwise than its author meant: judged all the same, but worth a look. Asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slo.documents.yaml_source import Problem
from slo.model import SLO, Spec, ThresholdSLI
from slo.promql.query_plan import expression, judged_by_server, metrics, place
from slo.promql.query_variables import unquoted
from slo.promql.ratio_events import share_in

_WARNING = re.compile(r"\bwarn", re.IGNORECASE)
_FALLBACK = re.compile(r"\bor\b[^()]*(\([^()]*\))?\s*vector\s*\(", re.IGNORECASE)


def advice(spec: Spec) -> list[Problem]:
    """List what is approximate, what hides or says nothing, and warnings that fail the gate.

    Raises:
        PromQLError: a query is not PromQL; :func:`slo.queries.plan` says so first.
    """
    return [
        Problem(*place(slo.source), f"SLO {slo.name}, {part}", message)
        for slo in spec.slos
        for part, message in (*_computed(slo), *_idle(slo), *_warnings(slo))
    ]


_COMPUTED = "{} is left to Prometheus and approximate: it is no counter, nor a sum or ratio of such"
_HIDDEN = "or vector(…) makes nothing measured look like a value: leave it out"
_RATIO = (
    "{} is left to Prometheus and approximate, judged once at the window's end whatever target says: as raw "
    "of a ratioMetric, with rawType and a target, this ratio of two counters is counted exactly"
)
_IDLE = "{} says nothing of a ratioMetric, whose target is the least ratio of good events: leave op out"
_STRICT = "{:g} is stricter than {:g}, and every objective decides the verdict: a miss of it is MISSED"


def _computed(slo: SLO) -> Iterator[tuple[str, str]]:
    if not judged_by_server(slo):
        return
    for part, metric in metrics(slo).items():
        text = expression(metric).text
        ratio = isinstance(slo.sli, ThresholdSLI) and share_in(text)
        yield part, (_RATIO if ratio else _COMPUTED).format(text)
        if _FALLBACK.search(unquoted(text)):
            yield part, _HIDDEN


def _idle(slo: SLO) -> Iterator[tuple[str, str]]:
    for one in slo.objectives:
        if one.op is not None and not isinstance(slo.sli, ThresholdSLI):
            yield f"objective {one.name}", _IDLE.format(one.op)


def _warnings(slo: SLO) -> Iterator[tuple[str, str]]:
    """Every objective decides: one that is meant to warn, and is stricter, fails the gate."""
    others = [one.target for one in slo.objectives if not _WARNING.search(one.name)]
    for one in slo.objectives:
        if _WARNING.search(one.name) and others and one.target > max(others):
            yield f"objective {one.name}", _STRICT.format(one.target, max(others))
