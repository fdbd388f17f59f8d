"""What one evaluation of the rules counts: PromQL for the bad events and for all of them.

Counters are counted over the last five minutes (or over the slice), once a minute. All longer windows are
sums of these counts, so they are weighted by events. A series born in these minutes counts from zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from slo.model import SLO, Budgeting, EventsSLI, Objective, Op, RawRatioSLI
from slo.model.bucket_bounds import spellings
from slo.model.budget import exact
from slo.model.burn_rate_windows import BASE_SECONDS, decimal, duration
from slo.promql.query_plan import expression, metrics
from slo.promql.query_variables import filled
from slo.promql.syntax import Expression, Matcher, Selector, Shape
from slo.rules.good_plus_bad import other_half

SAMPLE_SECONDS = 15
"""Step at which the samples of a gauge inside a slice are read."""
_BAD_WHEN = {Op.LTE: ">", Op.LT: ">=", Op.GTE: "<", Op.GT: "<="}


@dataclass(frozen=True, slots=True)
class Counts:
    """PromQL of ``bad`` and ``total`` events, one element without labels; ``absent`` tells of lost series.

    ``lasting``: what happened over the last five minutes, not at this moment. Bad events that are the rest of
    good ones may be less than none: other targets are scraped at other times, and an event that total has
    first, good has later. Over time that makes up for itself; each evaluation cut off at 0 would not.
    """

    bad: str
    total: str
    absent: str
    lasting: bool = False


def counts(slo: SLO, objective: Objective) -> Counts:
    """Say what an evaluation counts for one objective of an SLO that can be turned into rules."""
    whole = _events(slo, objective, _range_seconds(objective))
    if slo.budgeting is Budgeting.OCCURRENCES:
        return replace(whole, lasting=is_counted(slo))
    if is_counted(slo):
        # A slice of less than two scrapes shows no growth, while the metric is there.
        whole = replace(whole, absent=f"{whole.absent}\nor\nmax(absent({whole.total}))")
    ratio = f"({whole.bad}) / ({whole.total} > 0)"
    if slo.budgeting is Budgeting.TIMESLICES and objective.time_slice_target is not None:
        allowed = decimal(1 - exact(objective.time_slice_target))
        return replace(whole, bad=f"{ratio} > bool {allowed}", total=f"count({whole.total} > 0)")
    return replace(whole, bad=ratio, total=f"count({whole.total} > 0)")


def is_counted(slo: SLO) -> bool:
    """Tell whether events are counted over a range; else values of a moment are."""
    return (
        isinstance(slo.sli, EventsSLI)
        or expression(next(iter(metrics(slo).values()))).shape is Shape.QUANTILE
    )


def _range_seconds(objective: Objective) -> int:
    return round(objective.time_slice_seconds) if objective.time_slice_seconds else BASE_SECONDS


def _events(slo: SLO, objective: Objective, seconds: int) -> Counts:
    span = duration(seconds)
    parts = {name: expression(metric) for name, metric in metrics(slo).items()}
    other = other_half(slo)
    match slo.sli:
        case EventsSLI() if other:
            return _halved(parts, other, span)
        case EventsSLI(counter=counter):
            return _ratio_events(parts, span, counter=counter)
        case RawRatioSLI(success=success):
            return _raw(_text(parts["raw"], seconds), success=success)
        case _ if parts["metric"].shape is Shape.QUANTILE:
            good, total = buckets(parts["metric"], objective)
            return _good_of_total(good, total, span)
        case _:
            query = _text(parts["metric"], seconds)
            return _samples(query, objective, span, sliced=slo.budgeting is not Budgeting.OCCURRENCES)


# --- Counters -----------------------------------------------------------------------------------


def _ratio_events(parts: dict[str, Expression], span: str, *, counter: bool) -> Counts:
    total = selector_of(parts["total"])
    if not counter:
        sums = {name: f"sum(sum_over_time({item.selector}[{span}]))" for name, item in parts.items()}
        bad = sums.get("bad") or f"{sums['total']} - ({sums['good']} or vector(0))"
        return Counts(f"{bad} or vector(0)" if "bad" in sums else bad, sums["total"], f"max(absent({total}))")
    if "good" in parts:
        return _good_of_total(selector_of(parts["good"]), total, span)
    bad = f"{grown(selector_of(parts['bad']), span)} or vector(0)"
    return Counts(bad, grown(total, span), f"max(absent({total}))")


def _halved(parts: dict[str, Expression], other: Selector, span: str) -> Counts:
    """Count good and bad events apart; either may have no series yet, and only both are absent."""
    name = "good" if "good" in parts else "bad"
    known, rest = (f"({grown(one, span)} or vector(0))" for one in (selector_of(parts[name]), other))
    gone = " and ".join(f"max(absent({one}))" for one in (selector_of(parts[name]), other))
    return Counts(rest if name == "good" else known, f"{known} + {rest}", gone)


def _good_of_total(good: Selector, total: Selector, span: str) -> Counts:
    """Count what is not good. A bucket is born with its histogram: a missing one is a wrong bound."""
    bucket = any(matcher.label == "le" for matcher in good.matchers)
    counted = grown(good, span) if bucket else f"({grown(good, span)} or vector(0))"
    absent = f"max(absent({total}) or absent({good}))" if bucket else f"max(absent({total}))"
    return Counts(f"{grown(total, span)} - {counted}", grown(total, span), absent)


def grown(counter: Selector, span: str) -> str:
    """Count what a counter grew by, with the first value of a series that was born meanwhile.

    ``increase`` can't see a first value. A series was born when the span began without it, while its
    target was scraped more often than it was seen. A target that is new to Prometheus brings its past along,
    which is no traffic of now.
    """
    jobs = ",".join(str(matcher) for matcher in counter.matchers if matcher.label == "job")
    scrapes = f"max by (job, instance) (sum_over_time({f'up{{{jobs}}}' if jobs else 'up'}[{span}]))"
    # The label keeps a first value apart from the same series' increase, so that both are summed.
    return f"""sum(
  increase({counter}[{span}])
  or
  label_replace(
    min_over_time({counter}[{span}])
    and (count_over_time({counter}[{span}]) < on (job, instance) group_left () {scrapes})
    unless ({counter} offset {span}),
    "proofload_part", "first value", "", ""
  )
)"""


def buckets(metric: Expression, objective: Objective) -> tuple[Selector, Selector]:
    """Select the bucket at an objective's threshold, and the one of all events."""
    selector = selector_of(metric)
    bound = _spelt(repr(objective.threshold or 0.0))
    good, total = ((*selector.matchers, m) for m in (bound, Matcher("le", "=", "+Inf")))
    return Selector(selector.metric, good), Selector(selector.metric, total)


def _spelt(bound: str) -> Matcher:
    """Match a bucket's bound as any exporter writes it: Go ``1``, Python and Prometheus 3 ``1.0``."""
    others = spellings(bound)
    ways = sorted({bound, *others})
    return Matcher("le", "=~", "|".join(map(re.escape, ways))) if others else Matcher("le", "=", bound)


def _text(item: Expression, seconds: int) -> str:
    """Give an expression over so many seconds; a comment at its end would swallow a bracket around it."""
    text = filled(item.text, seconds)
    return f"{text}\n" if "#" in text else text


def selector_of(item: Expression) -> Selector:
    """Give the selector of an expression that has one; it finds a bucket however its bound is spelled."""
    if item.selector is None:
        raise TypeError(f"{item.text!r} has no selector")
    matchers = (
        _spelt(one.value) if (one.label, one.op) == ("le", "=") else one for one in item.selector.matchers
    )
    return replace(item.selector, matchers=tuple(matchers))


# --- Values -------------------------------------------------------------------------------------


def _raw(query: str, *, success: bool) -> Counts:
    """Weigh each evaluation alike: a ratio says nothing of its events. What is no ratio (NaN) is left out."""
    ratio = f"avg({query}) >= 0 <= 1"
    return Counts(f"1 - ({ratio})" if success else ratio, f"count({ratio})", f"max(absent({query}))")


def _samples(query: str, objective: Objective, span: str, *, sliced: bool) -> Counts:
    """Count the series (in slices: their samples) whose value is not within the threshold; NaN is none."""
    limit = decimal(Fraction(repr(objective.threshold or 0.0)))
    valid = f"(({query}) == ({query}))"
    bad = f"{valid} {_BAD_WHEN[objective.op or Op.LTE]} bool {limit}"
    absent = f"max(absent({query}))"
    if not sliced:
        return Counts(f"sum({bad})", f"count({valid})", absent)
    inside = f"[{span}:{SAMPLE_SECONDS}s]"
    return Counts(f"sum(sum_over_time(({bad}){inside}))", f"sum(count_over_time({valid}{inside}))", absent)
