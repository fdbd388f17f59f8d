"""Good events and all events of each kind of indicator, over the window or a part of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isnan

from slo.counting.counters import CounterIncrease
from slo.counting.evidence_reader import EvidenceReader
from slo.counting.histograms import BucketCounts, Percentile, find_percentile
from slo.counting.query_results import UndecidedError
from slo.model import (
    SLO,
    Interval,
    MeasuredValue,
    Objective,
    Op,
    Reason,
    Series,
    Window,
    parse_unit,
)
from slo.promql import (
    EventsIndicator,
    GaugeIndicator,
    PercentileIndicator,
    Selector,
    ServerIndicator,
    parse_indicator,
)

_COMPARISONS: dict[Op, Callable[[float, float], bool]] = {
    Op.LTE: operator.le,
    Op.LT: operator.lt,
    Op.GTE: operator.ge,
    Op.GT: operator.gt,
}


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Numbers of events: ``good`` is the interval that the evidence allows.

    ``measured`` is the value compared with a threshold, where there is one; ``notes`` are for readers of the
    verdict.
    """

    good: Interval
    total: float
    measured: MeasuredValue | None = None
    notes: tuple[str, ...] = ()


def count_events(
    slo: SLO, objective: Objective, reader: EvidenceReader, subwindow: Window | None = None
) -> EventCounts:
    """Count good events and all events from raw samples.

    Raises:
        UndecidedError: the evidence has no usable result.
    """
    indicator = parse_indicator(slo.sli)
    match indicator:
        case EventsIndicator(is_counter=True):
            return _count_counter_events(indicator, reader, subwindow)
        case EventsIndicator():
            return _sum_event_samples(indicator, reader, subwindow)
        case PercentileIndicator():
            return _count_percentile_events(indicator, objective, reader, subwindow)
        case GaugeIndicator(gauge=gauge):
            return _count_gauge_samples(gauge, objective, reader, subwindow)
        case ServerIndicator():
            raise TypeError(f"{type(slo.sli).__name__} is evaluated by Prometheus, not counted")


# --- Good or bad events of all events -----------------------------------------------------------


def _count_counter_events(
    indicator: EventsIndicator, reader: EvidenceReader, subwindow: Window | None
) -> EventCounts:
    kind, matched_selector, total_selector = indicator.event_class, indicator.matched, indicator.total
    increases = {
        kind: reader.count_increase(matched_selector),
        "total": reader.count_increase(total_selector),
    }
    if not increases["total"].series_count:
        raise UndecidedError(Reason.NO_DATA, f"total {total_selector} matched no series")
    if not increases[kind].series_count:
        total_series = reader.read_result(total_selector.key).series
        if undecided := explain_missing_series(kind, matched_selector, total_selector, total_series):
            raise UndecidedError(*undecided)
    window = subwindow or reader.closed_window
    total = increases["total"].count_within(window)
    matched, unknown = (
        increase.count_within(window)
        for increase in reader.count_matched_and_unknown(matched_selector, total_selector)
    )
    if subwindow:  # a single scrape may read one counter before an event and the other after it
        matched = min(matched, total)
    return _combine_matched_and_total(kind, matched, total, _format_counter_notes(increases), unknown)


def _sum_event_samples(
    indicator: EventsIndicator, reader: EvidenceReader, subwindow: Window | None
) -> EventCounts:
    """Add up samples, each of which is a number of events (OpenSLO ``counter: false``)."""
    matched, total = (
        sum(events for _, events in reader.read_event_samples(selector, subwindow))
        for selector in (indicator.matched, indicator.total)
    )
    return _combine_matched_and_total(indicator.event_class, matched, total, ())


def _combine_matched_and_total(
    matched_kind: str, matched: float, total: float, notes: tuple[str, ...], unknown: float = 0.0
) -> EventCounts:
    """Return good and total events; up to ``unknown`` further events may be of the matched kind."""
    if matched > total:
        detail = f"{matched_kind} counted {matched:g} events, more than the {total:g} of total"
        raise UndecidedError(Reason.GOOD_EXCEEDS_TOTAL, detail)
    most = min(matched + unknown, total)
    good = Interval(matched, most) if matched_kind == "good" else Interval(total - most, total - matched)
    return EventCounts(good, total, notes=notes)


def explain_missing_series(
    matched_kind: str, selector: Selector, total_selector: Selector, total_series: Sequence[Series]
) -> tuple[Reason, str] | None:
    """Return why good or bad events without a series do not count as 0; ``None`` if they do.

    A selector of bad events without a series counts 0 if the series of total show that it is right: the same
    metric, and labels that exist.
    """
    bound = next((matcher.value for matcher in selector.matchers if matcher.label == "le"), None)
    if bound is not None:
        detail = f"{selector.metric} has no bucket le={bound!r}, so events at or below it can't be counted"
        return Reason.THRESHOLD_INSIDE_BUCKET, detail
    if matched_kind == "good":
        detail = f"good {selector} matched no series though total did: every event is bad, or it is mistyped"
        return Reason.NO_DATA, detail
    known_labels = {label for series in total_series for label in series.labels}
    unknown_labels = [matcher.label for matcher in selector.matchers if matcher.label not in known_labels]
    if unknown_labels:
        why = f"no series of total has the label {unknown_labels[0]!r}"
    elif selector.metric != total_selector.metric:
        why = "its metric is not that of total"
    else:
        return None
    return Reason.NO_DATA, f"bad {selector} matched no series, and {why}"


def _format_counter_notes(increases: dict[str, CounterIncrease]) -> tuple[str, ...]:
    notes = []
    for name, increase in increases.items():
        if increase.new_series_count:
            notes.append(
                f"{name}: {increase.new_series_count} series began inside the window and count from zero"
            )
        if increase.reset_count:
            notes.append(f"{name}: {increase.reset_count} counter resets, corrected")
    return tuple(notes)


# --- Observations and samples within a threshold ------------------------------------------------


def is_within_threshold(op: Op, value: float, threshold: float) -> bool:
    """Return whether ``value op threshold`` holds."""
    return _COMPARISONS[op](value, threshold)


def _count_percentile_events(
    indicator: PercentileIndicator, objective: Objective, reader: EvidenceReader, subwindow: Window | None
) -> EventCounts:
    """Count the events within the threshold: the percentile is within it if enough of them are."""
    op, threshold = require_threshold(objective)
    selector, quantile = indicator.buckets, indicator.quantile
    buckets = reader.count_buckets(selector, subwindow)
    percentile = find_percentile(buckets, quantile) or Percentile(0, None, None)
    bounds = (percentile.lower, percentile.upper)
    measured = MeasuredValue(percentile.point, bounds, op, threshold, parse_unit(selector.metric), quantile)
    return replace(count_bucket_events(buckets, objective), measured=measured)


def count_bucket_events(buckets: BucketCounts, objective: Objective) -> EventCounts:
    """Count the observations of a histogram that are within an objective's threshold."""
    return EventCounts(buckets.count_good(*require_threshold(objective)), buckets.total)


def _count_gauge_samples(
    selector: Selector, objective: Objective, reader: EvidenceReader, subwindow: Window | None
) -> EventCounts:
    """Count the samples inside the window as events, good if they are within the threshold."""
    op, threshold = require_threshold(objective)
    values = reader.read_values(selector, subwindow)
    if not values:
        return EventCounts(Interval(0, 0), 0)
    good = sum(is_within_threshold(op, value, threshold) for value in values)
    worst = max(values) if op in {Op.LTE, Op.LT} else min(values)
    bounds = (min(values), max(values))
    measured = MeasuredValue(worst, bounds, op, threshold, parse_unit(selector.metric))
    return EventCounts(Interval(good, good), len(values), measured)


def require_threshold(objective: Objective) -> tuple[Op, float]:
    """Return the comparison and the threshold of an objective.

    Raises:
        TypeError: the objective has no threshold.
    """
    if objective.op is None or objective.threshold is None or isnan(objective.threshold):
        raise TypeError(f"objective {objective.name!r} has no threshold")
    return objective.op, objective.threshold
