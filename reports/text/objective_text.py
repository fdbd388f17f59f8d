"""Verdicts of objectives as text: measured value, target, budget, explanation, and the headline of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.text.formatting import (
    DASH,
    NOT_MEASURED,
    OPERATOR_SIGNS,
    format_count,
    format_exact_percent,
    format_interval,
    format_number,
    format_percent,
    format_percentile,
    format_quantity,
    truncate,
)
from slo.model import ObjectiveVerdict, Outcome, Proof, Reason, Verdict

REASON_TEXTS: dict[Reason, str] = {
    Reason.PROMETHEUS_UNREACHABLE: "Prometheus could not be reached, so there is no evidence",
    Reason.QUERY_FAILED: "Prometheus rejected a query or failed to answer it",
    Reason.PARTIAL_DATA: "the server reports that its response is incomplete",
    Reason.CLOCK_SKEW: "the local clock and Prometheus's clock differ, so the window is shifted",
    Reason.INTERRUPTED: "the load was interrupted before its end",
    Reason.MULTIPLE_PROCESSES: "several processes answer the scrapes of one target, so its counts are wrong",
    Reason.TARGET_RESTARTED: "the service restarted during the load",
    Reason.TARGET_DOWN: "scrapes of the service failed",
    Reason.LOAD_NOT_DELIVERED: "the load generator did not deliver the load of the profile",
    Reason.LOAD_FAILED: "requests of the load failed, and no objective counts them as bad events",
    Reason.NO_DATA: "the service counted no events in the window",
    Reason.SCRAPE_GAP: "Prometheus has no scrapes for part of the window",
    Reason.COUNTS_DO_NOT_RECONCILE: "the number of requests sent and the number the service counted differ",
    Reason.GOOD_EXCEEDS_TOTAL: (
        "more good or bad events than total events: the queries do not count the same events"
    ),
    Reason.TOO_FEW_EVENTS: "too few events to decide; a longer load or a higher rate gives more",
    Reason.THRESHOLD_INSIDE_BUCKET: (
        "the threshold lies inside a histogram bucket; make it a bucket bound of the service's histogram"
    ),
    Reason.MALFORMED_HISTOGRAM: "the buckets are not a valid histogram",
    Reason.WITHIN_CONFIDENCE_INTERVAL: "the target lies within the confidence interval",
}
"""Text of each reason, to follow a colon or a dash."""
_OUTCOME_ORDER = (Outcome.MISSED, Outcome.UNDECIDED, Outcome.MET)
_MAX_HEADLINE_OBJECTIVES = 3
_MAX_HEADLINE_NAME_LENGTH = 60


def sort_by_outcome(objectives: Iterable[ObjectiveVerdict]) -> list[ObjectiveVerdict]:
    """Sort objectives: MISSED, UNDECIDED, MET; ties keep the spec's order."""
    return sorted(objectives, key=lambda objective: _OUTCOME_ORDER.index(objective.outcome))


# --- Values -------------------------------------------------------------------------------------


def format_objective_name(objective: ObjectiveVerdict) -> str:
    """Return the SLO's name, followed by the objective's own name if it has one."""
    return f"{objective.slo} / {objective.objective}" if objective.objective else objective.slo


def format_measured(objective: ObjectiveVerdict) -> str:
    """Format the measured value in the form of :func:`format_target`: ``p99 41-50 ms``, ``99.97 %``."""
    measured = objective.measured
    if objective.kind == "composite":
        rate = objective.burn_rate
        return NOT_MEASURED if rate is None else f"burn rate {format_number(rate, [1.0])}"
    if measured is None:
        return _format_measured_ratio(objective)
    if measured.value is None and measured.bounds == (None, None):
        return NOT_MEASURED
    interval = format_interval(*measured.bounds, measured.unit, [measured.threshold])
    if measured.quantile is not None:
        return f"{format_percentile(measured.quantile)} {interval}"
    if objective.sli is None:
        return interval
    return f"{interval}; {format_percent(objective.sli, [objective.target])} of samples within the threshold"


def format_target(objective: ObjectiveVerdict) -> str:
    """Format what the objective asks for: ``p99 ≤ 1 s``, ``≥ 99.5 %``."""
    measured, target = objective.measured, format_exact_percent(objective.target)
    if objective.kind == "composite":
        return "burn rate ≤ 1"
    if measured is None:
        return f"≥ {target}{_format_slices_suffix(objective)}"
    limit = f"{OPERATOR_SIGNS[measured.op]} {format_quantity(measured.threshold, measured.unit)}"
    if measured.quantile is not None:
        return f"{format_percentile(measured.quantile)} {limit}"
    return limit if objective.sli is None else f"{limit} in {target} of samples"


def format_budget_spent(objective: ObjectiveVerdict) -> str:
    """Format the share of the error budget that is spent; above 100 % it is overspent."""
    return format_percent(objective.budget_spent, decimals=0)


def format_sli_interval(objective: ObjectiveVerdict) -> str:
    """Format the lowest and highest ratio of good events that the evidence allows."""
    return format_interval(*objective.bounds, "ratio", [objective.target])


def format_events(objective: ObjectiveVerdict) -> str:
    """Format the numbers of bad and total events."""
    if objective.total is None:
        return DASH
    if objective.bad is None:
        return format_count(objective.total)
    return f"{format_count(objective.bad)} bad of {format_count(objective.total)}"


def _format_measured_ratio(objective: ObjectiveVerdict) -> str:
    if objective.sli is not None:
        return format_percent(objective.sli, [objective.target]) + _format_slices_suffix(objective)
    return NOT_MEASURED if objective.bounds[0] is None else format_sli_interval(objective)


def _format_slices_suffix(objective: ObjectiveVerdict) -> str:
    return " of slices" if objective.kind == "timeslices" else ""


# --- Explanations -------------------------------------------------------------------------------


def explain_objective(objective: ObjectiveVerdict) -> str:
    """Explain a verdict: the reason if UNDECIDED, the shortfall if MISSED, then detail and notes."""
    parts = [_explain_outcome(objective), objective.detail, *objective.notes]
    return ". ".join(part[:1].upper() + part[1:] for part in parts if part)


def _explain_outcome(objective: ObjectiveVerdict) -> str:
    match objective.outcome:
        case Outcome.MET:
            return ""
        case Outcome.MISSED:
            return _explain_miss(objective)
        case Outcome.UNDECIDED:
            return REASON_TEXTS[objective.reason] if objective.reason else "no reason is recorded"


def _explain_miss(objective: ObjectiveVerdict) -> str:
    """State by how much a target is missed."""
    bad, total, spent = objective.bad, objective.total, objective.budget_spent
    if objective.kind == "composite" and spent is not None:
        return f"{format_number(spent, [1.0])} times the error budget was spent"
    if bad is None or not total:
        return "the measured value misses the target"
    allowed = format_number(total * (1 - objective.target), digits=2)
    times = f", {format_number(spent, [1.0])} times the error budget" if spent is not None else ""
    return f"{format_count(bad)} of {format_count(total)} events were bad{times}; the target allows {allowed}"


# --- The verdict in one line --------------------------------------------------------------------


def format_headline(proof: Proof) -> str:
    """Summarize a run in one line, without the verdict itself."""
    return "; ".join(part for part in (_format_score(proof.verdict), format_traffic(proof)) if part)


def format_traffic(proof: Proof) -> str:
    """Format the number of requests sent, counted and failed; empty if none is known."""
    failed = proof.verdict.failed_requests
    suffix = f", {format_count(failed.failed)} failed" if failed and failed.failed else ""
    for check in proof.verdict.checks:
        numbers = check.numbers
        if numbers.keys() >= {"sent", "counted", "difference"}:
            return (
                f"{format_count(numbers['sent'])} requests sent, {format_count(numbers['counted'])} counted, "
                f"difference {format_count(numbers['difference'])}{suffix}"
            )
    return f"{format_count(proof.run.total.sent)} requests sent{suffix}" if proof.run else ""


def _format_score(verdict: Verdict) -> str:
    objectives = verdict.objectives
    if not objectives:
        return "no objective was evaluated"
    missed = [objective for objective in objectives if objective.outcome is Outcome.MISSED]
    undecided = [objective for objective in objectives if objective.outcome is Outcome.UNDECIDED]
    if missed:
        suffix = f", {format_count(len(undecided))} undecided" if undecided else ""
        return f"{_format_share(missed, objectives)} missed ({_format_missed(missed)}){suffix}"
    if undecided:
        return f"{_format_share(undecided, objectives)} undecided ({_format_reasons(undecided)})"
    return f"{_format_share(objectives, objectives)} met"


def _format_share(selected: Sequence[ObjectiveVerdict], objectives: Sequence[ObjectiveVerdict]) -> str:
    total = len(objectives)
    return f"{format_count(len(selected))} of {format_count(total)} objective{'' if total == 1 else 's'}"


def _format_missed(objectives: Sequence[ObjectiveVerdict]) -> str:
    shown = [
        f"{truncate(objective.slo, _MAX_HEADLINE_NAME_LENGTH)}: {format_measured(objective)}, "
        f"target {format_target(objective)}"
        for objective in objectives[:_MAX_HEADLINE_OBJECTIVES]
    ]
    omitted = len(objectives) - len(shown)
    return "; ".join(shown) + (f"; and {format_count(omitted)} more" if omitted else "")


def _format_reasons(objectives: Sequence[ObjectiveVerdict]) -> str:
    counts = Counter(str(objective.reason or "no reason").replace("_", " ") for objective in objectives)
    return ", ".join(
        reason if len(counts) == 1 else f"{reason}: {number}" for reason, number in counts.items()
    )
