"""The verdict on one objective, from counts, before any rule can withdraw it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from slo.counting import (
    EventCounts,
    EvidenceReader,
    SlicedEvents,
    UndecidedError,
    count_events,
    count_time_slices,
    explain_scrape_gap,
    slice_events,
    weigh_slices_equally,
)
from slo.evaluation.confidence import add_intervals
from slo.evaluation.server_evaluation import judge_server_value
from slo.model import (
    SECONDS_PER_DAY,
    SLO,
    BudgetingMethod,
    EventsSLI,
    Interval,
    Objective,
    ObjectiveVerdict,
    Outcome,
    Policy,
    RawRatioSLI,
    Reason,
    ThresholdSLI,
    calculate_budget_spent,
    calculate_days_to_exhaustion,
    meets_target,
    to_exact_fraction,
)
from slo.promql import Indicator, PercentileIndicator, ServerIndicator, list_selectors, parse_indicator


class DecisiveCounts(NamedTuple):
    """The bad events, of all events, that MET or MISSED was decided by."""

    bad: float
    total: float


@dataclass(frozen=True, slots=True)
class EvaluatedObjective:
    """The verdict on an objective, and the counts behind it that withdrawal rules look at.

    ``decisive_counts``: ``None`` if the verdict is UNDECIDED or Prometheus computed the value.
    ``window_events``: the events of the window; ``None`` for time slices and values of Prometheus.
    """

    slo: SLO
    objective: Objective
    verdict: ObjectiveVerdict
    decisive_counts: DecisiveCounts | None = None
    window_events: EventCounts | None = None


def evaluate_objective(
    slo: SLO, objective: Objective, reader: EvidenceReader, policy: Policy, *, has_quiet_edges: bool
) -> EvaluatedObjective:
    """Evaluate an objective on the counts alone.

    ``has_quiet_edges``: there was no traffic between the window's edges and the scrapes around them.
    """
    indicator = parse_indicator(slo.sli)
    draft = ObjectiveVerdict(
        slo=slo.name,
        objective=objective.name,
        kind=_determine_kind(slo),
        outcome=Outcome.UNDECIDED,
        target=objective.target,
        exact=not isinstance(indicator, ServerIndicator),
        window_days=slo.window_seconds / SECONDS_PER_DAY,
        queries=_list_queries(indicator),
    )
    try:
        if isinstance(indicator, ServerIndicator):
            return EvaluatedObjective(slo, objective, judge_server_value(draft, slo, objective, reader))
        if slo.budgeting is BudgetingMethod.OCCURRENCES:
            events = count_events(slo, objective, reader)
            verdict, counts = _judge_events(draft, slo, events)
            slices = slice_events(slo, objective, reader, has_quiet_edges=has_quiet_edges)
            verdict = add_intervals(verdict, slices, policy)
            return EvaluatedObjective(slo, objective, verdict, counts, events)
        verdict, counts = _judge_slices(draft, slo, objective, reader, policy)
        return EvaluatedObjective(slo, objective, verdict, counts)
    except UndecidedError as undecided:
        verdict = replace(draft, reason=undecided.reason, detail=undecided.detail)
        return EvaluatedObjective(slo, objective, verdict)


def _determine_kind(slo: SLO) -> str:
    if slo.budgeting is not BudgetingMethod.OCCURRENCES:
        return "timeslices"
    match slo.sli:
        case EventsSLI():
            return "events"
        case RawRatioSLI():
            return "ratio"
        case ThresholdSLI():
            is_percentile = isinstance(parse_indicator(slo.sli), PercentileIndicator)
            return "latency" if is_percentile else "threshold"


def _list_queries(indicator: Indicator) -> tuple[str, ...]:
    if isinstance(indicator, ServerIndicator):
        return tuple(expression.text for expression in indicator.expressions.values())
    return tuple(map(str, list_selectors(indicator)))


# --- Occurrences --------------------------------------------------------------------------------

_Judgement = tuple[ObjectiveVerdict, DecisiveCounts | None]


def _judge_events(draft: ObjectiveVerdict, slo: SLO, events: EventCounts) -> _Judgement:
    if not events.total:
        raise UndecidedError(Reason.NO_DATA, f"{' and '.join(draft.queries)} counted no events in the window")
    low, high = events.good
    verdict = replace(
        draft,
        total=events.total,
        bounds=(low / events.total, high / events.total),
        measured=events.measured,
        notes=events.notes,
    )
    met = meets_target(low, events.total, draft.target)
    if not met and meets_target(high, events.total, draft.target):
        detail = (
            f"{low:g} to {high:g} of {events.total:g} events are good: the threshold is not a bucket bound"
        )
        return replace(verdict, reason=Reason.THRESHOLD_INSIDE_BUCKET, detail=detail), None
    # Show the bound that is worst for the verdict: the true ratio is at least as clearly met or missed.
    good = low if met else high
    verdict = replace(verdict, outcome=Outcome.MET if met else Outcome.MISSED)
    verdict = _add_budget(verdict, good, events.total, slo.window_seconds)
    return verdict, DecisiveCounts(events.total - good, events.total)


def _add_budget(
    verdict: ObjectiveVerdict, good: float, total: float, window_seconds: float
) -> ObjectiveVerdict:
    burn_rate = calculate_budget_spent(total - good, total, verdict.target)
    return replace(
        verdict,
        good=good,
        bad=total - good,
        total=total,
        sli=good / total,
        budget_spent=burn_rate,
        burn_rate=burn_rate,
        days_to_exhaustion=calculate_days_to_exhaustion(burn_rate, window_seconds),
    )


# --- Time slices --------------------------------------------------------------------------------


def _judge_slices(
    draft: ObjectiveVerdict, slo: SLO, objective: Objective, reader: EvidenceReader, policy: Policy
) -> _Judgement:
    """Judge the share of good slices, or the mean of the slices' ratios of good events.

    Slices without events are left out: they are neither good nor bad.
    """
    slices = [events for _, events in count_time_slices(slo, objective, reader)]
    if not slices:
        raise UndecidedError(
            Reason.NO_DATA,
            f"the window of {reader.window.seconds:g} s contains no slice of "
            f"{objective.time_slice_seconds:g} s with events",
        )
    if slo.budgeting is BudgetingMethod.RATIO_TIMESLICES:
        verdict, counts = _judge_mean_ratio(draft, slo, slices)
        observations = weigh_slices_equally(slices)
    else:
        observations = _judge_each_slice(objective, slices)
        low, high = (sum(bounds) for bounds in zip(*(slice_.good for slice_ in observations), strict=True))
        notes = (f"{len(slices)} slices of {objective.time_slice_seconds:g} s, cut at scrapes",)
        good_slices = EventCounts(Interval(low, high), len(slices), notes=notes)
        verdict, counts = _judge_events(draft, slo, good_slices)
    verdict = explain_scrape_gap(verdict, slices)
    return add_intervals(verdict, SlicedEvents(observations), policy), counts


def _judge_each_slice(objective: Objective, slices: Iterable[EventCounts]) -> tuple[EventCounts, ...]:
    """Return each slice as one event, which is good if the slice meets its target."""
    target = objective.time_slice_target
    if target is None:
        target = objective.target
    return tuple(
        EventCounts(Interval(*(meets_target(good, events.total, target) for good in events.good)), 1)
        for events in slices
    )


def _judge_mean_ratio(draft: ObjectiveVerdict, slo: SLO, slices: Sequence[EventCounts]) -> _Judgement:
    ratios = [[Fraction(good) / Fraction(events.total) for good in events.good] for events in slices]
    low, high = (sum(bounds, Fraction(0)) / len(slices) for bounds in zip(*ratios, strict=True))
    verdict = replace(draft, bounds=(float(low), float(high)))
    met, can_be_met = (mean >= to_exact_fraction(draft.target) for mean in (low, high))
    if can_be_met and not met:
        detail = f"the mean ratio is {float(low):g} to {float(high):g}: the threshold is not a bucket bound"
        return replace(verdict, reason=Reason.THRESHOLD_INSIDE_BUCKET, detail=detail), None
    mean, events = float(low if met else high), sum(slice_.total for slice_ in slices)
    verdict = replace(verdict, outcome=Outcome.MET if met else Outcome.MISSED)
    verdict = _add_budget(verdict, mean * len(slices), len(slices), slo.window_seconds)
    verdict = replace(verdict, sli=mean, good=None, bad=None)
    return verdict, DecisiveCounts((1 - mean) * events, events)
