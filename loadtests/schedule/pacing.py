"""When each request is meant to start: pure arithmetic, in seconds since the load began.

A rate that changes over time is brought to a steady one and back: the k-th arrival is where the integral
of the rate reaches k. With steps of one that is a schedule as even as it can be; with steps from the
exponential distribution it is a Poisson process of that rate (time-rescaling by inversion: E. Çinlar,
*Introduction to Stochastic Processes*, 1975, ch. 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import sqrt
from random import Random
from typing import Literal

from loadtests.profile.profile_models import Stage, TraceStage

_ROUNDING = 1e-9


Kind = Literal["constant", "poisson", "trace"]


def arrivals(stages: Sequence[Stage], kind: Kind, seed: int) -> Iterator[float]:
    """Give the intended starts, ascending: seconds since the load began.

    The same seed gives the same starts. After ``t`` seconds a constant schedule has offered the integral
    of the rate to within one.
    """
    if isinstance(stages[0], TraceStage):
        return stages[0].moments
    steps: Iterable[float] = _exponential(seed) if kind == "poisson" else count()
    return _inverted(steps, stages)


def offered(stages: Sequence[Stage], elapsed: float) -> float:
    """Integrate the rate over the first ``elapsed`` seconds: the arrivals expected by then."""
    if isinstance(stages[0], TraceStage):
        return float(stages[0].before(elapsed))
    total = 0.0
    for stage in stages:
        inside = min(max(elapsed, 0.0), stage.duration_seconds)
        slope = (stage.end_rate - stage.rate) / stage.duration_seconds
        total += stage.rate * inside + slope * inside**2 / 2
        elapsed -= stage.duration_seconds
    return total


def _exponential(seed: int) -> Iterator[float]:
    random, total = Random(seed), 0.0
    while True:
        total += random.expovariate(1.0)
        yield total


def _inverted(steps: Iterable[float], stages: Sequence[Stage]) -> Iterator[float]:
    """Give for each step the moment at which the integral of the rate reaches it, until the load ends."""
    rest = iter(stages)
    stage, begin, before = next(rest), 0.0, 0.0
    for step in steps:
        while step - before >= _expected(stage) - _ROUNDING:
            before += _expected(stage)
            begin += stage.duration_seconds
            following = next(rest, None)
            if following is None:
                return
            stage = following
        yield begin + _moment(stage, max(step - before, 0.0))


def _expected(stage: Stage) -> float:
    return (stage.rate + stage.end_rate) / 2 * stage.duration_seconds


def _moment(stage: Stage, events: float) -> float:
    """Solve ``rate t + slope t²/2 = events`` for t, in the form that stays exact for a slope near zero."""
    slope = (stage.end_rate - stage.rate) / stage.duration_seconds
    root = sqrt(max(stage.rate**2 + 2 * slope * events, 0.0))
    divisor = stage.rate + root
    return min(2 * events / divisor, stage.duration_seconds) if divisor else 0.0
