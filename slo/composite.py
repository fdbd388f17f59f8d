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

from slo.budget import SECONDS_PER_DAY, days_to_exhaustion, exact
from slo.counted import Counted, UndecidedError
from slo.model import SLO, ObjectiveVerdict, Outcome, Reason, Spec
from slo.queries import judged_by_server
from slo.tally import tally

Part = tuple[SLO, ObjectiveVerdict]
Span = tuple[Fraction, Fraction | None]
"""Lowest and highest burn rate; the highest is ``None`` where nothing bounds it."""


def with_composites(
    spec: Spec, judged: Sequence[ObjectiveVerdict], counted: Counted
) -> Iterator[ObjectiveVerdict]:
    """Give the verdicts on all objectives, and after the parts of each composite SLO its own.

    ``judged`` are in the order of the spec.
    """
    each = [slo for slo in spec.slos for _ in slo.objectives]
    for _, group in groupby(zip(each, judged, strict=True), lambda pair: (pair[0].service, pair[0].name)):
        parts = list(group)
        yield from (verdict for _, verdict in parts)
        if parts[0][0].weight is not None:
            yield _composite(parts, counted)


def _composite(parts: Sequence[Part], counted: Counted) -> ObjectiveVerdict:
    spans = [_burned(slo, verdict, counted) for slo, verdict in parts]
    weights = [exact(slo.weight or 0) for slo, _ in parts]
    low = sum((w * span[0] for w, span in zip(weights, spans, strict=True)), Fraction(0))
    highs = [w * span[1] for w, span in zip(weights, spans, strict=True) if span[1] is not None]
    high = sum(highs, Fraction(0)) if len(highs) == len(spans) else None
    outcome, burn = _decided(low, high)
    open_ended = outcome is Outcome.UNDECIDED
    reason, detail = _doubt(parts, spans, (low, high)) if open_ended else (None, "")
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


def _decided(low: Fraction, high: Fraction | None) -> tuple[Outcome, float | None]:
    """Hold the burn rate against 1; what is said of it holds at least so."""
    if low > 1:
        return Outcome.MISSED, float(low)
    if high is not None and high <= 1:
        return Outcome.MET, float(high)
    return Outcome.UNDECIDED, None


def _doubt(parts: Sequence[Part], spans: Sequence[Span], burned: Span) -> tuple[Reason, str]:
    """Give the reason of the first part that leaves the sum open."""
    verdict = next(v for (_, v), span in zip(parts, spans, strict=True) if span[0] != span[1])
    if burned[1] is None:
        reason, why = Reason.QUERY_FAILED, verdict.detail or "it has no ratio of events"
    else:
        reason, why = Reason.THRESHOLD_INSIDE_BUCKET, "its threshold is no bucket bound"
    return verdict.reason or reason, f"the burn rate is {_shown(burned)}; {verdict.objective}: {why}"


def _burned(slo: SLO, verdict: ObjectiveVerdict, counted: Counted) -> Span:
    """Give how fast a part burnt its own budget; what it can't tell is open above."""
    if verdict.outcome is Outcome.UNDECIDED and verdict.reason is not Reason.THRESHOLD_INSIDE_BUCKET:
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
