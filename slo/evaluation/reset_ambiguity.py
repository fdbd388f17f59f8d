"""Two readings of a series that comes back: it began anew, or it was there all the while. Pure.

A good scrape that lacks a series tells that it had ended: what comes back counts from zero. An exporter that
left it out for once, or a scrape of which a sample was dropped, looks the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from slo.counting.evidence_reader import Counted
from slo.model import SLO, ObjectiveVerdict, Outcome, Reason
from slo.promql.query_plan import expression, judged_by_server, metrics

_DECIDED = {Outcome.MET, Outcome.MISSED}


def in_both_readings(
    judge: Callable[[Counted], ObjectiveVerdict], slo: SLO, counted: Counted
) -> ObjectiveVerdict:
    """Judge an objective; withdraw a verdict that the other reading of what came back turns round."""
    verdict = judge(counted)
    number = 0 if judged_by_server(slo) else _returned(slo, counted)
    if not number or verdict.outcome not in _DECIDED:
        return verdict
    other = judge(Counted(counted.evidence, goes_on=True))
    if other.outcome not in _DECIDED - {verdict.outcome}:
        return verdict
    detail = (
        f"series were lacking in a good scrape and came back no lower ({number} times): {verdict.outcome} if "
        f"they began anew, {other.outcome} if they were there all the while"
    )
    return replace(verdict, outcome=Outcome.UNDECIDED, reason=Reason.SCRAPE_GAP, detail=detail)


def _returned(slo: SLO, counted: Counted) -> int:
    selectors = (expression(metric).selector for metric in metrics(slo).values())
    return sum(counted.returned(selector) for selector in selectors if selector)
