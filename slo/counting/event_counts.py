"""Good events of all events, for each kind of indicator, over the window or one slice of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isnan

from slo.counting.counters import Increase
from slo.counting.evidence_reader import Counted, UndecidedError
from slo.counting.histograms import Buckets, Percentile, percentile
from slo.model import SLO, EventsSLI, Measured, Objective, Op, Reason, Series, ThresholdSLI, Window
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Expression, Selector, Shape

_COMPARE: dict[Op, Callable[[float, float], bool]] = {
    Op.LTE: operator.le,
    Op.LT: operator.lt,
    Op.GTE: operator.ge,
    Op.GT: operator.gt,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """Events counted: ``good`` is (fewest, most) that the evidence allows; ``notes`` are for people."""

    good: tuple[float, float]
    total: float
    measured: Measured | None = None
    notes: tuple[str, ...] = ()


def holds(op: Op, value: float, threshold: float) -> bool:
    """Tell whether ``value op threshold`` holds."""
    return _COMPARE[op](value, threshold)


def unit_of(metric: str) -> str:
    """Read a metric's unit off its name, as Prometheus's naming rules put it there."""
    for unit in ("seconds", "bytes", "ratio"):
        if f"_{unit}" in metric:
            return unit
    return ""


def tally(slo: SLO, objective: Objective, counted: Counted, part: Window | None = None) -> Tally:
    """Count good events of all events, from raw samples.

    Raises:
        UndecidedError: the evidence holds no usable answer.
    """
    parts = {name: expression(metric) for name, metric in metrics(slo).items()}
    if isinstance(slo.sli, EventsSLI):
        events = _counter_events if slo.sli.counter else _summed_events
        return events(parts, counted, part)
    if not isinstance(slo.sli, ThresholdSLI):
        raise TypeError(f"{type(slo.sli).__name__} is evaluated by Prometheus, not counted")
    if parts["metric"].shape is Shape.QUANTILE:
        return _percentile_events(parts["metric"], objective, counted, part)
    return _gauge_samples(parts["metric"], objective, counted, part)


def _counter_events(parts: dict[str, Expression], counted: Counted, part: Window | None) -> Tally:
    increases = {name: counted.increase(_selector(item)) for name, item in parts.items()}
    total = increases["total"]
    if not total.series:
        raise UndecidedError(Reason.NO_DATA, f"total {parts['total'].selector} matched no series")
    other = "good" if "good" in parts else "bad"
    if not increases[other].series:
        matched_by_total = counted.result(str(_selector(parts["total"]))).series
        wrong = unexplained_absence(
            other, _selector(parts[other]), _selector(parts["total"]), matched_by_total
        )
        if wrong:
            raise UndecidedError(*wrong)
    window = part or counted.closed
    everything = total.within(window)
    matched, unknown = (
        one.within(window) for one in counted.paired(_selector(parts[other]), _selector(parts["total"]))
    )
    if part:  # of one scrape, which may have caught a service between two counters
        matched = min(matched, everything)
    return _two_counts(other, matched, everything, _counter_notes(increases), unknown)


def _summed_events(parts: dict[str, Expression], counted: Counted, part: Window | None) -> Tally:
    """Sum the samples: each holds a number of events of its own (OpenSLO ``counter: false``)."""
    sums = {
        name: sum(amount for _, amount in counted.amounts(_selector(item), part))
        for name, item in parts.items()
    }
    other = "good" if "good" in parts else "bad"
    return _two_counts(other, sums[other], sums["total"], ())


def _two_counts(
    other: str, matched: float, total: float, notes: tuple[str, ...], unknown: float = 0.0
) -> Tally:
    """Tell good from bad; ``unknown`` events beside ``matched`` may be of its kind, too."""
    if matched > total:
        detail = f"{other} counted {matched:g} events, more than the {total:g} of total"
        raise UndecidedError(Reason.GOOD_EXCEEDS_TOTAL, detail)
    most = min(matched + unknown, total)
    good = (matched, most) if other == "good" else (total - most, total - matched)
    return Tally(good, total, notes=notes)


def unexplained_absence(
    other: str, selector: Selector, total: Selector, series: Sequence[Series]
) -> tuple[Reason, str] | None:
    """Tell why good or bad events without a series can't be taken for none; ``None`` where they can.

    No bad event was ever counted, if the selector is shown to be right: ``series`` are those of ``total``.
    """
    bound = next((m.value for m in selector.matchers if m.label == "le"), None)
    if bound is not None:
        detail = f"{selector.metric} has no bucket le={bound!r}, so events at or below it can't be counted"
        return Reason.THRESHOLD_INSIDE_BUCKET, detail
    if other == "good":
        detail = f"good {selector} matched no series though total did: every event is bad, or it is mistyped"
        return Reason.NO_DATA, detail
    known = {label for one in series for label in one.labels}
    strange = [m.label for m in selector.matchers if m.label not in known]
    if strange:
        why = f"no series of total has the label {strange[0]!r}"
    elif selector.metric != total.metric:
        why = "it is another metric than total"
    else:
        return None
    return Reason.NO_DATA, f"bad {selector} matched no series, and {why}"


def _counter_notes(increases: dict[str, Increase]) -> tuple[str, ...]:
    notes = []
    for name, counted in increases.items():
        if counted.born:
            notes.append(f"{name}: {counted.born} series began inside the window and count from zero")
        if counted.resets:
            notes.append(f"{name}: {counted.resets} counter resets, counted across")
    return tuple(notes)


def _percentile_events(
    metric: Expression, objective: Objective, counted: Counted, part: Window | None
) -> Tally:
    """Count the events within the threshold: the percentile is within it when enough of them are."""
    op, threshold = _threshold(objective)
    quantile = metric.quantile if metric.quantile is not None else objective.target
    buckets = counted.buckets(_selector(metric), part)
    place = percentile(buckets, quantile) or Percentile(0, None, None)
    unit = unit_of(_selector(metric).metric)
    measured = Measured(place.point, (place.lower, place.upper), op, threshold, unit, quantile)
    return replace(bucket_events(buckets, objective), measured=measured)


def bucket_selector(slo: SLO) -> Selector:
    """Name the buckets of an indicator that is a percentile."""
    (metric,) = metrics(slo).values()
    return _selector(expression(metric))


def bucket_events(buckets: Buckets, objective: Objective) -> Tally:
    """Count the events of a histogram that are within an objective's threshold."""
    return Tally(buckets.good(*_threshold(objective)), buckets.total)


def _gauge_samples(metric: Expression, objective: Objective, counted: Counted, part: Window | None) -> Tally:
    """Count samples: each one inside the window is an occurrence, good when it is within the threshold."""
    op, threshold = _threshold(objective)
    values = counted.values(_selector(metric), part)
    good = sum(holds(op, value, threshold) for value in values)
    if not values:
        return Tally((0, 0), 0)
    worst = max(values) if op in {Op.LTE, Op.LT} else min(values)
    bounds = (min(values), max(values))
    return Tally(
        (good, good), len(values), Measured(worst, bounds, op, threshold, unit_of(_selector(metric).metric))
    )


def _selector(item: Expression) -> Selector:
    if item.selector is None:
        raise TypeError(f"{item.text!r} has no selector")
    return item.selector


def _threshold(objective: Objective) -> tuple[Op, float]:
    if objective.op is None or objective.threshold is None or isnan(objective.threshold):
        raise TypeError(f"objective {objective.name!r} has no threshold")
    return objective.op, objective.threshold
