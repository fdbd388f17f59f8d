"""Common performance gates: each evaluates a simulated run and returns MET, MISSED or no decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, isnan, nan

import numpy as np

from benchmarks.simulated import (
    ALL,
    ERRORS_ALLOWED,
    FAILED,
    HISTOGRAM,
    QUANTILE,
    SimulatedRun,
)
from slo.model import Outcome, Series, make_samples_key

Gate = Callable[[SimulatedRun], Outcome | None]
"""``None``: the query returned no number. Most gates treat that as a pass, none as a miss."""


def _compare_with_limit(value: float, limit: float) -> Outcome | None:
    if isnan(value):
        return None
    return Outcome.MET if value <= limit else Outcome.MISSED


def judge_rate_ratio(run: SimulatedRun) -> Outcome | None:
    """``sum(rate(errors[T])) / sum(rate(all[T]))`` at the run's end."""
    total = _sum_rates(run, run.evidence.results[make_samples_key(ALL)].series)
    return _compare_with_limit(
        _sum_rates(run, run.evidence.results[make_samples_key(FAILED)].series) / total if total else nan,
        ERRORS_ALLOWED,
    )


def judge_increase_ratio(run: SimulatedRun) -> Outcome | None:
    """``sum(increase(errors[T])) or vector(0)`` at the run's end, divided by the requests sent."""
    errors = _sum_rates(run, run.evidence.results[make_samples_key(FAILED)].series)
    increase = 0.0 if isnan(errors) else errors * run.window.seconds
    return _compare_with_limit(increase / run.record.total.sent, ERRORS_ALLOWED)


def judge_histogram_quantile(run: SimulatedRun) -> Outcome | None:
    """``histogram_quantile(0.95, sum by (le) (rate(buckets[T])))`` at the run's end."""
    series = run.evidence.results[make_samples_key(f"{HISTOGRAM}_bucket")].series
    bounds = [float(bucket.labels["le"]) for bucket in series]  # float("+Inf") is inf
    rates = [_sum_rates(run, [bucket]) for bucket in series]
    return _compare_with_limit(_interpolate_quantile(QUANTILE, bounds, rates), run.scenario.threshold_seconds)


def judge_locust_percentile(run: SimulatedRun) -> Outcome | None:
    """Locust's p95, of response times rounded to two digits from 100 ms on (``locust/stats.py``)."""
    milliseconds = run.latencies * 1000
    dropped_digits = np.digitize(milliseconds, [100, 1000])
    rounded = np.round(milliseconds / 10.0**dropped_digits) * 10.0**dropped_digits
    seconds = float(np.quantile(rounded, QUANTILE, method="inverted_cdf")) / 1000
    return _compare_with_limit(seconds, run.scenario.threshold_seconds)


def judge_client_percentile(run: SimulatedRun) -> Outcome | None:
    """A threshold like k6's ``p(95)<500``, on the latencies that the client measured."""
    return _compare_with_limit(float(np.quantile(run.latencies, QUANTILE)), run.scenario.threshold_seconds)


def judge_client_errors(run: SimulatedRun) -> Outcome | None:
    """A threshold like k6's ``rate<0.01``, on the failures that the client saw."""
    return _compare_with_limit(float(run.failed.mean()), ERRORS_ALLOWED)


# --- PromQL functions ---------------------------------------------------------------------------


def _sum_rates(run: SimulatedRun, series: Sequence[Series]) -> float:
    """Return the sum of the rates over the run, at its end; NaN if no series has two samples."""
    rates = [_extrapolate_rate(counter, run.window.start, run.window.end) for counter in series]
    known = [rate for rate in rates if not isnan(rate)]
    return sum(known) if known else nan


def _extrapolate_rate(series: Series, start: float, end: float) -> float:
    """Return the per-second rate as ``extrapolatedRate`` of Prometheus 2.x does (``promql/functions.go``)."""
    samples = [(t, v) for t, v in zip(series.times, series.values, strict=True) if start <= t <= end]
    if len(samples) < 2:  # noqa: PLR2004 - a rate needs two samples
        return nan
    (first_time, first_value), (last_time, last_value) = samples[0], samples[-1]
    resets = sum(a for (_, a), (_, b) in pairwise(samples) if b < a)
    increase = last_value - first_value + resets
    sampled = last_time - first_time
    gap = sampled / (len(samples) - 1)
    before, after = first_time - start, end - last_time
    if increase > 0 and first_value >= 0:
        before = min(before, sampled * first_value / increase)
    covered = sampled
    covered += before if before < gap * 1.1 else gap / 2
    covered += after if after < gap * 1.1 else gap / 2
    return increase * covered / sampled / (end - start)


def _interpolate_quantile(quantile: float, bounds: Sequence[float], counts: Sequence[float]) -> float:
    """Interpolate as Prometheus does: in the +Inf bucket, return the highest finite bound."""
    if not counts or isnan(counts[-1]) or not counts[-1]:
        return nan
    rank = quantile * counts[-1]
    bucket = next(index for index, count in enumerate(counts) if count >= rank)
    if bounds[bucket] == inf:
        return bounds[-2]
    low, below = (bounds[bucket - 1], counts[bucket - 1]) if bucket else (0.0, 0.0)
    return low + (bounds[bucket] - low) * (rank - below) / (counts[bucket] - below)


ERROR_GATES: dict[str, Gate] = {
    "rate/rate": judge_rate_ratio,
    "increase or vector(0)": judge_increase_ratio,
    "client's ratio (k6, Locust)": judge_client_errors,
}
LATENCY_GATES: dict[str, Gate] = {
    "histogram_quantile(rate)": judge_histogram_quantile,
    "Locust's p95": judge_locust_percentile,
    "client's p95 (k6)": judge_client_percentile,
}
