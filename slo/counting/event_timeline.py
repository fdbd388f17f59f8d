"""Events as they were counted, sample by sample: what a burn rate over any stretch is computed from. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from slo.counting.event_counts import holds, tally
from slo.counting.evidence_reader import Counted
from slo.counting.time_slices import time_slices
from slo.model import SLO, Budgeting, EventsSLI, Objective, budget
from slo.promql.query_plan import expression, metrics
from slo.promql.syntax import Selector, Shape


@dataclass(frozen=True, slots=True)
class Step:
    """What one scrape added: ``bad`` is (fewest, most) that the evidence allows; ``time`` in Unix seconds."""

    time: float
    bad: tuple[Fraction, Fraction]
    total: Fraction


def timeline(slo: SLO, objective: Objective, counted: Counted) -> tuple[Step, ...]:
    """List what was counted over the window, by time; with time slices, each counts when it ends.

    Raises:
        UndecidedError: the evidence holds no usable answer.
    """
    if slo.budgeting is not Budgeting.OCCURRENCES:
        found = _slices(slo, objective, counted)
    elif isinstance(slo.sli, EventsSLI):
        tally(slo, objective, counted)  # says what is wrong with the counters, if anything is
        found = _events(slo, counted)
    elif expression(metrics(slo)["metric"]).shape is Shape.QUANTILE:
        found = _observations(slo, objective, counted)
    else:
        found = _samples(slo, objective, counted)
    return tuple(sorted(found, key=lambda step: step.time))


def closing_scrapes(counted: Counted) -> list[float]:
    """List the times of the scrapes after the window's start, up to those that close it."""
    start, end = counted.window.start, counted.window.end
    times: set[float] = set()
    for scrapes in counted.scrapes.values():
        last = bisect_left(scrapes, end)
        times.update(time for time in scrapes[: last + 1] if time > start)
    return sorted(times)


def _events(slo: SLO, counted: Counted) -> Iterator[Step]:
    part = "good" if "good" in metrics(slo) else "bad"
    named, total = _selector(slo, part), _selector(slo, "total")
    unknown: dict[float, Fraction] = {}
    if isinstance(slo.sli, EventsSLI) and slo.sli.counter:
        known, either = counted.paired(named, total)
        matched, unknown = _summed(known.steps), _summed(either.steps)
        everything = _summed(counted.increase(total).steps)
    else:
        matched, everything = _summed(counted.samples(named)), _summed(counted.samples(total))
    for time in {*matched, *unknown, *everything}:
        seen, open_, all_ = (found.get(time, Fraction(0)) for found in (matched, unknown, everything))
        bad = seen if part == "bad" else all_ - seen - open_
        yield Step(time, (bad, bad + open_), all_)


def _observations(slo: SLO, objective: Objective, counted: Counted) -> Iterator[Step]:
    """Hold what each scrape added to the buckets against the threshold."""
    for time, buckets in counted.bucket_steps(_selector(slo, "metric")).items():
        if objective.op is None or objective.threshold is None:
            raise TypeError(f"objective {objective.name!r} has no threshold")
        low, high = buckets.good(objective.op, objective.threshold)
        total = Fraction(buckets.total)
        yield Step(time, (total - Fraction(high), total - Fraction(low)), total)


def _samples(slo: SLO, objective: Objective, counted: Counted) -> Iterator[Step]:
    if objective.op is None or objective.threshold is None:
        raise TypeError(f"objective {objective.name!r} has no threshold")
    for time, value in counted.samples(_selector(slo, "metric")):
        bad = Fraction(not holds(objective.op, value, objective.threshold))
        yield Step(time, (bad, bad), Fraction(1))


def _slices(slo: SLO, objective: Objective, counted: Counted) -> Iterator[Step]:
    """Let each slice with events count as one, bad or good, or by its ratio."""
    wanted = objective.time_slice_target
    least = wanted if wanted is not None else objective.target
    last = max(closing_scrapes(counted), default=counted.window.end)
    for window, events in time_slices(slo, objective, counted):
        low, high = events.good
        if slo.budgeting is Budgeting.TIMESLICES:
            bad = [Fraction(not budget.meets(good, events.total, least)) for good in (high, low)]
        else:
            bad = [1 - Fraction(good) / Fraction(events.total) for good in (high, low)]
        yield Step(min(window.end, last), (bad[0], bad[1]), Fraction(1))


def _summed(pairs: Iterable[tuple[float, float]]) -> dict[float, Fraction]:
    found: defaultdict[float, Fraction] = defaultdict(Fraction)
    for time, events in pairs:
        found[time] += Fraction(events)
    return dict(found)


def _selector(slo: SLO, name: str) -> Selector:
    selector = expression(metrics(slo)[name]).selector
    if selector is None:
        raise TypeError(f"{name} of SLO {slo.name} has no selector")
    return selector
