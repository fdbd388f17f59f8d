"""Alerts that would have fired under the load: burn-rate conditions at every scrape of the run. Pure.

The burn rate is the ratio of bad events to all events in the look-back window, divided by the ratio that may
be bad (SRE workbook, chapter 5). Events before the run are unknown, so a look-back window starts no earlier
than the run. A condition has to hold without interruption for ``alertAfter``, like ``for`` of a Prometheus
rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby
from typing import NamedTuple

from slo.counting import (
    EvidenceReader,
    TimelineStep,
    UndecidedError,
    build_timeline,
    is_within_threshold,
    list_window_scrapes,
)
from slo.model import (
    SLO,
    Alert,
    AlertCondition,
    AlertPolicy,
    Firing,
    Objective,
    Reason,
    Spec,
    to_exact_fraction,
)
from slo.promql import is_evaluated_by_server

COMPOSITE_OBJECTIVE = "composite"
"""Objective name of an alert on a composite SLO as a whole."""
_MS_PER_SECOND = 1000
"""Prometheus stores milliseconds: durations between scrapes are compared as whole milliseconds."""


class BurnRateInterval(NamedTuple):
    """Lowest and highest burn rate that the evidence allows, both included."""

    low: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class BurnRate:
    """The burn rate at the ``time`` of a scrape, in Unix seconds; ``interval`` is ``None`` without events."""

    time: float
    interval: BurnRateInterval | None


def evaluate_alerts(spec: Spec, reader: EvidenceReader) -> tuple[Alert, ...]:
    """Return what each alert policy of each objective and composite SLO would have done."""
    plain = [(slo, objective) for slo in spec.slos if slo.weight is None for objective in slo.objectives]
    composite = [
        (slo, None) for slo in {slo.name: slo for slo in spec.slos if slo.weight is not None}.values()
    ]
    return tuple(
        _evaluate_policy(spec, slo, objective, policy, reader)
        for slo, objective in [*plain, *composite]
        for policy in slo.alert_policies
    )


def compute_burn_rates(
    steps: Sequence[TimelineStep],
    times: Iterable[float],
    start: float,
    lookback_seconds: float,
    target: float,
) -> Iterator[BurnRate]:
    """Yield the burn rate at each time, over the ``lookback_seconds`` before it or since ``start``.

    ``steps`` and ``times`` are ascending. Prefix sums over the steps make each look-back window two look-ups,
    however long the run is.
    """
    step_times = [step.time for step in steps]
    total = [Fraction(0), *accumulate(step.total for step in steps)]
    lowest_bad, highest_bad = (
        [Fraction(0), *accumulate(step.bad[index] for step in steps)] for index in (0, 1)
    )
    allowed = 1 - to_exact_fraction(target)
    for time in times:
        first = bisect_right(step_times, time - lookback_seconds) if time - lookback_seconds >= start else 0
        last = bisect_right(step_times, time)
        events = total[last] - total[first]
        if events <= 0:
            yield BurnRate(time, None)
            continue
        # A scrape can read one counter before and the other after an event, so bad is limited to all events.
        low, high = (
            min(max(bad[last] - bad[first], Fraction(0)), events) / events / allowed
            for bad in (lowest_bad, highest_bad)
        )
        yield BurnRate(time, BurnRateInterval(low, high))


def find_firings(burn_rates: Sequence[BurnRate], policy: AlertPolicy, start: float) -> Iterator[Firing]:
    """Yield when a policy would have fired; times in seconds after ``start``.

    If the burn rate is an interval, the condition holds only if it holds at both bounds.
    """
    stretches = _group_by_state(burn_rates, policy)
    for index, (state, stretch) in enumerate(stretches):
        fired_at = _find_firing_time(stretch, policy.condition) if state else None
        if fired_at is None:
            continue
        resolved_at = stretches[index + 1][1][0].time - start if index + 1 < len(stretches) else None
        if state == "no data" or policy.when_breaching or resolved_at is not None:
            yield Firing(fired_at - start, resolved_at, _find_peak(stretch), state == "no data")


def _group_by_state(burn_rates: Sequence[BurnRate], policy: AlertPolicy) -> list[tuple[str, list[BurnRate]]]:
    """Return the stretches of consecutive scrapes of one state, each with its state."""
    groups = groupby(burn_rates, lambda burn_rate: _determine_state(burn_rate, policy))
    return [(state, list(stretch)) for state, stretch in groups]


def _determine_state(burn_rate: BurnRate, policy: AlertPolicy) -> str:
    """Return "no data" or "breaching" if the policy is active at a scrape, else an empty string."""
    if burn_rate.interval is None:
        return "no data" if policy.when_no_data else ""
    notifies = policy.when_breaching or policy.when_resolved
    return "breaching" if notifies and _is_breaching(burn_rate.interval, policy.condition) else ""


def _is_breaching(interval: BurnRateInterval, condition: AlertCondition) -> bool:
    limit = to_exact_fraction(condition.threshold)
    return all(_meets_condition(condition, bound, limit) for bound in interval)


def _meets_condition(condition: AlertCondition, rate: Fraction, limit: Fraction) -> bool:
    """Compare as exact fractions: a float could lose the difference."""
    return is_within_threshold(condition.op, (rate > limit) - (rate < limit), 0)


def _find_firing_time(stretch: Sequence[BurnRate], condition: AlertCondition) -> float | None:
    """Return the time of the first scrape at which the condition has held for ``alertAfter``."""
    wait_ms = round(condition.alert_after_seconds * _MS_PER_SECOND)
    start = stretch[0].time
    times = (burn_rate.time for burn_rate in stretch)
    return next((time for time in times if round((time - start) * _MS_PER_SECOND) >= wait_ms), None)


def _find_peak(burn_rates: Iterable[BurnRate]) -> float | None:
    lowest = (float(burn_rate.interval.low) for burn_rate in burn_rates if burn_rate.interval is not None)
    return max(lowest, default=None)


# --- Policies of a spec -------------------------------------------------------------------------


def _evaluate_policy(
    spec: Spec, slo: SLO, objective: Objective | None, policy: AlertPolicy, reader: EvidenceReader
) -> Alert:
    """Evaluate one policy; without an objective, for a composite SLO as a whole."""
    alert = Alert(slo.name, objective.name if objective else COMPOSITE_OBJECTIVE, policy)
    try:
        if objective is not None:
            burn_rates = _compute_objective_rates(slo, objective, policy.condition, reader)
        else:
            parts = [part for part in spec.slos if part.name == slo.name and part.weight is not None]
            burn_rates = _compute_composite_rates(parts, policy.condition, reader)
    except UndecidedError as undecided:
        return replace(alert, detail=undecided.detail)
    firings = tuple(find_firings(burn_rates, policy, reader.window.start))
    return replace(
        alert,
        firings=firings,
        peak_burn_rate=_find_peak(burn_rates),
        notes=tuple(_list_notes(burn_rates, policy, firings, reader)),
    )


def _compute_objective_rates(
    slo: SLO, objective: Objective, condition: AlertCondition, reader: EvidenceReader
) -> list[BurnRate]:
    if is_evaluated_by_server(slo):
        detail = "Prometheus evaluates its PromQL once, at the window's end; burn rates need raw samples"
        raise UndecidedError(Reason.QUERY_FAILED, detail)
    times = list_window_scrapes(reader)
    if not times:
        raise UndecidedError(Reason.NO_DATA, "no scrape falls into the window")
    steps, start = build_timeline(slo, objective, reader), reader.window.start
    return list(compute_burn_rates(steps, times, start, condition.lookback_seconds, objective.target))


def _compute_composite_rates(
    parts: Sequence[SLO], condition: AlertCondition, reader: EvidenceReader
) -> list[BurnRate]:
    """Return the sum of weight x burn rate of a composite SLO's parts; a part without events adds nothing."""
    rates_of_parts = [_compute_objective_rates(part, part.objectives[0], condition, reader) for part in parts]
    weights = [to_exact_fraction(part.weight or 0) for part in parts]
    return [_sum_weighted(weights, burn_rates) for burn_rates in zip(*rates_of_parts, strict=True)]


def _sum_weighted(weights: Sequence[Fraction], burn_rates: Sequence[BurnRate]) -> BurnRate:
    """Return the weighted sum of burn rates at one scrape."""
    weighted = [
        (weight, burn_rate.interval)
        for weight, burn_rate in zip(weights, burn_rates, strict=True)
        if burn_rate.interval is not None
    ]
    if not weighted:
        return BurnRate(burn_rates[0].time, None)
    low = sum((weight * interval.low for weight, interval in weighted), Fraction(0))
    high = sum((weight * interval.high for weight, interval in weighted), Fraction(0))
    return BurnRate(burn_rates[0].time, BurnRateInterval(low, high))


def _list_notes(
    burn_rates: Sequence[BurnRate], policy: AlertPolicy, firings: Sequence[Firing], reader: EvidenceReader
) -> Iterator[str]:
    condition, window = policy.condition, reader.window
    if condition.lookback_seconds > window.seconds:
        yield (
            f"the look-back window of {condition.lookback_seconds:g} s is longer than the evaluated window "
            f"of {window.seconds:.4g} s: the burn rate covers only the time since the window's start"
        )
    intervals = [burn_rate.interval for burn_rate in burn_rates if burn_rate.interval is not None]
    if any(interval.low != interval.high for interval in intervals):
        yield "the threshold is not a bucket bound: the alert fires only if both ends of the bucket breach"
    stretches = _group_by_state(burn_rates, policy)
    is_firing = bool(firings) and firings[-1].resolved_at is None
    if not stretches or not stretches[-1][0] or is_firing:
        return
    stretch = stretches[-1][1]
    if _find_firing_time(stretch, condition) is None:
        yield (
            f"pending at the end: the condition held for {stretch[-1].time - stretch[0].time:.4g} s of the "
            f"{condition.alert_after_seconds:g} s of alertAfter"
        )
