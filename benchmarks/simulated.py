"""Simulated runs with known true values: requests, their results and Prometheus's scrapes of them.

Errors and latencies within a second are correlated: both follow a first-order autoregressive process, the
state of the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from slo.model import (
    PROCESS_START_KEY,
    SLO,
    UP_KEY,
    BudgetingMethod,
    EventsSLI,
    Evidence,
    HistogramQuantile,
    Objective,
    Op,
    PromQL,
    Quantiles,
    QueryResult,
    RequestCounts,
    RunRecord,
    Series,
    Spec,
    ThresholdSLI,
    Window,
    make_samples_key,
)
from slo.promql import PROCESS_START_METRIC, UP_METRIC

Array = NDArray[np.float64]

RATE = 100.0
"""Requests per second."""
START = 1_000_000.0
BOUNDS = (0.1, 0.5, 1.0, inf)
"""Default buckets of prometheus-fastapi-instrumentator's histogram by handler."""
QUANTILE, Z_95 = 0.95, 1.6448536269514722
ERRORS_ALLOWED = 0.01
LATENCY_LOG_DEVIATION = 0.6
"""Standard deviation of the logarithm of the latency, within a second."""
TARGET_LABELS = {"job": "shop", "instance": "shop:80"}
ALL, FAILED = "http_requests_total", 'http_requests_total{status="500"}'
HISTOGRAM = "http_request_duration_seconds"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the service behaves, and how often it is scraped.

    ``limit_ratio``: true error ratio and true p95, divided by their limits. ``autocorrelation`` of the states
    of two successive seconds; ``log_deviation``: standard deviation of the logarithm that a state adds.
    ``has_burst``: all errors fall into one second. ``has_restart``: the process restarts in the middle.
    ``trouble``: mean duration of trouble and mean time between its end and its start, in seconds; all errors
    come while there is trouble.
    """

    limit_ratio: float
    scrape_seconds: float
    seconds: float = 60.0
    autocorrelation: float = 0.5
    log_deviation: float = 0.3
    has_burst: bool = False
    has_restart: bool = False
    threshold_seconds: float = 0.5
    trouble: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """One run: the client's results and Prometheus's samples."""

    scenario: Scenario
    failed: NDArray[np.bool_]
    latencies: Array
    evidence: Evidence
    record: RunRecord
    window: Window


def simulate(scenario: Scenario, random: np.random.Generator) -> SimulatedRun:
    """Return a simulated run of a constant load."""
    seconds = int(scenario.seconds)
    times = START + np.arange(int(RATE * seconds)) / RATE
    second = (times - START).astype(int)
    states = _simulate_states(seconds, scenario.autocorrelation, random)
    failed = random.random(len(times)) < _compute_error_ratios(scenario, states, random)[second]
    total_deviation = sqrt(LATENCY_LOG_DEVIATION**2 + scenario.log_deviation**2)
    median = scenario.limit_ratio * scenario.threshold_seconds * exp(-Z_95 * total_deviation)
    latencies = median * np.exp(
        LATENCY_LOG_DEVIATION * random.standard_normal(len(times)) + scenario.log_deviation * states[second]
    )
    # The service counts a request at its response; none is in flight at the end of the run.
    counted_at = times + np.minimum(latencies, 2.0)
    window = Window(START, float(counted_at.max()))
    evidence = _simulate_scrapes(scenario, window, counted_at, failed, latencies, random)
    return SimulatedRun(scenario, failed, latencies, evidence, _build_record(window, len(times)), window)


def _simulate_states(seconds: int, correlation: float, random: np.random.Generator) -> Array:
    steps = random.standard_normal(seconds)
    states = np.empty(seconds)
    states[0] = steps[0]
    for second in range(1, seconds):
        states[second] = correlation * states[second - 1] + sqrt(1 - correlation**2) * steps[second]
    return states


def _compute_error_ratios(scenario: Scenario, states: Array, random: np.random.Generator) -> Array:
    ratio = scenario.limit_ratio * ERRORS_ALLOWED
    if scenario.has_burst:
        ratios = np.zeros(len(states))
        ratios[random.integers(len(states))] = min(ratio * len(states), 1.0)
        return ratios
    if scenario.trouble:
        duration, gap = scenario.trouble
        has_trouble = _simulate_trouble(len(states), duration, gap, random)
        return np.where(has_trouble, min(ratio * (duration + gap) / duration, 1.0), 0.0)
    return np.minimum(ratio * np.exp(scenario.log_deviation * states - scenario.log_deviation**2 / 2), 1.0)


def _simulate_trouble(
    seconds: int, duration: float, gap: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Return for each second whether there is trouble; it begins and ends at random."""
    state, states = random.random() < duration / (duration + gap), []
    for chance in random.random(seconds):
        states.append(state)
        state = chance >= 1 / duration if state else chance < 1 / gap
    return np.array(states)


def _simulate_scrapes(
    scenario: Scenario,
    window: Window,
    counted_at: Array,
    failed: NDArray[np.bool_],
    latencies: Array,
    random: np.random.Generator,
) -> Evidence:
    interval = scenario.scrape_seconds
    first = START - interval * (1 + random.random())
    scrapes = np.arange(first, window.end + 2 * interval, interval)
    process_start = START + scenario.seconds / 2 if scenario.has_restart else -inf
    counters = {
        ALL: (counted_at[~failed], {"status": "200"}),
        FAILED: (counted_at[failed], {"status": "500"}),
    }
    series = {
        name: _build_series(ALL, labels, times, scrapes, process_start)
        for name, (times, labels) in counters.items()
    }
    buckets = tuple(
        bucket
        for bound in BOUNDS
        for bucket in _build_series(
            f"{HISTOGRAM}_bucket",
            {"le": "+Inf" if bound == inf else f"{bound:g}"},
            counted_at[latencies <= bound],
            scrapes,
            process_start,
            starts_at_zero=True,
        )
    )
    ups = (Series({"__name__": UP_METRIC, **TARGET_LABELS}, tuple(scrapes), (1.0,) * len(scrapes)),)
    process_starts = tuple(process_start if time >= process_start else 0.0 for time in scrapes)
    results = {
        make_samples_key(ALL): QueryResult(ALL, window.end, (*series[ALL], *series[FAILED])),
        make_samples_key(FAILED): QueryResult(FAILED, window.end, series[FAILED]),
        make_samples_key(f"{HISTOGRAM}_bucket"): QueryResult(f"{HISTOGRAM}_bucket", window.end, buckets),
        UP_KEY: QueryResult(UP_METRIC, window.end, ups),
        PROCESS_START_KEY: QueryResult(
            PROCESS_START_METRIC,
            window.end,
            (Series({"__name__": PROCESS_START_METRIC, **TARGET_LABELS}, tuple(scrapes), process_starts),),
        ),
    }
    return Evidence(window, results, window.end + 60, 300.0, interval)


def _build_series(
    metric: str,
    labels: dict[str, str],
    counted_at: Array,
    scrapes: Array,
    process_start: float,
    *,
    starts_at_zero: bool = False,
) -> tuple[Series, ...]:
    """Return the series of a counter: the number of events up to each scrape.

    A counter with labels exists from its first event on, the buckets of a histogram from the start.
    """
    counts = np.searchsorted(np.sort(counted_at), scrapes, side="right").astype(float)
    counts -= np.where(scrapes >= process_start, np.count_nonzero(counted_at <= process_start), 0)
    exists = (counts > 0) | starts_at_zero
    if not exists.any():
        return ()
    all_labels = {"__name__": metric, **TARGET_LABELS, **labels}
    return (Series(all_labels, tuple(scrapes[exists]), tuple(counts[exists])),)


def _build_record(window: Window, sent: int) -> RunRecord:
    counts = RequestCounts(offered=sent, sent=sent, completed=sent, lateness=Quantiles(p95=0.001))
    return RunRecord("simulated", "http://shop", "simulated", 0, window, {}, counts, {}, RequestCounts())


def build_spec(scenario: Scenario) -> Spec:
    """Return a spec with two SLOs: an error ratio and a 95th percentile of the latency."""
    return Spec(
        slos=(
            SLO(
                "errors",
                "shop",
                EventsSLI(PromQL(ALL), bad=PromQL(FAILED)),
                BudgetingMethod.OCCURRENCES,
                28 * 86_400.0,
                (Objective("errors", 1 - ERRORS_ALLOWED),),
            ),
            SLO(
                "latency",
                "shop",
                ThresholdSLI(HistogramQuantile(HISTOGRAM, QUANTILE)),
                BudgetingMethod.OCCURRENCES,
                28 * 86_400.0,
                (Objective("latency", QUANTILE, Op.LTE, scenario.threshold_seconds),),
            ),
        )
    )
