"""How sure an objective's verdict is: the intervals of its evidence, and what a policy makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, isinf

from slo.counting.histograms import Buckets
from slo.counting.slices import Sliced, at_edges, counts
from slo.evaluation.binomial_intervals import LEVEL, Sampled, further_events, interval, sampled, target_shown
from slo.model import Bounds, Intervals, Measured, ObjectiveVerdict, Outcome, Policy, Reason, Window
from slo.model.budget import meets

_WHAT = {"threshold": "scrapes", "timeslices": "slices"}
"""What is counted, by the kind of an objective, where that is not events."""


def with_certainty(
    verdict: ObjectiveVerdict, events: Sliced, policy: Policy, window: Window
) -> ObjectiveVerdict:
    """Give a verdict its intervals; withdraw it where the policy asks for more confidence than they give."""
    level = policy.confidence or LEVEL
    found = intervals(events, verdict.target, level)
    if found is None:
        return verdict
    verdict = replace(verdict, intervals=found, measured=_measured(verdict, events, level))
    if policy.confidence is None or verdict.outcome is Outcome.UNDECIDED:
        return verdict
    return _judged(verdict, found, window)


def without_certainty(verdict: ObjectiveVerdict, policy: Policy) -> ObjectiveVerdict:
    """Withdraw a verdict on what Prometheus computed, where the policy asks for confidence: none is known."""
    if policy.confidence is None or verdict.outcome is Outcome.UNDECIDED:
        return verdict
    detail = "only Prometheus can evaluate this query, so nothing is known of how sure its value is"
    return replace(
        verdict, outcome=Outcome.UNDECIDED, reason=Reason.WITHIN_CONFIDENCE_INTERVAL, detail=detail
    )


def intervals(events: Sliced, target: float, level: float) -> Intervals | None:
    """Find the intervals of a ratio of good events; ``None`` where there were no events."""
    fewest, most = (sampled(*counts(events.slices, end)) for end in (0, 1))
    if fewest is None or most is None:
        return None
    sampling = interval(fewest, level)[0], interval(most, level)[1]
    edges, combined = None, sampling
    if events.edges:
        worst = _at_edge(fewest, events, 0, level)
        best = _at_edge(most, events, 1, level)
        edges, combined = (worst[0], best[0]), (min(worst[1], sampling[0]), max(best[1], sampling[1]))
    nearest = fewest if meets(fewest.good, fewest.total, target) else most
    return Intervals(
        level=level,
        bucket=(fewest.ratio, most.ratio),
        sampling=sampling,
        combined=combined,
        slices=fewest.slices,
        target_shown=target_shown(fewest.total, level),
        edges=edges,
        independent_events=nearest.independent,
        further_events=None if _one_sided(sampling, target) else further_events(nearest, target, level),
    )


def _at_edge(seen: Sampled, events: Sliced, end: int, level: float) -> tuple[float, float]:
    """Give the ratio with the edges' events at their worst (0) or best (1), and its bound on that side.

    It is as sure as what was seen; with nothing left inside, it may be anything.
    """
    good, total = at_edges(events.slices, events.edges or (), end)
    if not total:
        return float(end), float(end)
    moved = replace(seen, good=good, total=total)
    return moved.ratio, interval(moved, level)[end]


def _one_sided(bounds: Bounds, target: float) -> bool:
    return bounds[0] >= target or bounds[1] < target


def _judged(verdict: ObjectiveVerdict, found: Intervals, window: Window) -> ObjectiveVerdict:
    if _one_sided(found.combined, verdict.target):
        return verdict
    low, high = found.combined
    detail = (
        f"the ratio of good events is between {100 * low:.4g} % and {100 * high:.4g} % at {found.level:.4g}"
    )
    if found.further_events:
        what = _WHAT.get(verdict.kind, "events")
        seconds = found.further_events / _number(verdict, found) * window.seconds
        detail += f"; about {found.further_events:,.0f} further {what} would decide"
        detail += f": {seconds:,.0f} s more of the like"
    elif _one_sided(found.sampling, verdict.target):
        detail += "; only what the scrapes at the window's ends leave open stands against it"
    return replace(
        verdict,
        outcome=Outcome.UNDECIDED,
        reason=Reason.WITHIN_CONFIDENCE_INTERVAL,
        detail=f"{detail} (observed: {verdict.outcome})",
    )


def _number(verdict: ObjectiveVerdict, found: Intervals) -> float:
    """Number of what is counted: events, or where those of one moment count as one, slices."""
    return found.slices if verdict.kind in _WHAT else verdict.total or found.slices


# --- Percentiles --------------------------------------------------------------------------------


def _measured(verdict: ObjectiveVerdict, events: Sliced, level: float) -> Measured | None:
    measured = verdict.measured
    if measured is None or measured.quantile is None or not events.buckets:
        return measured
    return replace(measured, sampling=percentile_interval(events.buckets, measured.quantile, level))


def percentile_interval(
    slices: Sequence[Buckets], quantile: float, level: float
) -> tuple[float | None, float | None]:
    """Bound a percentile: it lies above each bucket bound that too few events reach, chance allowed for.

    The interval of the share of events at or below a bound, turned round (R. Woodruff, Confidence Intervals
    for Medians and Other Position Measures, Journal of the American Statistical Association 47, 1952).
    ``None`` above: not even the highest bound is shown to be reached.
    """
    lower, upper = None, None
    for bound, (low, high) in _shares(slices, level):
        if high < quantile:
            lower = bound
        if low >= quantile and upper is None and not isinf(bound):
            upper = bound
    return lower, upper


def _shares(slices: Sequence[Buckets], level: float) -> Iterator[tuple[float, Bounds]]:
    held = [one for one in slices if one.total]
    totals = [one.total for one in held]
    for bound in sorted({bound for one in held for bound in one.bounds if bound < inf}):
        within = [one.at_most(bound) for one in held]
        low, high = (sampled([one[end] for one in within], totals) for end in (0, 1))
        if low and high:
            yield bound, (interval(low, level)[0], interval(high, level)[1])
