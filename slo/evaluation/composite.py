"""Composite SLOs: the burn rates of their parts, weighted and added up. Pure.

OpenSLO v1, "Notes (Composite SLO)", says for Occurrences: a part that burns its budget burns the composite's
at the same rate, and its weight multiplies that rate. So with burn rates b and weights w (1 unless written)
the composite's burn rate is the sum of w x b, not a mean: it is met when that is at most 1. It has no target
of its own. For time slices the specification names no target to hold composite slices against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from slo.counting.event_counts import tally
from slo.counting.evidence_reader import Counted, UndecidedError
from slo.model import SLO, ObjectiveVerdict, Outcome, Policy, Reason, Spec
from slo.model.budget import SECONDS_PER_DAY, days_to_exhaustion, exact
from slo.promql.query_plan import judged_by_server

Part = tuple[SLO, ObjectiveVerdict]
Span = tuple[Fraction, Fraction | None]
"""Lowest and highest burn rate; the highest is ``None`` where nothing bounds it."""

_LEFT_OPEN = {Reason.THRESHOLD_INSIDE_BUCKET, Reason.WITHIN_CONFIDENCE_INTERVAL}
"""Reasons of a part whose burn rate has bounds all the same."""


def with_composites(
    spec: Spec, judged: Sequence[ObjectiveVerdict], counted: Counted, policy: Policy
) -> Iterator[ObjectiveVerdict]:
    """Give the verdicts on all objectives, and after the parts of each composite SLO its own.

    ``judged`` are in the order of the spec. Where the policy asks for confidence, the bounds of the parts'
    intervals are added up: the standard deviation of a sum is at most the sum of the deviations, however
    the parts depend on each other.
    """
    each = [slo for slo in spec.slos for _ in slo.objectives]
    for _, group in groupby(zip(each, judged, strict=True), lambda pair: (pair[0].service, pair[0].name)):
        parts = list(group)
        yield from (verdict for _, verdict in parts)
        if parts[0][0].weight is not None:
            yield _composite(parts, counted, policy)


def _composite(parts: Sequence[Part], counted: Counted, policy: Policy) -> ObjectiveVerdict:
    seen = [_burned(slo, verdict, counted) for slo, verdict in parts]
    spans = seen if policy.confidence is None else [_surely_burned(verdict) for _, verdict in parts]
    low, high = _sum(parts, spans)
    outcome = _decided(low, high)
    burn = _shown_burn(outcome, _sum(parts, seen))
    reason, detail = _doubt(parts, spans, (low, high)) if outcome is Outcome.UNDECIDED else (None, "")
    window = parts[0][0].window_seconds
    return ObjectiveVerdict(
        slo=parts[0][0].name,
        objective="composite",
        kind="composite",
        outcome=outcome,
        target=0.0,
        exact=all(verdict.exact for _, verdict in parts),
        reason=reason,
        detail=detail,
        budget_spent=burn,
        burn_rate=burn,
        days_to_exhaustion=None if burn is None else days_to_exhaustion(burn, window),
        window_days=window / SECONDS_PER_DAY,
        queries=tuple(dict.fromkeys(query for _, verdict in parts for query in verdict.queries)),
        notes=(_steps(parts, spans),),
    )


def _sum(parts: Sequence[Part], spans: Sequence[Span]) -> Span:
    """Add up the burn rates, each times its weight; one that is open above leaves the sum open."""
    low: Fraction = Fraction(0)
    high: Fraction | None = Fraction(0)
    for (slo, _), (least, most) in zip(parts, spans, strict=True):
        weight = exact(slo.weight or 0)
        low += weight * least
        high = None if high is None or most is None else high + weight * most
    return low, high


def _decided(low: Fraction, high: Fraction | None) -> Outcome:
    """Hold the burn rate against 1."""
    if low > 1:
        return Outcome.MISSED
    return Outcome.MET if high is not None and high <= 1 else Outcome.UNDECIDED


def _shown_burn(outcome: Outcome, seen: Span) -> float | None:
    """Give the burn rate that was seen; of its bounds the one that is worst for the verdict."""
    if outcome is Outcome.UNDECIDED:
        return None
    end = seen[0] if outcome is Outcome.MISSED else seen[1]
    return None if end is None else float(end)


def _doubt(parts: Sequence[Part], spans: Sequence[Span], burned: Span) -> tuple[Reason, str]:
    """Give the reason of the first part that leaves the sum open."""
    verdict = next(v for (_, v), span in zip(parts, spans, strict=True) if span[0] != span[1])
    if burned[1] is None:
        reason, why = Reason.QUERY_FAILED, verdict.detail or "it has no ratio of events"
    elif verdict.intervals and verdict.intervals.bucket[0] == verdict.intervals.bucket[1]:
        reason, why = Reason.WITHIN_CONFIDENCE_INTERVAL, "another run might have shown another ratio"
    else:
        reason, why = Reason.THRESHOLD_INSIDE_BUCKET, "its threshold is no bucket bound"
    return verdict.reason or reason, f"the burn rate is {_shown(burned)}; {verdict.objective}: {why}"


def _burned(slo: SLO, verdict: ObjectiveVerdict, counted: Counted) -> Span:
    """Give how fast a part burnt its own budget; what it can't tell is open above."""
    if verdict.outcome is Outcome.UNDECIDED and verdict.reason not in _LEFT_OPEN:
        return Fraction(0), None
    if judged_by_server(slo):
        rate = verdict.burn_rate
        return (Fraction(0), None) if rate is None else (Fraction(rate), Fraction(rate))
    try:
        events = tally(slo, slo.objectives[0], counted)
    except UndecidedError:
        return Fraction(0), None
    allowed = (1 - exact(verdict.target)) * Fraction(events.total)
    least, most = ((Fraction(events.total) - Fraction(good)) / allowed for good in reversed(events.good))
    return least, most


def _surely_burned(verdict: ObjectiveVerdict) -> Span:
    """Give how fast a part burns its budget, by its interval; without one it may burn as it likes."""
    undecided = verdict.outcome is Outcome.UNDECIDED and verdict.reason not in _LEFT_OPEN
    if undecided or verdict.intervals is None:
        return Fraction(0), None
    allowed = 1 - exact(verdict.target)
    low, high = verdict.intervals.combined
    return (1 - Fraction(high)) / allowed, (1 - Fraction(low)) / allowed


def _steps(parts: Sequence[Part], spans: Sequence[Span]) -> str:
    """Write the sum out."""
    terms = " + ".join(
        f"{slo.weight:g} x {_shown(span)} ({verdict.objective})"
        for (slo, verdict), span in zip(parts, spans, strict=True)
    )
    return f"burn rate = sum of weight x burn rate = {terms}"


def _shown(span: Span) -> str:
    low, high = span
    if high is None:
        return f"{float(low):.4g} or more" if low else "unknown"
    return f"{float(low):.4g}" if low == high else f"{float(low):.4g} to {float(high):.4g}"
