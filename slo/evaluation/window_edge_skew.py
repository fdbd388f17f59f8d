"""Good or bad events of other targets than all events, as of a service and the proxy before it. Pure.

Each is counted from the last scrape of its own before the window to the first one after it. Both of these
reach over the window, and not equally far: with traffic at the ends they count different events.
"""

from __future__ import annotations

from dataclasses import replace

from slo.counting.counters import Increase
from slo.counting.event_counts import Tally
from slo.counting.evidence_reader import Counted
from slo.counting.slices import edge_parts
from slo.model import SLO, EventsSLI, ObjectiveVerdict, Outcome, Reason
from slo.model.budget import meets
from slo.model.evidence import instance_of
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Selector


def held_against_edges(
    verdict: ObjectiveVerdict, slo: SLO, events: Tally, counted: Counted
) -> ObjectiveVerdict:
    """Withdraw a verdict that the events at the window's ends can turn round, where targets differ.

    ``events`` are those that the verdict is about, in a window that has traffic at its ends.
    """
    if not isinstance(slo.sli, EventsSLI) or not slo.sli.counter:
        return verdict
    parts = {name: expression(metric).selector for name, metric in metrics(slo).items()}
    other = "good" if "good" in parts else "bad"
    matched, total = parts[other], parts["total"]
    if matched is None or total is None or _targets(matched, counted) <= _targets(total, counted):
        return verdict
    some, everything = (_at_ends(counted.increase(one), counted) for one in (matched, total))
    worst, best = _ends(other, events, some, everything)
    turned = {Outcome.MET: not meets(*worst, verdict.target), Outcome.MISSED: meets(*best, verdict.target)}
    if not turned.get(verdict.outcome):
        return verdict
    detail = (
        f"{other} and total are counted by different targets, each scraped at times of its own, and up to "
        f"{everything:g} of {events.total:g} events at the window's ends may be of one of them alone"
    )
    return replace(verdict, outcome=Outcome.UNDECIDED, reason=Reason.SCRAPE_GAP, detail=detail)


def _targets(selector: Selector, counted: Counted) -> set[tuple[str, str]]:
    return {instance_of(one) for one in counted.result(str(selector)).series}


def _at_ends(increase: Increase, counted: Counted) -> float:
    """Count the events of the scrapes that reach across the window's start and end."""
    return sum(increase.within(part) for part in edge_parts(counted))


def _ends(
    other: str, events: Tally, some: float, everything: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give good and total events of the window itself at their worst and at their best.

    ``some`` good or bad events, as ``other`` says, and ``everything`` of total may lie outside of it.
    """
    inside = max(events.total - everything, 0.0)
    low, high = events.good
    if other == "good":
        return (max(low - some, 0.0), events.total), (min(high, inside), inside)
    return (max(inside - (events.total - low), 0.0), inside), (min(high + some, events.total), events.total)
