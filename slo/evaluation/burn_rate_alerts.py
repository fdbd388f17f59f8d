"""Which alerts a load would have fired, and when: burn-rate conditions at every scrape of the run. Pure.

The burn rate is the ratio of bad events to all in the look-back window, over the ratio that may be bad (SRE
workbook, chapter 5). Before the run there were no events of ours: a look-back window begins with the run at
the earliest. A condition has to hold without a break for ``alertAfter``, as ``for`` of a Prometheus rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby

from slo.counting.event_counts import holds
from slo.counting.event_timeline import Step, closing_scrapes, timeline
from slo.counting.evidence_reader import Counted, UndecidedError
from slo.model import SLO, Alert, AlertCondition, AlertPolicy, Firing, Objective, Reason, Spec
from slo.model.budget import exact
from slo.promql.query_plan import judged_by_server

WHOLE = "composite"
"""Stands for the objective of an alert that watches a composite SLO as a whole."""
_MS = 1000
"""Prometheus keeps milliseconds: durations between scrapes are compared as whole ones."""


@dataclass(frozen=True, slots=True)
class Burn:
    """The burn rate at a scrape, (lowest, highest) that the evidence allows; ``None`` without events."""

    time: float
    rate: tuple[Fraction, Fraction] | None


def alerts(spec: Spec, counted: Counted) -> tuple[Alert, ...]:
    """Say for each alert policy of each objective what it would have done."""
    plain = [(slo, objective) for slo in spec.slos if slo.weight is None for objective in slo.objectives]
    composite = [
        (slo, None) for slo in {slo.name: slo for slo in spec.slos if slo.weight is not None}.values()
    ]
    return tuple(
        _alert(spec, slo, objective, policy, counted)
        for slo, objective in [*plain, *composite]
        for policy in slo.alert_policies
    )


def burn_rates(
    steps: Sequence[Step], times: Iterable[float], start: float, lookback: float, target: float
) -> Iterator[Burn]:
    """Give the burn rate at each time, over the ``lookback`` seconds before it or since ``start``.

    ``steps`` and ``times`` ascend. Sums up to each step are kept, so that a long run costs no more than a
    look-up a scrape.
    """
    at = [step.time for step in steps]
    total = [Fraction(0), *accumulate(step.total for step in steps)]
    bad = [[Fraction(0), *accumulate(step.bad[end] for step in steps)] for end in (0, 1)]
    allowed = 1 - exact(target)
    for time in times:
        first = bisect_right(at, time - lookback) if time - lookback >= start else 0
        last = bisect_right(at, time)
        events = total[last] - total[first]
        if events <= 0:
            yield Burn(time, None)
            continue
        # A scrape may catch a service between two counters: no more events are bad than there are.
        low, high = (
            min(max(sums[last] - sums[first], Fraction(0)), events) / events / allowed for sums in bad
        )
        yield Burn(time, (low, high))


def firings(burns: Sequence[Burn], policy: AlertPolicy, start: float) -> Iterator[Firing]:
    """Find when a policy would have fired; times in seconds after ``start``.

    Where the evidence leaves a burn rate open, the condition holds only if it does at both ends.
    """
    states = [(_state(burn, policy), burn) for burn in burns]
    stretches = [(state, [b for _, b in found]) for state, found in groupby(states, lambda pair: pair[0])]
    for place, (state, stretch) in enumerate(stretches):
        since = _fired(stretch, policy.condition) if state else None
        if since is None:
            continue
        ended = stretches[place + 1][1][0].time - start if place + 1 < len(stretches) else None
        if state == "no data" or policy.when_breaching or ended is not None:
            yield Firing(since - start, ended, _peak(stretch), state == "no data")


def _state(burn: Burn, policy: AlertPolicy) -> str:
    """Say why a policy is active at a scrape; empty when it isn't."""
    if burn.rate is None:
        return "no data" if policy.when_no_data else ""
    told = policy.when_breaching or policy.when_resolved
    return "breaching" if told and _breaching(burn, policy.condition) else ""


def _breaching(burn: Burn, condition: AlertCondition) -> bool:
    limit = exact(condition.threshold)
    return burn.rate is not None and all(_holds(condition, rate, limit) for rate in burn.rate)


def _holds(condition: AlertCondition, rate: Fraction, limit: Fraction) -> bool:
    """Compare exact fractions, whose difference a float could lose."""
    return holds(condition.op, (rate > limit) - (rate < limit), 0)


def _fired(stretch: Sequence[Burn], condition: AlertCondition) -> float | None:
    """Give the scrape at which a condition has held for long enough."""
    wait = round(condition.alert_after_seconds * _MS)
    return next((b.time for b in stretch if round((b.time - stretch[0].time) * _MS) >= wait), None)


def _peak(burns: Iterable[Burn]) -> float | None:
    return max((float(burn.rate[0]) for burn in burns if burn.rate is not None), default=None)


# --- For an SLO of a spec -----------------------------------------------------------------------


def _alert(spec: Spec, slo: SLO, objective: Objective | None, policy: AlertPolicy, counted: Counted) -> Alert:
    """Evaluate one policy; without an objective for a composite SLO as a whole."""
    blank = Alert(slo.name, objective.name if objective else WHOLE, policy)
    start = counted.window.start
    try:
        if objective is not None:
            burns = _burns(slo, objective, policy.condition, counted)
        else:
            parts = [one for one in spec.slos if one.name == slo.name and one.weight is not None]
            burns = _weighted(parts, policy.condition, counted)
    except UndecidedError as undecided:
        return replace(blank, detail=undecided.detail)
    fired = tuple(firings(burns, policy, start))
    return replace(
        blank,
        firings=fired,
        peak_burn_rate=_peak(burns),
        notes=tuple(_notes(burns, policy, fired, counted)),
    )


def _burns(slo: SLO, objective: Objective, condition: AlertCondition, counted: Counted) -> list[Burn]:
    if judged_by_server(slo):
        detail = "Prometheus evaluates its PromQL once, at the window's end; burn rates need raw samples"
        raise UndecidedError(Reason.QUERY_FAILED, detail)
    times = closing_scrapes(counted)
    if not times:
        raise UndecidedError(Reason.NO_DATA, "no scrape falls into the window")
    steps, start = timeline(slo, objective, counted), counted.window.start
    return list(burn_rates(steps, times, start, condition.lookback_seconds, objective.target))


def _weighted(parts: Iterable[SLO], condition: AlertCondition, counted: Counted) -> list[Burn]:
    """Add up weight times burn rate of a composite SLO's parts; without events a part adds none."""
    every = [(one.weight or 0, _burns(one, one.objectives[0], condition, counted)) for one in parts]
    found = []
    for burns in zip(*(burns for _, burns in every), strict=True):
        known = [
            (exact(weight), burn.rate)
            for (weight, _), burn in zip(every, burns, strict=True)
            if burn.rate is not None
        ]
        low, high = (sum((weight * rate[end] for weight, rate in known), Fraction(0)) for end in (0, 1))
        found.append(Burn(burns[0].time, (low, high) if known else None))
    return found


def _notes(
    burns: Sequence[Burn], policy: AlertPolicy, fired: Sequence[Firing], counted: Counted
) -> Iterator[str]:
    condition, window = policy.condition, counted.window
    if condition.lookback_seconds > window.seconds:
        yield (
            f"looks back {condition.lookback_seconds:g} s, but only the {window.seconds:.4g} s of this run "
            "are known: the burn rate is that of the run so far"
        )
    if any(burn.rate is not None and burn.rate[0] != burn.rate[1] for burn in burns):
        yield "the threshold is no bucket bound: it fires where it would at both ends of the bucket"
    last = next((found for state, found in _last(burns, policy) if state), [])
    pending = last[-1].time - last[0].time if last else 0
    still = bool(fired) and fired[-1].resolved_at is None
    if last and not still and _fired(last, condition) is None:
        yield (
            f"pending at the end: it had held for {pending:.4g} s of the "
            f"{condition.alert_after_seconds:g} s of alertAfter"
        )


def _last(burns: Sequence[Burn], policy: AlertPolicy) -> list[tuple[str, list[Burn]]]:
    """Give the last stretch of one state."""
    return [(state, list(found)) for state, found in groupby(burns, lambda burn: _state(burn, policy))][-1:]
