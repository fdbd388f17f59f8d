"""Events by the time of their sample: burn rates over any part of the window are computed from them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from slo.counting.event_counts import count_events, is_within_threshold, require_threshold
from slo.counting.evidence_reader import EvidenceReader
from slo.counting.time_slices import count_time_slices
from slo.model import SLO, BudgetingMethod, Objective, meets_target
from slo.promql import EventsIndicator, GaugeIndicator, PercentileIndicator, Selector, parse_indicator


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """Events added at one time (Unix seconds): ``bad`` is (fewest, most) that the evidence allows."""

    time: float
    bad: tuple[Fraction, Fraction]
    total: Fraction


def build_timeline(slo: SLO, objective: Objective, reader: EvidenceReader) -> tuple[TimelineStep, ...]:
    """Return the events of the window by time, ascending; a time slice counts when it ends.

    Raises:
        UndecidedError: the evidence has no usable result.
    """
    return tuple(sorted(_read_steps(slo, objective, reader), key=lambda step: step.time))


def _read_steps(slo: SLO, objective: Objective, reader: EvidenceReader) -> Iterator[TimelineStep]:
    if slo.budgeting is not BudgetingMethod.OCCURRENCES:
        return _read_slice_steps(slo, objective, reader)
    indicator = parse_indicator(slo.sli)
    match indicator:
        case EventsIndicator():
            count_events(slo, objective, reader)  # raises the error of unusable counters
            return _read_event_steps(indicator, reader)
        case PercentileIndicator(buckets=buckets):
            return _read_histogram_steps(buckets, objective, reader)
        case GaugeIndicator(gauge=gauge):
            return _read_gauge_steps(gauge, objective, reader)
        case _:
            raise TypeError(f"{type(slo.sli).__name__} is evaluated by Prometheus, not counted")


def list_window_scrapes(reader: EvidenceReader) -> list[float]:
    """Return the times (Unix seconds) of the scrapes after the window's start, up to those that close it."""
    start, end = reader.window.start, reader.window.end
    times: set[float] = set()
    for target_times in reader.scrape_times.values():
        closing = bisect_left(target_times, end)
        times.update(time for time in target_times[: closing + 1] if time > start)
    return sorted(times)


def _read_event_steps(indicator: EventsIndicator, reader: EvidenceReader) -> Iterator[TimelineStep]:
    kind, matched_selector, total_selector = indicator.event_class, indicator.matched, indicator.total
    unknown: dict[float, Fraction] = {}
    if indicator.is_counter:
        known_increase, unknown_increase = reader.count_matched_and_unknown(matched_selector, total_selector)
        matched = _sum_by_time(known_increase.increments_by_time)
        unknown = _sum_by_time(unknown_increase.increments_by_time)
        total = _sum_by_time(reader.count_increase(total_selector).increments_by_time)
    else:
        matched = _sum_by_time(reader.read_samples(matched_selector))
        total = _sum_by_time(reader.read_samples(total_selector))
    for time in {*matched, *unknown, *total}:
        matched_events, unknown_events, total_events = (
            events.get(time, Fraction(0)) for events in (matched, unknown, total)
        )
        bad = matched_events if kind == "bad" else total_events - matched_events - unknown_events
        yield TimelineStep(time, (bad, bad + unknown_events), total_events)


def _read_histogram_steps(
    selector: Selector, objective: Objective, reader: EvidenceReader
) -> Iterator[TimelineStep]:
    for time, buckets in reader.count_buckets_by_scrape(selector).items():
        good = buckets.count_good(*require_threshold(objective))
        total = Fraction(buckets.total)
        yield TimelineStep(time, (total - Fraction(good.high), total - Fraction(good.low)), total)


def _read_gauge_steps(
    selector: Selector, objective: Objective, reader: EvidenceReader
) -> Iterator[TimelineStep]:
    op, threshold = require_threshold(objective)
    for time, value in reader.read_samples(selector):
        bad = Fraction(not is_within_threshold(op, value, threshold))
        yield TimelineStep(time, (bad, bad), Fraction(1))


def _read_slice_steps(slo: SLO, objective: Objective, reader: EvidenceReader) -> Iterator[TimelineStep]:
    """Count each slice with events as one event, bad or good; or as bad by its ratio of bad events."""
    slice_target = objective.time_slice_target
    target = slice_target if slice_target is not None else objective.target
    last_scrape = max(list_window_scrapes(reader), default=reader.window.end)
    for window, events in count_time_slices(slo, objective, reader):
        good_counts = (events.good.high, events.good.low)
        if slo.budgeting is BudgetingMethod.TIMESLICES:
            bad = [Fraction(not meets_target(good, events.total, target)) for good in good_counts]
        else:
            bad = [1 - Fraction(good) / Fraction(events.total) for good in good_counts]
        yield TimelineStep(min(window.end, last_scrape), (bad[0], bad[1]), Fraction(1))


def _sum_by_time(timed_events: Iterable[tuple[float, float]]) -> dict[float, Fraction]:
    sums: defaultdict[float, Fraction] = defaultdict(Fraction)
    for time, events in timed_events:
        sums[time] += Fraction(events)
    return dict(sums)
