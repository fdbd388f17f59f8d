"""Gates that people use, as they decide: each takes a simulated run and says MET, MISSED, or nothing."""

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
    Simulated,
)
from slo.model import Outcome, Series

Gate = Callable[[Simulated], Outcome | None]
"""``None``: the query gave no number, which most gates take for a pass and none for a miss."""


def _judged(value: float, limit: float) -> Outcome | None:
    if isnan(value):
        return None
    return Outcome.MET if value <= limit else Outcome.MISSED


def promql_errors(run: Simulated) -> Outcome | None:
    """``sum(rate(errors[T])) / sum(rate(all[T]))`` at the run's end."""
    total = _rate(run, run.evidence.results[ALL].series)
    return _judged(_rate(run, run.evidence.results[FAILED].series) / total if total else nan, ERRORS_ALLOWED)


def increase_errors(run: Simulated) -> Outcome | None:
    """``sum(increase(errors[T])) or vector(0)`` at the run's end, against the requests that were sent."""
    errors = _rate(run, run.evidence.results[FAILED].series)
    increase = 0.0 if isnan(errors) else errors * run.window.seconds
    return _judged(increase / run.run.total.sent, ERRORS_ALLOWED)


def promql_percentile(run: Simulated) -> Outcome | None:
    """``histogram_quantile(0.95, sum by (le) (rate(buckets[T])))`` at the run's end."""
    series = run.evidence.results[f"{HISTOGRAM}_bucket"].series
    bounds = [inf if one.labels["le"] == "+Inf" else float(one.labels["le"]) for one in series]
    rates = [_rate(run, [one]) for one in series]
    return _judged(_histogram_quantile(QUANTILE, bounds, rates), run.world.threshold_seconds)


def locust_percentile(run: Simulated) -> Outcome | None:
    """Locust's p95: of response times that it rounds to two figures from 100 ms on (``locust/stats.py``)."""
    milliseconds = run.latencies * 1000
    places = np.digitize(milliseconds, [100, 1000])  # 0, 1 or 2 figures are dropped
    rounded = np.round(milliseconds / 10.0**places) * 10.0**places
    seconds = float(np.quantile(rounded, QUANTILE, method="inverted_cdf")) / 1000
    return _judged(seconds, run.world.threshold_seconds)


def client_percentile(run: Simulated) -> Outcome | None:
    """A threshold like k6's ``p(95)<500``: of what the client measured."""
    return _judged(float(np.quantile(run.latencies, QUANTILE)), run.world.threshold_seconds)


def client_errors(run: Simulated) -> Outcome | None:
    """A threshold like k6's ``rate<0.01``: of what the client measured."""
    return _judged(float(run.failed.mean()), ERRORS_ALLOWED)


# --- What Prometheus computes -------------------------------------------------------------------


def _rate(run: Simulated, series: Sequence[Series]) -> float:
    """Sum the rates over the run, evaluated at its end; NaN where no series has two samples."""
    found = [_extrapolated(one, run.window.start, run.window.end) for one in series]
    known = [value for value in found if not isnan(value)]
    return sum(known) if known else nan


def _extrapolated(series: Series, start: float, end: float) -> float:
    """Per-second rate as ``extrapolatedRate`` of Prometheus 2.x gives it (``promql/functions.go``)."""
    held = [(t, v) for t, v in zip(series.times, series.values, strict=True) if start <= t <= end]
    if len(held) < 2:  # noqa: PLR2004 - a rate needs two samples
        return nan
    (first, value), (last, final) = held[0], held[-1]
    grown = final - value + sum(a for (_, a), (_, b) in pairwise(held) if b < a)
    sampled, gap = last - first, (last - first) / (len(held) - 1)
    before, after = first - start, end - last
    if grown > 0 and value >= 0:
        before = min(before, sampled * value / grown)
    reach = sampled + (before if before < gap * 1.1 else gap / 2) + (after if after < gap * 1.1 else gap / 2)
    return grown * reach / sampled / (end - start)


def _histogram_quantile(quantile: float, bounds: Sequence[float], counts: Sequence[float]) -> float:
    """Interpolate as Prometheus does; in the +Inf bucket it gives the highest finite bound."""
    if not counts or isnan(counts[-1]) or not counts[-1]:
        return nan
    rank = quantile * counts[-1]
    place = next(n for n, count in enumerate(counts) if count >= rank)
    if bounds[place] == inf:
        return bounds[-2]
    low, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    return low + (bounds[place] - low) * (rank - below) / (counts[place] - below)


ERROR_GATES: dict[str, Gate] = {
    "rate/rate": promql_errors,
    "increase or vector(0)": increase_errors,
    "client's ratio (k6, Locust)": client_errors,
}
LATENCY_GATES: dict[str, Gate] = {
    "histogram_quantile(rate)": promql_percentile,
    "Locust's p95": locust_percentile,
    "client's p95 (k6)": client_percentile,
}
