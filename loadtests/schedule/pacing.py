"""When each request is intended to start: arithmetic without a clock, in seconds since the start of the load.

The k-th arrival is at the time where the integral of the rate reaches k. Steps of 1 give an evenly spaced
schedule. Steps from the exponential distribution give a Poisson process with that rate (time-rescaling by
inversion: E. Çinlar, *Introduction to Stochastic Processes*, 1975, ch. 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import sqrt
from random import Random
from typing import Literal

from loadtests.profile import Stage, TraceStage

_ROUNDING_TOLERANCE = 1e-9

ArrivalKind = Literal["constant", "poisson", "trace"]


def generate_arrivals(stages: Sequence[Stage], kind: ArrivalKind, seed: int) -> Iterator[float]:
    """Yield the intended starts, ascending, in seconds since the start of the load.

    The same seed gives the same starts. After ``t`` seconds, the number of constant arrivals differs from the
    integral of the rate by at most one.
    """
    if isinstance(stages[0], TraceStage):
        return stages[0].arrival_times
    steps: Iterable[float] = _generate_exponential_steps(seed) if kind == "poisson" else count()
    return _invert_rate_integral(steps, stages)


def count_expected_arrivals(stages: Sequence[Stage], elapsed: float) -> float:
    """Return the expected number of arrivals in the first ``elapsed`` seconds: the integral of the rate."""
    if isinstance(stages[0], TraceStage):
        return float(stages[0].count_before(elapsed))
    total = 0.0
    for stage in stages:
        seconds = min(max(elapsed, 0.0), stage.duration_seconds)
        slope = (stage.end_rate - stage.rate) / stage.duration_seconds
        total += stage.rate * seconds + slope * seconds**2 / 2
        elapsed -= stage.duration_seconds
    return total


def _generate_exponential_steps(seed: int) -> Iterator[float]:
    random, total = Random(seed), 0.0
    while True:
        total += random.expovariate(1.0)
        yield total


def _invert_rate_integral(steps: Iterable[float], stages: Sequence[Stage]) -> Iterator[float]:
    """Yield, for each step, the time at which the integral of the rate reaches it, until the load ends."""
    remaining_stages = iter(stages)
    stage, stage_start, arrivals_before = next(remaining_stages), 0.0, 0.0
    for step in steps:
        while step - arrivals_before >= _count_stage_arrivals(stage) - _ROUNDING_TOLERANCE:
            arrivals_before += _count_stage_arrivals(stage)
            stage_start += stage.duration_seconds
            next_stage = next(remaining_stages, None)
            if next_stage is None:
                return
            stage = next_stage
        yield stage_start + _solve_arrival_time(stage, max(step - arrivals_before, 0.0))


def _count_stage_arrivals(stage: Stage) -> float:
    return (stage.rate + stage.end_rate) / 2 * stage.duration_seconds


def _solve_arrival_time(stage: Stage, arrivals: float) -> float:
    """Solve ``rate t + slope t²/2 = arrivals`` for t, in the form that stays exact for a slope near zero."""
    slope = (stage.end_rate - stage.rate) / stage.duration_seconds
    root = sqrt(max(stage.rate**2 + 2 * slope * arrivals, 0.0))
    divisor = stage.rate + root
    return min(2 * arrivals / divisor, stage.duration_seconds) if divisor else 0.0
