"""Why an objective has the verdict it has, in words."""

from __future__ import annotations

from reports.text import formatting
from slo.model import ObjectiveVerdict, Outcome, Reason

REASONS: dict[Reason, str] = {
    Reason.PROMETHEUS_UNREACHABLE: "Prometheus could not be asked, so nothing is known",
    Reason.QUERY_FAILED: "Prometheus refused or could not answer a query",
    Reason.PARTIAL_DATA: "the server says that its answer leaves data out",
    Reason.CLOCK_SKEW: "the clocks here and at Prometheus differ, so the window is not the one it saw",
    Reason.INTERRUPTED: "the load was interrupted before its end",
    Reason.TARGET_RESTARTED: "the service restarted under the load",
    Reason.TARGET_DOWN: "the service did not answer its scrapes",
    Reason.LOAD_NOT_DELIVERED: "the load generator could not send the load that was asked for",
    Reason.NO_DATA: "the service counted nothing in the window",
    Reason.SCRAPE_GAP: "Prometheus did not see the whole window",
    Reason.COUNTS_DO_NOT_RECONCILE: "what was sent and what the service counted differ",
    Reason.GOOD_EXCEEDS_TOTAL: "more good or bad events than events in all: the two do not belong together",
    Reason.TOO_FEW_EVENTS: "too few events to tell; a longer load or a higher rate gives more",
    Reason.THRESHOLD_INSIDE_BUCKET: (
        "the threshold lies inside a histogram bucket; make it a bucket bound of the service"
    ),
    Reason.MALFORMED_HISTOGRAM: "the buckets are no histogram",
    Reason.WITHIN_CONFIDENCE_INTERVAL: "the target lies within what chance alone could give",
}
"""A sentence for each reason, to follow a colon or a dash."""


def why(objective: ObjectiveVerdict) -> str:
    """Say why: the reason and its detail when undecided, the shortfall when missed, notes always."""
    parts = [_cause(objective), objective.detail, *objective.notes]
    return ". ".join(part[:1].upper() + part[1:] for part in parts if part)


def _cause(objective: ObjectiveVerdict) -> str:
    match objective.outcome:
        case Outcome.MET:
            return ""
        case Outcome.MISSED:
            return _shortfall(objective)
        case Outcome.UNDECIDED:
            return REASONS[objective.reason] if objective.reason else "no reason was given"


def _shortfall(objective: ObjectiveVerdict) -> str:
    """Say by how much a target is missed, beside what was measured and asked."""
    bad, total, spent = objective.bad, objective.total, objective.budget_spent
    if objective.kind == "composite" and spent is not None:
        return f"{formatting.number(spent, [1.0])} times the error budget was burnt"
    if bad is None or not total:
        return "what was measured falls short of what was asked"
    allowed = formatting.number(total * (1 - objective.target), digits=2)
    times = f", {formatting.number(spent, [1.0])} times the error budget" if spent is not None else ""
    return (
        f"{formatting.count(bad)} of {formatting.count(total)} events were bad where {allowed} may be{times}"
    )
