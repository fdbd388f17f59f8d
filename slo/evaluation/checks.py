"""Checks of the evidence as a whole: whether its counts are complete and belong to this run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from slo.counting import EvidenceReader
from slo.evaluation.count_reconciliation import check_counts_reconcile
from slo.evaluation.failed_requests import check_answers
from slo.evaluation.source_checks import check_processes, check_target_queries, format_target
from slo.model import (
    Check,
    CheckStatus,
    Policy,
    Reason,
    RunRecord,
    ScrapeTarget,
    Spec,
    are_tasks_delivered,
    describe_failed_tasks,
    scrape_target_of,
)
from slo.promql import list_counters
from slo.scraping import select_counted_samples

MAX_GAP_INTERVALS = 4.5
"""Longest time between successful scrapes, in scrape intervals: at most three in a row may be missing."""
_ASSUMED_INTERVAL_SECONDS = 60.0
"""Scrape interval of a target that was scraped less than twice: Prometheus's default."""
MIN_ACHIEVED_RATIO = 0.99
"""Smallest share of the offered requests that must be sent for the load to count as delivered."""
MAX_LATENESS_SECONDS = 1.0
"""Largest 95th percentile of lateness for the load to count as delivered."""

MAX_CLOCK_SKEW_SECONDS = 2.0
"""Largest difference between the local clock and Prometheus's clock.

The scrape that closes a run's window can be older than its end by this much. Some servers report their time
in whole seconds, so the limit cannot be smaller."""

_pass_check = partial(Check, status=CheckStatus.PASS)
_skip_check = partial(Check, status=CheckStatus.SKIP)
_fail_check = partial(Check, status=CheckStatus.FAIL)


def check_evidence(
    spec: Spec, reader: EvidenceReader, run: RunRecord | None, policy: Policy | None = None
) -> tuple[Check, ...]:
    """Return the results of all checks of the evidence; causes come before their effects."""
    policy = policy or Policy()
    if reader.evidence.error:
        reason = Reason.PROMETHEUS_UNREACHABLE
        return (_fail_check("prometheus", detail=reader.evidence.error, reason=reason),)
    checks = [_check_prometheus(reader)]
    if (skew := reader.evidence.clock_skew_seconds) is not None:
        checks.append(_check_clock(skew, reader.evidence.round_trip_seconds or 0.0))
    if run:
        checks.append(_check_run(run))
    if target_queries := check_target_queries(reader):
        checks.append(target_queries)
    departed = _find_departed_targets(reader, run)
    checks += [
        check_processes(spec, reader),
        _check_restarts(spec, reader, run),
        _check_up(reader, departed),
        _check_scrapes(reader, departed),
    ]
    if run:
        checks += [
            check_load_delivered(run),
            check_answers(spec, reader, run, policy),
            check_counts_reconcile(spec, reader, run, policy),
        ]
    return tuple(checks)


def _check_prometheus(reader: EvidenceReader) -> Check:
    server = reader.evidence.server
    return _pass_check(
        "prometheus", detail=f"{server.get('url')} answered, version {server.get('version') or '?'}"
    )


def _check_clock(skew_seconds: float, round_trip_seconds: float) -> Check:
    """Check that the clocks agree: the window is in local time, samples are in Prometheus's time."""
    numbers = {"clock_skew_seconds": skew_seconds, "round_trip_seconds": round_trip_seconds}
    side = "ahead of" if skew_seconds > 0 else "behind"
    uncertainty = round_trip_seconds / 2
    detail = f"Prometheus's clock is {abs(skew_seconds):.3f} s {side} the local clock (± {uncertainty:.3f} s)"
    if abs(skew_seconds) - uncertainty > MAX_CLOCK_SKEW_SECONDS:
        detail += f"; at most {MAX_CLOCK_SKEW_SECONDS:g} s is allowed"
        return _fail_check("clock", detail=detail, reason=Reason.CLOCK_SKEW, numbers=numbers)
    return _pass_check("clock", detail=detail, numbers=numbers)


def _check_run(run: RunRecord) -> Check:
    if run.aborted:
        return _fail_check("run", detail=f"the load was aborted: {run.aborted}", reason=Reason.INTERRUPTED)
    if run.interrupted:
        return _fail_check("run", detail="the load was interrupted before its end", reason=Reason.INTERRUPTED)
    return _pass_check("run", detail=f"{run.engine} ran the whole profile")


def _check_restarts(spec: Spec, reader: EvidenceReader, run: RunRecord | None) -> Check:
    """Check for restarts inside the window: by process start times, else by counter resets."""
    known = {scrape_target_of(series) for series in reader.process_start_series}
    reset = {target for selector in list_counters(spec) for target in reader.find_reset_targets(selector)}
    restarted = reset - known
    restarted |= reader.restarted_targets
    if not known and not restarted:
        return _skip_check("restarts", detail="the service exposes no process_start_time_seconds")
    numbers = {"restarted": len(restarted)}
    if not restarted:
        return _pass_check("restarts", detail="no process restarted", numbers=numbers)
    detail = f"restarted inside the window: {', '.join(map(format_target, sorted(restarted)))}"
    if reset - known:
        detail += " (counters were reset where no process_start_time_seconds is exposed)"
    if run is None:
        detail += "; counted across the restarts; events between the last scrape and a restart are unknown"
        return _pass_check("restarts", detail=detail, numbers=numbers)
    return _fail_check("restarts", detail=detail, reason=Reason.TARGET_RESTARTED, numbers=numbers)


def _find_departed_targets(reader: EvidenceReader, run: RunRecord | None) -> frozenset[ScrapeTarget]:
    """Return the targets that were allowed to disappear.

    In a run, those that disappeared before its window; without a run, also those inside the window.
    """
    start = reader.window.start
    return frozenset(
        target for target, time in reader.departed_targets.items() if run is None or time <= start
    )


def _check_up(reader: EvidenceReader, departed: frozenset[ScrapeTarget]) -> Check:
    """Check for targets whose scrapes failed for too long, or up to the end of the window."""
    if not reader.up_series:
        return _skip_check("up", detail="no job label on the series, so their scrape targets are unknown")
    down, failures = [], 0
    for series in reader.up_series:
        samples = select_counted_samples(series, reader.window)
        failures += sum(value != 1 for _, value in samples)
        target = scrape_target_of(series)
        ends_down = samples and samples[-1][1] != 1 and target not in departed
        if _measure_longest_failure(samples) > _compute_max_gap(reader, target) or ends_down:
            down.append(format_target(target))
    numbers = {"failed_scrapes": failures}
    if down:
        detail = f"targets did not answer scrapes: {', '.join(down)} ({failures} scrapes failed)"
        return _fail_check("up", detail=detail, reason=Reason.TARGET_DOWN, numbers=numbers)
    return _pass_check("up", detail=f"every target answered ({failures} scrapes failed)", numbers=numbers)


def _measure_longest_failure(samples: Sequence[tuple[float, float]]) -> float:
    """Return the longest time in seconds between two successful scrapes with a failed one in between."""
    longest = 0.0
    last_success: float | None = None
    is_failing = False
    for time, value in samples:
        if value == 1:
            if is_failing and last_success is not None:
                longest = max(longest, time - last_success)
            last_success, is_failing = time, False
        else:
            is_failing = True
    if is_failing and samples:
        start = last_success if last_success is not None else samples[0][0]
        longest = max(longest, samples[-1][0] - start)
    return longest


def _compute_max_gap(reader: EvidenceReader, target: ScrapeTarget) -> float:
    """Return the longest allowed time between successful scrapes of a target, in seconds."""
    known = reader.scrape_intervals.get(target) or reader.evidence.scrape_interval_seconds
    return MAX_GAP_INTERVALS * (known or _ASSUMED_INTERVAL_SECONDS)


def _check_scrapes(reader: EvidenceReader, departed: frozenset[ScrapeTarget]) -> Check:
    """Check for a scrape before the window, one after it, and no long gap in between."""
    if not any(result.exact for result in reader.evidence.results.values()):
        return _skip_check("scrapes", detail="every value was computed by Prometheus: no samples to check")
    if not reader.scrape_times:
        return _fail_check("scrapes", detail="no scrape of the service was found", reason=Reason.NO_DATA)
    faults = [
        f"{format_target(target)} {fault}"
        for target, times in reader.scrape_times.items()
        for fault in _find_scrape_faults(
            times,
            reader,
            _compute_max_gap(reader, target),
            is_new=target in reader.new_targets,
            has_left=target in departed,
        )
    ]
    interval = reader.evidence.scrape_interval_seconds
    numbers = {"scrape_interval_seconds": interval} if interval else {}
    if faults:
        return _fail_check("scrapes", detail="; ".join(faults), reason=Reason.SCRAPE_GAP, numbers=numbers)
    detail = "a scrape before the window, one after it, and no gap in between"
    if gone := sum(reader.departed_targets[target] > reader.window.start for target in departed):
        numbers["departed"] = gone
        detail += f"; {gone} targets disappeared: events after their last scrape are unknown"
    return _pass_check("scrapes", detail=detail, numbers=numbers)


def _find_scrape_faults(
    times: Sequence[float], reader: EvidenceReader, max_gap_seconds: float, *, is_new: bool, has_left: bool
) -> list[str]:
    """Return which scrapes are missing, each as a predicate of the target.

    A target that started inside the window (``is_new``) needs no scrape before it, and one that disappeared
    (``has_left``) none after it.
    """
    window = reader.window
    before = [time for time in times if time <= window.start][-1:]
    after = [time for time in times if time >= window.end][:1]
    inside = [time for time in times if window.start < time < window.end]
    faults = []
    needs_scrape_before = not (is_new or (has_left and not inside))
    if needs_scrape_before and (not before or window.start - before[0] > max_gap_seconds):
        faults.append("was not scraped just before the window")
    if not (after or has_left):
        faults.append("was not scraped after the window")
    gaps = [later - earlier for earlier, later in pairwise(before + inside + after)]
    if gaps and max(gaps) > max_gap_seconds:
        faults.append(f"was not scraped for {max(gaps):.1f} s")
    return faults


def check_load_delivered(run: RunRecord) -> Check:
    """Check that the load generator kept its schedule: the verdict is about the load that was asked for."""
    total = run.total
    ratio, late = total.achieved_ratio, total.lateness.p95
    numbers: dict[str, float] = {"offered": total.offered, "sent": total.sent, "dropped": total.dropped}
    if late is not None:
        numbers["lateness_p95_seconds"] = late
    detail = f"{total.sent:,} of {total.offered:,} offered requests were sent"
    if late is not None:
        detail += f", 95 % of them at most {late * 1000:.1f} ms late"
    if lost := sum(process.lost for process in run.processes):
        detail += f"; {lost} of {len(run.processes)} generator processes were lost"
    tasks_problem = describe_failed_tasks(run.tasks)
    if tasks_problem:
        detail += f"; {tasks_problem}"
        numbers |= {"tasks": run.tasks.started, "tasks_raised": run.tasks.raised}
    if (
        are_tasks_delivered(run.tasks)
        and ratio is not None
        and ratio >= MIN_ACHIEVED_RATIO
        and (late or 0) <= MAX_LATENESS_SECONDS
    ):
        return _pass_check("load_delivered", detail=detail, numbers=numbers)
    return _fail_check("load_delivered", detail=detail, reason=Reason.LOAD_NOT_DELIVERED, numbers=numbers)
