"""Runs that never happened, with a truth that is known: requests, their fates, and the scrapes that saw them.

Errors and latencies of one second are alike: both follow a first-order autoregressive mood of the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from slo.model import (
    SLO,
    Budgeting,
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
)
from slo.promql.query_plan import PROCESS_START, UP

Array = NDArray[np.float64]

RATE = 100.0
"""Requests per second."""
START = 1_000_000.0
BOUNDS = (0.1, 0.5, 1.0, inf)
"""Buckets of prometheus-fastapi-instrumentator's histogram by handler, as it comes."""
QUANTILE, Z_95 = 0.95, 1.6448536269514722
ERRORS_ALLOWED = 0.01
SPREAD = 0.6
"""Of a latency's logarithm, within a second."""
JOB = {"job": "shop", "instance": "shop:80"}
ALL, FAILED = "http_requests_total", 'http_requests_total{status="500"}'
HISTOGRAM = "http_request_duration_seconds"


@dataclass(frozen=True, slots=True)
class World:
    """How a service behaves, and how it is looked at.

    ``worse``: true error ratio and true p95 over what is allowed. ``mood`` is the correlation of one second
    with the next and ``swing`` how much the mood changes (standard deviation of a logarithm). ``burst``: all
    errors fall into one second. ``restart``: the process begins anew in the middle.
    """

    worse: float
    scrape_seconds: float
    seconds: float = 60.0
    mood: float = 0.5
    swing: float = 0.3
    burst: bool = False
    restart: bool = False
    threshold_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Simulated:
    """One run: what the client saw, and the samples that Prometheus has of it."""

    world: World
    failed: NDArray[np.bool_]
    latencies: Array
    evidence: Evidence
    run: RunRecord
    window: Window


def simulate(world: World, random: np.random.Generator) -> Simulated:
    """Let a service answer a constant load, and scrape it."""
    seconds = int(world.seconds)
    times = START + np.arange(int(RATE * seconds)) / RATE
    second = (times - START).astype(int)
    mood = _mood(seconds, world.mood, random)
    failed = random.random(len(times)) < _error_ratio(world, mood, random)[second]
    total_spread = sqrt(SPREAD**2 + world.swing**2)
    median = world.worse * world.threshold_seconds * exp(-Z_95 * total_spread)
    latencies = median * np.exp(SPREAD * random.standard_normal(len(times)) + world.swing * mood[second])
    # Counted when answered; none is still under way when the run ends.
    counted = times + np.minimum(latencies, 2.0)
    window = Window(START, float(counted.max()))
    evidence = _scraped(world, window, counted, failed, latencies, random)
    return Simulated(world, failed, latencies, evidence, _record(window, len(times)), window)


def _mood(seconds: int, correlation: float, random: np.random.Generator) -> Array:
    steps = random.standard_normal(seconds)
    mood = np.empty(seconds)
    mood[0] = steps[0]
    for place in range(1, seconds):
        mood[place] = correlation * mood[place - 1] + sqrt(1 - correlation**2) * steps[place]
    return mood


def _error_ratio(world: World, mood: Array, random: np.random.Generator) -> Array:
    ratio = world.worse * ERRORS_ALLOWED
    if world.burst:
        ratios = np.zeros(len(mood))
        ratios[random.integers(len(mood))] = min(ratio * len(mood), 1.0)
        return ratios
    return np.minimum(ratio * np.exp(world.swing * mood - world.swing**2 / 2), 1.0)


def _scraped(
    world: World,
    window: Window,
    counted: Array,
    failed: NDArray[np.bool_],
    latencies: Array,
    random: np.random.Generator,
) -> Evidence:
    interval = world.scrape_seconds
    first = START - interval * (1 + random.random())
    scrapes = np.arange(first, window.end + 2 * interval, interval)
    began = START + world.seconds / 2 if world.restart else -inf
    counters = {ALL: (counted[~failed], {"status": "200"}), FAILED: (counted[failed], {"status": "500"})}
    found = {name: _series(ALL, labels, at, scrapes, began) for name, (at, labels) in counters.items()}
    buckets = tuple(
        one
        for bound in BOUNDS
        for one in _series(
            f"{HISTOGRAM}_bucket",
            {"le": "+Inf" if bound == inf else f"{bound:g}"},
            counted[latencies <= bound],
            scrapes,
            began,
            always=True,
        )
    )
    ups = (Series({"__name__": UP, **JOB}, tuple(scrapes), (1.0,) * len(scrapes)),)
    started = tuple(began if time >= began else 0.0 for time in scrapes)
    results = {
        ALL: QueryResult(ALL, window.end, (*found[ALL], *found[FAILED])),
        FAILED: QueryResult(FAILED, window.end, found[FAILED]),
        f"{HISTOGRAM}_bucket": QueryResult(f"{HISTOGRAM}_bucket", window.end, buckets),
        UP: QueryResult(UP, window.end, ups),
        PROCESS_START: QueryResult(
            PROCESS_START,
            window.end,
            (Series({"__name__": PROCESS_START, **JOB}, tuple(scrapes), started),),
        ),
    }
    return Evidence(window, results, window.end + 60, 300.0, interval)


def _series(
    metric: str, labels: dict[str, str], at: Array, scrapes: Array, began: float, *, always: bool = False
) -> tuple[Series, ...]:
    """Count up to each scrape; a counter with labels is born with its first event, a histogram at once."""
    counts = np.searchsorted(np.sort(at), scrapes, side="right").astype(float)
    counts -= np.where(scrapes >= began, np.count_nonzero(at <= began), 0)
    seen = (counts > 0) | always
    if not seen.any():
        return ()
    return (Series({"__name__": metric, **JOB, **labels}, tuple(scrapes[seen]), tuple(counts[seen])),)


def _record(window: Window, sent: int) -> RunRecord:
    counts = RequestCounts(offered=sent, sent=sent, completed=sent, lateness=Quantiles(p95=0.001))
    return RunRecord("simulated", "http://shop", "simulated", 0, window, {}, counts, {}, RequestCounts())


def spec(world: World) -> Spec:
    """Ask for few errors and a low 95th percentile."""
    return Spec(
        slos=(
            SLO(
                "errors",
                "shop",
                EventsSLI(PromQL(ALL), bad=PromQL(FAILED)),
                Budgeting.OCCURRENCES,
                28 * 86_400.0,
                (Objective("errors", 1 - ERRORS_ALLOWED),),
            ),
            SLO(
                "latency",
                "shop",
                ThresholdSLI(HistogramQuantile(HISTOGRAM, QUANTILE)),
                Budgeting.OCCURRENCES,
                28 * 86_400.0,
                (Objective("latency", QUANTILE, Op.LTE, world.threshold_seconds),),
            ),
        )
    )
