"""From spec and evidence to the verdict. Pure: no clock, no network, no files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import partial

from slo.counting.event_counts import Tally, holds, tally, unit_of
from slo.counting.evidence_reader import Counted, UndecidedError
from slo.counting.slices import Sliced, as_one_each, sliced
from slo.counting.time_slices import time_slices, why_open
from slo.evaluation.burn_rate_alerts import alerts
from slo.evaluation.checks import check_evidence
from slo.evaluation.composite import with_composites
from slo.evaluation.confidence import with_certainty, without_certainty
from slo.evaluation.reset_ambiguity import in_both_readings
from slo.evaluation.window_edge_skew import held_against_edges
from slo.model import (
    SLO,
    Budgeting,
    Check,
    CheckStatus,
    EventsSLI,
    Evidence,
    Measured,
    Objective,
    ObjectiveVerdict,
    Outcome,
    Policy,
    PromQL,
    RawRatioSLI,
    Reason,
    RunRecord,
    Spec,
    ThresholdSLI,
    Verdict,
    budget,
)
from slo.promql.query_plan import expression, judged_by_server, metrics
from slo.promql.syntax import Shape


def evaluate(
    spec: Spec, evidence: Evidence, run: RunRecord | None = None, policy: Policy | None = None
) -> Verdict:
    """Judge every objective of a spec on the evidence.

    ``run`` is what the load generator says it sent; without it the window is judged whoever made its load,
    and counter resets and restarts are counted across. ``policy``: by default, what was observed is judged.
    """
    policy = policy or Policy()
    counted = Counted(evidence)
    checks = check_evidence(spec, counted, run)
    sent = run.total.sent if run else None
    judged = [
        in_both_readings(
            partial(_judged, slo, objective, policy=policy, bracketed=run is not None), slo, counted
        )
        for slo in spec.slos
        for objective in slo.objectives
    ]
    objectives = tuple(_checked(one, checks, sent) for one in with_composites(spec, judged, counted, policy))
    outcome = overall(one.outcome for one in objectives)
    return Verdict(outcome, evidence.window, objectives, checks, policy, alerts(spec, counted))


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """Give one verdict for many: a miss decides, then doubt; nothing judged is doubt too."""
    seen = set(outcomes)
    if Outcome.MISSED in seen:
        return Outcome.MISSED
    return Outcome.MET if seen == {Outcome.MET} else Outcome.UNDECIDED


def _checked(verdict: ObjectiveVerdict, checks: Iterable[Check], sent: int | None) -> ObjectiveVerdict:
    """Withdraw a verdict that a failed check makes doubtful.

    A miss stands when it would be one even if every request sent that was not seen had been good, but
    not when the load was not the one asked for, or nobody knows how much was sent (``sent`` is ``None``).
    """
    failed = [check for check in checks if check.status is CheckStatus.FAIL]
    if not failed:
        return verdict
    first = failed[0]
    as_asked = all(check.reason is not Reason.LOAD_NOT_DELIVERED for check in failed)
    if verdict.outcome is Outcome.MISSED and as_asked and _stands(verdict, sent):
        return replace(verdict, notes=(*verdict.notes, f"missed even so: check {first.name} failed"))
    why = verdict.detail and f" (on what was seen: {verdict.outcome}; {verdict.detail})"
    return replace(verdict, outcome=Outcome.UNDECIDED, reason=first.reason, detail=f"{first.detail}{why}")


def _stands(verdict: ObjectiveVerdict, sent: int | None) -> bool:
    if sent is None:
        return False
    if verdict.kind not in {"events", "latency"} or verdict.bad is None or verdict.total is None:
        return False
    return budget.missed_whatever_unseen(verdict.bad, max(verdict.total, sent), verdict.target)


def _judged(
    slo: SLO, objective: Objective, counted: Counted, policy: Policy, *, bracketed: bool
) -> ObjectiveVerdict:
    blank = ObjectiveVerdict(
        slo=slo.name,
        objective=objective.name,
        kind=_kind(slo),
        outcome=Outcome.UNDECIDED,
        target=objective.target,
        exact=not judged_by_server(slo),
        window_days=slo.window_seconds / budget.SECONDS_PER_DAY,
        queries=tuple(_asked(slo)),
    )
    try:
        if judged_by_server(slo):
            return without_certainty(_by_server(blank, slo, objective, counted), policy)
        if slo.budgeting is Budgeting.OCCURRENCES:
            events = tally(slo, objective, counted)
            verdict = _by_events(blank, slo, events)
            if not bracketed:
                verdict = held_against_edges(verdict, slo, events, counted)
            slices = sliced(slo, objective, counted, bracketed=bracketed)
            return with_certainty(verdict, slices, policy, counted.window)
        return _by_slices(blank, slo, objective, counted, policy)
    except UndecidedError as undecided:
        return replace(blank, reason=undecided.reason, detail=undecided.detail)


def _kind(slo: SLO) -> str:
    if slo.budgeting is not Budgeting.OCCURRENCES:
        return "timeslices"
    match slo.sli:
        case EventsSLI():
            return "events"
        case RawRatioSLI():
            return "ratio"
        case ThresholdSLI(metric=metric):
            return "latency" if expression(metric).shape is Shape.QUANTILE else "threshold"


def _asked(slo: SLO) -> Iterable[str]:
    for metric in metrics(slo).values():
        item = expression(metric)
        yield item.text if judged_by_server(slo) else str(item.selector)


# --- Occurrences --------------------------------------------------------------------------------


def _by_events(blank: ObjectiveVerdict, slo: SLO, events: Tally) -> ObjectiveVerdict:
    if not events.total:
        raise UndecidedError(Reason.NO_DATA, f"{' and '.join(blank.queries)} counted nothing in the window")
    low, high = events.good
    verdict = replace(
        blank,
        total=events.total,
        bounds=(low / events.total, high / events.total),
        measured=events.measured,
        notes=events.notes,
    )
    met = budget.meets(low, events.total, blank.target)
    if not met and budget.meets(high, events.total, blank.target):
        detail = f"{low:g} to {high:g} of {events.total:g} events are good: the threshold is no bucket bound"
        return replace(verdict, reason=Reason.THRESHOLD_INSIDE_BUCKET, detail=detail)
    # The bound that is worst for the verdict: what is said holds at least so.
    good = low if met else high
    verdict = _with_budget(verdict, good, events.total, slo.window_seconds)
    return _concluded(verdict, met, events.total - good, events.total)


def _concluded(verdict: ObjectiveVerdict, met: bool, bad: float, total: float) -> ObjectiveVerdict:
    """Conclude, unless one bad event would decide and the target is not missed beyond that either."""
    needed = budget.minimum_events(verdict.target)
    if total < needed and not budget.missed_whatever_unseen(bad, float(needed), verdict.target):
        detail = f"{total:g} events; a target of {verdict.target:.10g} needs at least {float(needed):g}"
        return replace(verdict, reason=Reason.TOO_FEW_EVENTS, detail=detail)
    return replace(verdict, outcome=Outcome.MET if met else Outcome.MISSED)


def _with_budget(
    verdict: ObjectiveVerdict, good: float, total: float, window_seconds: float
) -> ObjectiveVerdict:
    burn = budget.budget_spent(total - good, total, verdict.target)
    return replace(
        verdict,
        good=good,
        bad=total - good,
        total=total,
        sli=good / total,
        budget_spent=burn,
        burn_rate=burn,
        days_to_exhaustion=budget.days_to_exhaustion(burn, window_seconds),
    )


# --- Timeslices ---------------------------------------------------------------------------------


def _by_slices(
    blank: ObjectiveVerdict, slo: SLO, objective: Objective, counted: Counted, policy: Policy
) -> ObjectiveVerdict:
    """Judge each slice of the window, then the share of good slices (or the mean of their ratios).

    Slices without events are left out: nothing measured is neither good nor bad.
    """
    slices = [events for _, events in time_slices(slo, objective, counted)]
    if not slices:
        raise UndecidedError(
            Reason.NO_DATA,
            f"the window of {counted.window.seconds:g} s holds no slice of "
            f"{objective.time_slice_seconds:g} s with events",
        )
    if slo.budgeting is Budgeting.RATIO_TIMESLICES:
        verdict = why_open(_by_mean_ratio(blank, slo, slices), slices)
        return with_certainty(verdict, Sliced(as_one_each(slices)), policy, counted.window)
    wanted = objective.time_slice_target
    least = wanted if wanted is not None else objective.target
    ends = [[budget.meets(one.good[end], one.total, least) for one in slices] for end in (0, 1)]
    low, high = map(sum, ends)
    notes = (f"{len(slices)} slices of {objective.time_slice_seconds:g} s, cut at scrapes",)
    verdict = why_open(_by_events(blank, slo, Tally((low, high), len(slices), notes=notes)), slices)
    judged = tuple(Tally((worst, best), 1) for worst, best in zip(*ends, strict=True))
    return with_certainty(verdict, Sliced(judged), policy, counted.window)


def _by_mean_ratio(blank: ObjectiveVerdict, slo: SLO, slices: list[Tally]) -> ObjectiveVerdict:
    low, high = (
        sum(Fraction(one.good[end]) / Fraction(one.total) for one in slices) / len(slices) for end in (0, 1)
    )
    verdict = replace(blank, bounds=(float(low), float(high)))
    met, possible = (mean >= budget.exact(blank.target) for mean in (low, high))
    if possible and not met:
        detail = f"the mean ratio is {float(low):g} to {float(high):g}: the threshold is no bucket bound"
        return replace(verdict, reason=Reason.THRESHOLD_INSIDE_BUCKET, detail=detail)
    mean, events = float(low if met else high), sum(one.total for one in slices)
    verdict = _with_budget(verdict, mean * len(slices), len(slices), slo.window_seconds)
    verdict = replace(verdict, sli=mean, good=None, bad=None)
    return _concluded(verdict, met, (1 - mean) * events, events)


# --- Evaluated by Prometheus --------------------------------------------------------------------


def _by_server(blank: ObjectiveVerdict, slo: SLO, objective: Objective, counted: Counted) -> ObjectiveVerdict:
    match slo.sli:
        case EventsSLI(total=total, good=good, bad=bad):
            ratio = _server_ratio(good, bad, total, counted)
        case RawRatioSLI(raw=raw, success=success):
            value = counted.value(expression(raw).text)
            ratio = value if success else 1 - value
        case ThresholdSLI(metric=metric):
            return _server_threshold(
                blank, objective, counted.value(expression(metric).text), expression(metric).text
            )
    if not 0 <= ratio <= 1:
        raise UndecidedError(
            Reason.QUERY_FAILED, f"{' / '.join(blank.queries)} is {ratio:g}, not a ratio from 0 to 1"
        )
    burn = budget.budget_spent(1 - ratio, 1, blank.target)
    return replace(
        blank,
        outcome=Outcome.MET if ratio >= blank.target else Outcome.MISSED,
        sli=ratio,
        bounds=(ratio, ratio),
        budget_spent=burn,
        burn_rate=burn,
        days_to_exhaustion=budget.days_to_exhaustion(burn, slo.window_seconds),
        notes=(_APPROXIMATE,),
    )


_APPROXIMATE = "approximate: evaluated by Prometheus at the window's end, with its extrapolation"


def _server_ratio(good: PromQL | None, bad: PromQL | None, total: PromQL, counted: Counted) -> float:
    everything = counted.value(total.query)
    if not everything:
        raise UndecidedError(Reason.NO_DATA, f"{total.query} is 0")
    if good is not None:
        return counted.value(good.query) / everything
    if bad is None:
        raise TypeError("an events SLI needs good or bad")
    return 1 - counted.value(bad.query) / everything


def _server_threshold(
    blank: ObjectiveVerdict, objective: Objective, value: float, query: str
) -> ObjectiveVerdict:
    if objective.op is None or objective.threshold is None:
        raise TypeError(f"objective {objective.name!r} has no threshold")
    met = holds(objective.op, value, objective.threshold)
    measured = Measured(value, (value, value), objective.op, objective.threshold, unit_of(query))
    return replace(
        blank, outcome=Outcome.MET if met else Outcome.MISSED, measured=measured, notes=(_APPROXIMATE,)
    )
