"""Composite SLOs: the weighted sum of the burn rates of their parts. Pure.

OpenSLO v1, "Notes (Composite SLO)", defines for Occurrences: a part that burns its budget burns the
composite's budget at the same rate, multiplied by the part's weight. So with burn rates b and weights w
(default 1) the composite's burn rate is the sum of w x b, not a mean; it is met if the sum is at most 1. It
has no target of its own. For time slices the specification defines no target for composite slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from slo.counting import EvidenceReader, UndecidedError, count_events
from slo.model import (
    SECONDS_PER_DAY,
    SLO,
    ObjectiveVerdict,
    Outcome,
    Policy,
    Reason,
    Spec,
    calculate_days_to_exhaustion,
    to_exact_fraction,
)
from slo.promql import is_evaluated_by_server


class CompositePart(NamedTuple):
    """An SLO that is a part of a composite SLO, and the verdict on its objective."""

    slo: SLO
    verdict: ObjectiveVerdict


class BurnRateBounds(NamedTuple):
    """Lowest and highest burn rate, both included; ``high`` is ``None`` if there is no upper bound."""

    low: Fraction
    high: Fraction | None


_UNBOUNDED = BurnRateBounds(Fraction(0), None)
_REASONS_WITH_BOUNDS = {Reason.THRESHOLD_INSIDE_BUCKET, Reason.WITHIN_CONFIDENCE_INTERVAL}
"""Reasons of an UNDECIDED part whose burn rate nevertheless has bounds."""


def add_composite_verdicts(
    spec: Spec, verdicts: Sequence[ObjectiveVerdict], reader: EvidenceReader, policy: Policy
) -> Iterator[ObjectiveVerdict]:
    """Yield the verdicts on all objectives; after the parts of each composite SLO, the composite's verdict.

    ``verdicts`` are in the order of the spec. If the policy asks for confidence, the bounds of the parts'
    intervals are added up: the standard deviation of a sum is at most the sum of the standard deviations,
    however the parts are correlated.
    """
    slos = [slo for slo in spec.slos for _ in slo.objectives]
    all_parts = (CompositePart(slo, verdict) for slo, verdict in zip(slos, verdicts, strict=True))
    for _, group in groupby(all_parts, lambda part: (part.slo.service, part.slo.name)):
        parts = list(group)
        yield from (part.verdict for part in parts)
        if parts[0].slo.weight is not None:
            yield _judge_composite(parts, reader, policy)


def _judge_composite(
    parts: Sequence[CompositePart], reader: EvidenceReader, policy: Policy
) -> ObjectiveVerdict:
    observed = [_compute_observed_rate(part, reader) for part in parts]
    burn_rates = observed
    if policy.confidence is not None:
        burn_rates = [_compute_interval_rate(part.verdict) for part in parts]
    composite_rate = _sum_burn_rates(parts, burn_rates)
    outcome = _decide_outcome(composite_rate)
    shown_rate = _select_shown_rate(outcome, _sum_burn_rates(parts, observed))
    reason, detail = None, ""
    if outcome is Outcome.UNDECIDED:
        reason, detail = _explain_undecided(parts, burn_rates, composite_rate)
    window_seconds = parts[0].slo.window_seconds
    return ObjectiveVerdict(
        slo=parts[0].slo.name,
        objective="composite",
        kind="composite",
        outcome=outcome,
        target=0.0,
        exact=all(part.verdict.exact for part in parts),
        reason=reason,
        detail=detail,
        budget_spent=shown_rate,
        burn_rate=shown_rate,
        days_to_exhaustion=None
        if shown_rate is None
        else calculate_days_to_exhaustion(shown_rate, window_seconds),
        window_days=window_seconds / SECONDS_PER_DAY,
        queries=tuple(dict.fromkeys(query for part in parts for query in part.verdict.queries)),
        notes=(_format_sum(parts, burn_rates),),
    )


def _sum_burn_rates(parts: Sequence[CompositePart], burn_rates: Sequence[BurnRateBounds]) -> BurnRateBounds:
    """Return the sum of weight x burn rate; it has no upper bound if a part has none."""
    low: Fraction = Fraction(0)
    high: Fraction | None = Fraction(0)
    for part, burn_rate in zip(parts, burn_rates, strict=True):
        weight = to_exact_fraction(part.slo.weight or 0)
        low += weight * burn_rate.low
        high = None if high is None or burn_rate.high is None else high + weight * burn_rate.high
    return BurnRateBounds(low, high)


def _decide_outcome(burn_rate: BurnRateBounds) -> Outcome:
    """Compare the composite's burn rate with 1."""
    if burn_rate.low > 1:
        return Outcome.MISSED
    return Outcome.MET if burn_rate.high is not None and burn_rate.high <= 1 else Outcome.UNDECIDED


def _select_shown_rate(outcome: Outcome, observed: BurnRateBounds) -> float | None:
    """Return the bound of the observed burn rate that is worst for the verdict; ``None`` if UNDECIDED."""
    if outcome is Outcome.UNDECIDED:
        return None
    bound = observed.low if outcome is Outcome.MISSED else observed.high
    return None if bound is None else float(bound)


def _explain_undecided(
    parts: Sequence[CompositePart], burn_rates: Sequence[BurnRateBounds], composite_rate: BurnRateBounds
) -> tuple[Reason, str]:
    """Return the reason and detail of the first part whose burn rate is not known exactly."""
    verdict = next(
        part.verdict for part, rate in zip(parts, burn_rates, strict=True) if rate.low != rate.high
    )
    if composite_rate.high is None:
        reason, why = Reason.QUERY_FAILED, verdict.detail or "it has no ratio of events"
    elif verdict.intervals and verdict.intervals.bucket.low == verdict.intervals.bucket.high:
        reason, why = Reason.WITHIN_CONFIDENCE_INTERVAL, "its confidence interval allows other burn rates"
    else:
        reason, why = Reason.THRESHOLD_INSIDE_BUCKET, "its threshold is not a bucket bound"
    detail = f"the burn rate is {_format_rate(composite_rate)}; {verdict.objective}: {why}"
    return verdict.reason or reason, detail


def _compute_observed_rate(part: CompositePart, reader: EvidenceReader) -> BurnRateBounds:
    """Return the burn rate of a part's own budget on the evidence; unbounded if the part is UNDECIDED."""
    slo, verdict = part
    if verdict.outcome is Outcome.UNDECIDED and verdict.reason not in _REASONS_WITH_BOUNDS:
        return _UNBOUNDED
    if is_evaluated_by_server(slo):
        if verdict.burn_rate is None:
            return _UNBOUNDED
        return BurnRateBounds(Fraction(verdict.burn_rate), Fraction(verdict.burn_rate))
    try:
        events = count_events(slo, slo.objectives[0], reader)
    except UndecidedError:
        return _UNBOUNDED
    allowed = (1 - to_exact_fraction(verdict.target)) * Fraction(events.total)
    low, high = ((Fraction(events.total) - Fraction(good)) / allowed for good in reversed(events.good))
    return BurnRateBounds(low, high)


def _compute_interval_rate(verdict: ObjectiveVerdict) -> BurnRateBounds:
    """Return the burn rate that a part's confidence interval allows; unbounded without an interval."""
    undecided = verdict.outcome is Outcome.UNDECIDED and verdict.reason not in _REASONS_WITH_BOUNDS
    if undecided or verdict.intervals is None:
        return _UNBOUNDED
    allowed = 1 - to_exact_fraction(verdict.target)
    ratio = verdict.intervals.combined
    return BurnRateBounds((1 - Fraction(ratio.high)) / allowed, (1 - Fraction(ratio.low)) / allowed)


def _format_sum(parts: Sequence[CompositePart], burn_rates: Sequence[BurnRateBounds]) -> str:
    terms = " + ".join(
        f"{part.slo.weight:g} x {_format_rate(burn_rate)} ({part.verdict.objective})"
        for part, burn_rate in zip(parts, burn_rates, strict=True)
    )
    return f"burn rate = sum of weight x burn rate = {terms}"


def _format_rate(burn_rate: BurnRateBounds) -> str:
    low, high = burn_rate
    if high is None:
        return f"{float(low):.4g} or more" if low else "unknown"
    return f"{float(low):.4g}" if low == high else f"{float(low):.4g} to {float(high):.4g}"
