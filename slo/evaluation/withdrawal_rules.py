"""All rules that can withdraw a verdict, in the order in which they apply: see the two lists at the end.

A rule takes a verdict and its context. It returns the verdict unchanged, or UNDECIDED with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from slo.counting import CounterIncrease, EventCounts, EvidenceReader, find_edge_windows
from slo.evaluation.binomial_intervals import is_one_sided
from slo.evaluation.failed_requests import count_unexplained_failures, exceeds_limit
from slo.evaluation.objective_evaluation import EvaluatedObjective, evaluate_objective
from slo.model import (
    SLO,
    Check,
    CheckStatus,
    Intervals,
    Objective,
    ObjectiveVerdict,
    Outcome,
    Policy,
    Reason,
    RunRecord,
    Window,
    calculate_minimum_events,
    is_certainly_missed,
    meets_target,
)
from slo.promql import (
    EventsIndicator,
    GaugeIndicator,
    Selector,
    list_selectors,
    parse_indicator,
    parse_selector,
)


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule looks at beside the verdict.

    ``run`` is ``None`` if no load was generated. ``evaluated``: the objective and the counts behind its
    verdict; ``None`` for a composite SLO.
    """

    reader: EvidenceReader
    policy: Policy
    checks: Sequence[Check] = ()
    run: RunRecord | None = None
    evaluated: EvaluatedObjective | None = None


_REQUEST_KINDS = {"events", "latency"}
"""Kinds of objectives that count requests."""

Rule = Callable[[ObjectiveVerdict, RuleContext], ObjectiveVerdict]


def decide_objective(
    slo: SLO, objective: Objective, context: RuleContext, rules: Iterable[Rule] | None = None
) -> ObjectiveVerdict:
    """Evaluate an objective and apply the rules, by default :data:`OBJECTIVE_RULES`, to its verdict."""
    evaluated = evaluate_objective(
        slo, objective, context.reader, context.policy, has_quiet_edges=context.run is not None
    )
    rules = OBJECTIVE_RULES if rules is None else rules
    return apply_rules(rules, evaluated.verdict, replace(context, evaluated=evaluated))


def apply_rules(rules: Iterable[Rule], verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Apply each rule to the verdict that the rule before it returned."""
    return reduce(lambda current, rule: rule(current, context), rules, verdict)


def _withdraw(verdict: ObjectiveVerdict, reason: Reason, detail: str) -> ObjectiveVerdict:
    return replace(verdict, outcome=Outcome.UNDECIDED, reason=reason, detail=detail)


def _is_decided(verdict: ObjectiveVerdict) -> bool:
    return verdict.outcome is not Outcome.UNDECIDED


# --- Too few events -----------------------------------------------------------------------------


def withdraw_too_few_events(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict on fewer events than 1 / (1 - target), where one bad event would decide.

    A miss stands if the bad events would miss the target of that many events, too.
    """
    counts = context.evaluated and context.evaluated.decisive_counts
    if not counts or not _is_decided(verdict):
        return verdict
    needed = calculate_minimum_events(verdict.target)
    if counts.total >= needed or is_certainly_missed(counts.bad, float(needed), verdict.target):
        return verdict
    detail = f"{counts.total:g} events; a target of {verdict.target:.10g} needs at least {float(needed):g}"
    return _withdraw(verdict, Reason.TOO_FEW_EVENTS, detail)


# --- Gauges without values ----------------------------------------------------------------------


def withdraw_low_coverage(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict on samples that cover too little of the window; of the rest nothing is known.

    A miss stands if the bad samples would miss the target with a good sample in every scrape.
    """
    if context.evaluated is None or not _is_decided(verdict):
        return verdict
    gauges = _list_gauges(context.evaluated.slo)
    coverages = {selector: context.reader.measure_coverage(selector) for selector in gauges}
    selector = min(coverages, key=coverages.__getitem__, default=None)
    if selector is None or coverages[selector] >= context.policy.coverage:
        return verdict
    coverage = coverages[selector]
    counts = context.evaluated.window_events and context.evaluated.decisive_counts
    if counts and coverage and is_certainly_missed(counts.bad, counts.total / coverage, verdict.target):
        return verdict
    detail = (
        f"{selector} has values in only {100 * coverage:.3g} % of the scrapes in the window; "
        f"{100 * context.policy.coverage:.3g} % are needed"
    )
    return _withdraw(verdict, Reason.NO_DATA, detail)


def _list_gauges(slo: SLO) -> tuple[Selector, ...]:
    """Return the selectors whose samples are judged one by one."""
    match parse_indicator(slo.sli):
        case GaugeIndicator(gauge=gauge):
            return (gauge,)
        case EventsIndicator(is_counter=False, matched=matched, total=total):
            return matched, total
        case _:
            return ()


# --- Window edge skew ---------------------------------------------------------------------------


def withdraw_window_edge_skew(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict that events at the window's edges can reverse, if scrape targets differ.

    Events of a proxy and of the service behind it are counted from each one's last scrape before the window
    to its first scrape after it. These scrapes are at different times, so with traffic at the edges they
    count different events. In a run there is no traffic at the edges.
    """
    evaluated, reader = context.evaluated, context.reader
    events = evaluated.window_events if evaluated else None
    if context.run is not None or evaluated is None or events is None or not _is_decided(verdict):
        return verdict
    ratio = _find_ratio_of_different_targets(evaluated.slo, reader)
    if ratio is None:
        return verdict
    interval = reader.find_longest_interval((ratio.matched, ratio.total))
    edge_windows = find_edge_windows(reader.window, interval)
    matched_at_edges, total_at_edges = (
        _count_edge_events(reader.count_increase(selector), edge_windows)
        for selector in (ratio.matched, ratio.total)
    )
    worst, best = _find_extremes(ratio.event_class, events, matched_at_edges, total_at_edges)
    if verdict.outcome is Outcome.MET:
        can_be_reversed = not meets_target(*worst, verdict.target)
    else:
        can_be_reversed = meets_target(*best, verdict.target)
    if not can_be_reversed:
        return verdict
    detail = (
        f"{ratio.event_class} and total events come from different scrape targets, which are scraped at "
        f"different times: up to {total_at_edges:g} of {events.total:g} events at the window's edges may be "
        "counted by only one of them"
    )
    return _withdraw(verdict, Reason.SCRAPE_GAP, detail)


def _find_ratio_of_different_targets(slo: SLO, reader: EvidenceReader) -> EventsIndicator | None:
    """Return the SLO's ratio of counters if good or bad events have a scrape target that total lacks."""
    indicator = parse_indicator(slo.sli)
    if not isinstance(indicator, EventsIndicator) or not indicator.is_counter:
        return None
    if reader.find_targets(indicator.matched) <= reader.find_targets(indicator.total):
        return None
    return indicator


def _count_edge_events(increase: CounterIncrease, edge_windows: Iterable[Window]) -> float:
    """Count the events of the scrapes that reach across the window's start and end."""
    return sum(increase.count_within(window) for window in edge_windows)


def _find_extremes(
    event_class: str, events: EventCounts, matched_at_edges: float, total_at_edges: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (good, total) events of the window at their worst and at their best.

    ``matched_at_edges`` events of the class "good" or "bad", and ``total_at_edges`` of total, may have
    happened outside of the window.
    """
    inside = max(events.total - total_at_edges, 0.0)
    low, high = events.good
    if event_class == "good":
        return (max(low - matched_at_edges, 0.0), events.total), (min(high, inside), inside)
    best = min(high + matched_at_edges, events.total), events.total
    return (max(inside - (events.total - low), 0.0), inside), best


# --- Confidence ---------------------------------------------------------------------------------

_COUNTED_UNITS = {"threshold": "scrapes", "timeslices": "slices"}
"""What is counted, by the kind of an objective, if not events."""


def withdraw_low_confidence(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict whose interval contains the target, if the policy asks for confidence."""
    if context.policy.confidence is None or not _is_decided(verdict):
        return verdict
    if not verdict.exact:
        detail = "only Prometheus can evaluate this query, so there is no confidence interval"
        return _withdraw(verdict, Reason.WITHIN_CONFIDENCE_INTERVAL, detail)
    if verdict.intervals is None or is_one_sided(verdict.intervals.combined, verdict.target):
        return verdict
    detail = _explain_interval(verdict, verdict.intervals, context.reader.window)
    return _withdraw(verdict, Reason.WITHIN_CONFIDENCE_INTERVAL, f"{detail} (observed: {verdict.outcome})")


def _explain_interval(verdict: ObjectiveVerdict, intervals: Intervals, window: Window) -> str:
    """Format the interval, and what would decide the verdict."""
    low, high = intervals.combined
    detail = (
        f"the ratio of good events is between {100 * low:.4g} % and {100 * high:.4g} % "
        f"at confidence {intervals.level:.4g}"
    )
    if intervals.further_events:
        unit = _COUNTED_UNITS.get(verdict.kind, "events")
        seconds = intervals.further_events / _count_units(verdict, intervals) * window.seconds
        detail += f"; about {intervals.further_events:,.0f} more {unit} would decide it"
        return f"{detail}: {seconds:,.0f} s more at this rate"
    if is_one_sided(intervals.sampling, verdict.target):
        return f"{detail}; it would be decided without the events of the scrapes at the window's edges"
    return detail


def _count_units(verdict: ObjectiveVerdict, intervals: Intervals) -> float:
    """Return the number of events; of slices where all events of a slice count as one observation."""
    return intervals.slices if verdict.kind in _COUNTED_UNITS else verdict.total or intervals.slices


# --- Reset ambiguity ----------------------------------------------------------------------------


def withdraw_reset_ambiguity(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict that is reversed if returning series continued instead of restarting from zero.

    A series that is missing from a successful scrape and returns is counted from zero: the scrape shows that
    it had ended. But it looks the same if the exporter left it out once, or if one sample was dropped.
    """
    evaluated, reader = context.evaluated, context.reader
    if evaluated is None or not verdict.exact or not _is_decided(verdict):
        return verdict
    return_count = _count_series_returns(evaluated.slo, reader)
    if not return_count:
        return verdict
    continued = replace(context, reader=EvidenceReader(reader.evidence, continues_returning_series=True))
    other_rules = [rule for rule in OBJECTIVE_RULES if rule is not withdraw_reset_ambiguity]
    other = decide_objective(evaluated.slo, evaluated.objective, continued, other_rules)
    if not _is_decided(other) or other.outcome is verdict.outcome:
        return verdict
    detail = (
        f"series were missing from a successful scrape and returned with no lower value ({return_count} "
        f"times): {verdict.outcome} if they restarted from zero, {other.outcome} if they continued"
    )
    return _withdraw(verdict, Reason.SCRAPE_GAP, detail)


def _count_series_returns(slo: SLO, reader: EvidenceReader) -> int:
    selectors = list_selectors(parse_indicator(slo.sli))
    return sum(map(reader.count_series_returns, selectors))


# --- Failed requests ----------------------------------------------------------------------------


def withdraw_failed_requests(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw MET if hardly any request succeeded, and the objective does not count the others as bad.

    A latency objective is met by a service that answers every request with an error at once. If the check of
    the answers failed, it withdraws every MET.
    """
    evaluated, run = context.evaluated, context.run
    if any(check.reason is Reason.LOAD_FAILED for check in context.checks):
        return verdict
    if evaluated is None or run is None or verdict.outcome is not Outcome.MET:
        return verdict
    total = run.total
    needed = calculate_minimum_events(verdict.target) if verdict.kind in _REQUEST_KINDS else 1
    if total.sent - total.failed >= needed or not exceeds_limit(total.failed, total, context.policy):
        return verdict
    uncounted = count_unexplained_failures((evaluated.slo,), context.reader, total)
    if total.sent - uncounted >= needed or not exceeds_limit(uncounted, total, context.policy):
        return verdict
    detail = (
        f"{total.failed:,} of {total.sent:,} requests failed, and the objective does not count "
        f"{uncounted:,.0f} of them as bad; it needs at least {float(needed):g} that succeeded"
    )
    return _withdraw(verdict, Reason.LOAD_FAILED, detail)


# --- Failed checks ------------------------------------------------------------------------------


def withdraw_failed_checks(verdict: ObjectiveVerdict, context: RuleContext) -> ObjectiveVerdict:
    """Withdraw a verdict if a check of the evidence failed; the first failed check gives the reason.

    MISSED stands if the target would be missed even if all requests that were sent and not counted were good.
    It does not stand if the load was not delivered, if the number of requests sent is unknown, or if several
    processes were counted as one.
    """
    failed = [check for check in context.checks if check.status is CheckStatus.FAIL]
    if not failed:
        return verdict
    first = failed[0]
    can_stand = not any(check.reason in _REASONS_AGAINST_MISSED for check in failed)
    is_missed = verdict.outcome is Outcome.MISSED and can_stand
    if is_missed and _is_missed_regardless(verdict, context.run, failed):
        note = f'still MISSED although the check "{first.name}" failed'
        return replace(verdict, notes=(*verdict.notes, note))
    cause = verdict.detail and f" (without this check: {verdict.outcome}; {verdict.detail})"
    return replace(verdict, outcome=Outcome.UNDECIDED, reason=first.reason, detail=f"{first.detail}{cause}")


_REASONS_AGAINST_MISSED = frozenset({Reason.LOAD_NOT_DELIVERED, Reason.MULTIPLE_PROCESSES})
"""Reasons of failed checks with which the bad events that were counted prove nothing."""


def _is_missed_regardless(verdict: ObjectiveVerdict, run: RunRecord | None, failed: Iterable[Check]) -> bool:
    """Return whether the target is missed whatever the events are that the failed checks put in doubt.

    Requests that were not counted may be good. If the counts do not reconcile, events beyond the requests
    sent may be bad ones of other traffic. If the load failed, its failed requests may be the slow ones.
    """
    if run is None or verdict.kind not in _REQUEST_KINDS:
        return False
    if verdict.bad is None or verdict.total is None:
        return False
    doubtful = 0.0
    for check in failed:
        if check.reason is Reason.COUNTS_DO_NOT_RECONCILE:
            doubtful += max(verdict.total - run.total.sent, 0.0)
        if check.reason is Reason.LOAD_FAILED and _measures_durations(verdict):
            doubtful += check.numbers["unexplained"]
    return is_certainly_missed(verdict.bad - doubtful, max(verdict.total, run.total.sent), verdict.target)


def _measures_durations(verdict: ObjectiveVerdict) -> bool:
    """Return whether bad events are slow requests: of a percentile, or of a bucket."""
    selectors = map(parse_selector, verdict.queries)
    return any(matcher.label == "le" for selector in selectors for matcher in selector.matchers) or (
        verdict.kind == "latency"
    )


# --- The rules, in order ------------------------------------------------------------------------

OBJECTIVE_RULES: tuple[Rule, ...] = (
    withdraw_too_few_events,
    withdraw_low_coverage,
    withdraw_failed_requests,
    withdraw_window_edge_skew,
    withdraw_low_confidence,
    withdraw_reset_ambiguity,
)
"""Applied to each objective. Composite SLOs add up the verdicts that these rules leave."""

EVIDENCE_RULES: tuple[Rule, ...] = (withdraw_failed_checks,)
"""Applied last, to each objective and each composite SLO."""
