"""Checks of the evidence as a whole: can these counts be trusted to speak for this run?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import isfinite

from slo.counting.evidence_reader import Counted, UndecidedError
from slo.counting.process_restarts import ROUNDED_SECONDS
from slo.model import Check, CheckStatus, Reason, RequestCounts, RunRecord, Series, Spec
from slo.model.evidence import Instance, instance_of
from slo.promql.query_plan import counters
from slo.promql.syntax import parse_selector

LONGEST_GAP_SCRAPES = 4.5
"""Longest time between good scrapes, in scrape intervals: three in a row may be lost, not more."""
LEAST_ACHIEVED_RATIO = 0.99
"""Least share of the offered requests that have to be sent for the load to count as delivered."""
MOST_LATENESS_SECONDS = 1.0
"""Largest 95th percentile of lateness for the load to count as delivered."""

MOST_SKEW_SECONDS = 2.0
"""Largest difference between the clocks here and at Prometheus: by so much the scrape that closes a
run's window may be older than its end. Not less, for some servers tell their time in whole seconds."""

_passed = partial(Check, status=CheckStatus.PASS)
_skipped = partial(Check, status=CheckStatus.SKIP)
_failed = partial(Check, status=CheckStatus.FAIL)


def check_evidence(spec: Spec, counted: Counted, run: RunRecord | None) -> tuple[Check, ...]:
    """Run every check, the most causal first."""
    if counted.evidence.error:
        reason = Reason.PROMETHEUS_UNREACHABLE
        return (_failed("prometheus", detail=counted.evidence.error, reason=reason),)
    checks = [_reachable(counted)]
    if (skew := counted.evidence.clock_skew_seconds) is not None:
        checks.append(_clock(skew, counted.evidence.round_trip_seconds or 0.0))
    if run:
        checks.append(_finished(run))
    left = _left(counted, run)
    checks += [_restarts(spec, counted, run), _up(counted, left), _scraped(counted, left)]
    if run:
        checks += [_delivered(run), _reconciled(spec, counted, run.total)]
    return tuple(checks)


def _reachable(counted: Counted) -> Check:
    server = counted.evidence.server
    return _passed(
        "prometheus", detail=f"{server.get('url')} answered, version {server.get('version') or '?'}"
    )


def _clock(skew: float, round_trip: float) -> Check:
    """Ask that the clocks here and at Prometheus agree: the window is ours, the samples' times its own."""
    numbers = {"clock_skew_seconds": skew, "round_trip_seconds": round_trip}
    side = "ahead of" if skew > 0 else "behind"
    detail = f"Prometheus's clock is {abs(skew):.3f} s {side} ours, give or take {round_trip / 2:.3f} s"
    if abs(skew) - round_trip / 2 > MOST_SKEW_SECONDS:
        detail += f"; at most {MOST_SKEW_SECONDS:g} s can be"
        return _failed("clock", detail=detail, reason=Reason.CLOCK_SKEW, numbers=numbers)
    return _passed("clock", detail=detail, numbers=numbers)


def _finished(run: RunRecord) -> Check:
    if run.aborted:
        return _failed("run", detail=f"the load was given up: {run.aborted}", reason=Reason.INTERRUPTED)
    if run.interrupted:
        return _failed("run", detail="the load was interrupted before its end", reason=Reason.INTERRUPTED)
    return _passed("run", detail=f"{run.engine} ran the whole profile")


def _around(series: Series, counted: Counted) -> list[tuple[float, float]]:
    """List (time, value) from the last sample before the window to the first after it."""
    window = counted.window
    samples = list(zip(series.times, series.values, strict=True))
    before = [sample for sample in samples if sample[0] <= window.start][-1:]
    inside = [sample for sample in samples if window.start < sample[0] < window.end]
    after = [sample for sample in samples if sample[0] >= window.end][:1]
    return before + inside + after


def _moved(start: Series, counted: Counted) -> bool:
    """Tell whether a process's start changed by more than rounding does."""
    told = [value for _, value in _around(start, counted) if isfinite(value)]
    return bool(told) and max(told) - min(told) > ROUNDED_SECONDS


def _restarts(spec: Spec, counted: Counted, run: RunRecord | None) -> Check:
    """Look for processes that began inside the window: by their start time, else by their counters."""
    known = {instance_of(series) for series in counted.process_starts}
    reset = {instance for selector in counters(spec) for instance in counted.reset_instances(selector)}
    restarted = reset - known
    restarted |= {instance_of(one) for one in counted.process_starts if _moved(one, counted)}
    if not known and not restarted:
        return _skipped("restarts", detail="the service exposes no process_start_time_seconds")
    numbers = {"restarted": len(restarted)}
    if not restarted:
        return _passed("restarts", detail="no process restarted", numbers=numbers)
    detail = f"restarted inside the window: {', '.join(map(_named, sorted(restarted)))}"
    if reset - known:
        detail += " (counters began anew where no process_start_time_seconds is exposed)"
    if run is None:
        return _passed("restarts", detail=f"{detail}; counted across", numbers=numbers)
    return _failed("restarts", detail=detail, reason=Reason.TARGET_RESTARTED, numbers=numbers)


def _left(counted: Counted, run: RunRecord | None) -> frozenset[Instance]:
    """Name the targets that may go: before the window, or inside one that is judged whoever made its load."""
    start = counted.window.start
    return frozenset(at for at, time in counted.departed.items() if run is None or time <= start)


def _up(counted: Counted, left: frozenset[Instance]) -> Check:
    """Look for targets that did not answer their scrapes for longer than a few could be lost."""
    if not counted.ups:
        return _skipped("up", detail="no job label on the series, so their targets are not known")
    limit = _longest_gap(counted)
    down, failures = [], 0
    for series in counted.ups:
        samples = _around(series, counted)
        failures += sum(value != 1 for _, value in samples)
        fell = samples and samples[-1][1] != 1 and instance_of(series) not in left
        if _longest_failure(samples) > limit or fell:
            down.append(_named(instance_of(series)))
    numbers = {"failed_scrapes": failures}
    if down:
        detail = f"did not answer its scrapes: {', '.join(down)} ({failures} scrapes failed)"
        return _failed("up", detail=detail, reason=Reason.TARGET_DOWN, numbers=numbers)
    return _passed("up", detail=f"every target answered ({failures} scrapes failed)", numbers=numbers)


def _longest_failure(samples: Sequence[tuple[float, float]]) -> float:
    """Longest time in seconds from the last good scrape before a failed one to the next good one."""
    longest = 0.0
    last_good: float | None = None
    failing = False
    for time, value in samples:
        if value == 1:
            if failing and last_good is not None:
                longest = max(longest, time - last_good)
            last_good, failing = time, False
        else:
            failing = True
    if failing and samples:
        longest = max(longest, samples[-1][0] - (last_good if last_good is not None else samples[0][0]))
    return longest


def _longest_gap(counted: Counted) -> float:
    return LONGEST_GAP_SCRAPES * (counted.evidence.scrape_interval_seconds or 60.0)


def _scraped(counted: Counted, left: frozenset[Instance]) -> Check:
    """Ask for a scrape before the window, one after it, and no long gap in between."""
    if not any(result.exact for result in counted.evidence.results.values()):
        return _skipped("scrapes", detail="every value was computed by Prometheus: no sample to look at")
    if not counted.scrapes:
        return _failed("scrapes", detail="no scrape of the service is known", reason=Reason.NO_DATA)
    faults = [
        f"{_named(instance)} {fault}"
        for instance, times in counted.scrapes.items()
        for fault in _scrape_faults(times, counted, young=instance in counted.young, left=instance in left)
    ]
    interval = counted.evidence.scrape_interval_seconds
    numbers = {"scrape_interval_seconds": interval} if interval else {}
    if faults:
        return _failed("scrapes", detail="; ".join(faults), reason=Reason.SCRAPE_GAP, numbers=numbers)
    detail = "a scrape before the window, one after it, and no gap in between"
    if gone := sum(counted.departed[at] > counted.window.start for at in left):
        numbers["departed"] = gone
        detail += f"; {gone} targets left: what they counted after their last scrape is not known"
    return _passed("scrapes", detail=detail, numbers=numbers)


def _scrape_faults(times: Sequence[float], counted: Counted, *, young: bool, left: bool) -> list[str]:
    """Say what is missing.

    Nothing is, before a target that began inside the window (``young``), nor after one that ``left``.
    """
    window, limit = counted.window, _longest_gap(counted)
    before = [time for time in times if time <= window.start][-1:]
    after = [time for time in times if time >= window.end][:1]
    inside = [time for time in times if window.start < time < window.end]
    faults = []
    if not (young or (left and not inside)) and (not before or window.start - before[0] > limit):
        faults.append("was not scraped just before the window")
    if not (after or left):
        faults.append("was not scraped after the window")
    gaps = [later - earlier for earlier, later in pairwise(before + inside + after)]
    if gaps and max(gaps) > limit:
        faults.append(f"was not scraped for {max(gaps):.1f} s")
    return faults


def _delivered(run: RunRecord) -> Check:
    """Ask that the generator held its schedule: the service can't answer for load that never came."""
    total = run.total
    ratio, late = total.achieved_ratio, total.lateness.p95
    numbers: dict[str, float] = {"offered": total.offered, "sent": total.sent, "dropped": total.dropped}
    if late is not None:
        numbers["lateness_p95_seconds"] = late
    detail = f"{total.sent:,} of {total.offered:,} offered requests were sent"
    if late is not None:
        detail += f", 95 % of them at most {late * 1000:.1f} ms late"
    if lost := sum(one.lost for one in run.processes):
        detail += f"; {lost} of {len(run.processes)} generator processes were lost"
    held = ratio is not None and ratio >= LEAST_ACHIEVED_RATIO and (late or 0) <= MOST_LATENESS_SECONDS
    if held:
        return _passed("load_delivered", detail=detail, numbers=numbers)
    return _failed("load_delivered", detail=detail, reason=Reason.LOAD_NOT_DELIVERED, numbers=numbers)


def _reconciled(spec: Spec, counted: Counted, total: RequestCounts) -> Check:
    """Compare what the client sent with what the service counted.

    A request that got no answer may or may not have been counted, so the count has to lie between the
    requests that were answered and those that were sent.
    """
    name = "counts_reconcile"
    selectors = [service.requests for service in spec.services if service.requests]
    if not selectors:
        return _skipped(name, detail="no Service of the spec has the annotation proofload/requests")
    try:
        count = sum(counted.increase(parse_selector(text)).events for text in selectors)
    except UndecidedError as error:
        return _failed(name, detail=error.detail, reason=error.reason)
    difference = count - total.sent
    numbers = {
        "sent": total.sent,
        "completed": total.completed,
        "counted": count,
        "difference": difference,
    }
    detail = (
        f"{total.sent:,} requests sent, {count:,.0f} counted by the service, difference {difference:+,.0f}"
    )
    if total.completed <= count <= total.sent:
        if total.completed < total.sent:
            detail += f" ({total.sent - total.completed:,} got no answer)"
        return _passed(name, detail=detail.replace("+0", "0"), numbers=numbers)
    return _failed(name, detail=detail, reason=Reason.COUNTS_DO_NOT_RECONCILE, numbers=numbers)


def _named(instance: Instance) -> str:
    job, address = instance
    return f"{job or 'target'} {address}".strip()
