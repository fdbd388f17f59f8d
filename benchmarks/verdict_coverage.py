"""Do the intervals hold the truth as often as they say? Simulated runs of independent and alike seconds."""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from benchmarks.simulated import ERRORS_ALLOWED, QUANTILE, World, simulate, spec
from slo.evaluation.binomial_intervals import LEVEL
from slo.evaluation.evaluate import evaluate
from slo.model import ObjectiveVerdict

MOODS = (0.0, 0.5, 0.8)
"""Correlation of one second with the next."""
SCRAPES = (1.0, 5.0, 15.0)
LENGTHS = (60.0, 300.0)
SWINGS = (0.0, 0.3)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="Simulated runs a row.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(
        f"share of {options.runs} runs whose {LEVEL:.0%} interval holds the truth; 100 requests/s, 1 % errors"
    )
    print("a run of  scrapes  seconds alike  errors  slow requests  (too low, too high of the errors)")
    for seconds, scrape, (mood, swing) in product(LENGTHS, SCRAPES, _alike()):
        _row(World(1.0, scrape, seconds, mood=mood, swing=swing), options.runs, random)


def _alike() -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((mood, SWINGS[1]) for mood in MOODS[1:])]


def _row(world: World, runs: int, random: np.random.Generator) -> None:
    held = {"errors": 0, "latency": 0}
    low = high = 0
    truths = {"errors": 1 - ERRORS_ALLOWED, "latency": QUANTILE}
    for _ in range(runs):
        run = simulate(world, random)
        for one in evaluate(spec(world), run.evidence, run.run).objectives:
            bounds, truth = _sampling(one), truths[one.slo]
            held[one.slo] += bounds[0] <= truth <= bounds[1]
            if one.slo == "errors":
                low += bounds[1] < truth
                high += bounds[0] > truth
    shares = [f"{100 * number / runs:.1f} %" for number in (*held.values(), low, high)]
    setting = f"{world.seconds:6.0f} s {world.scrape_seconds:6.0f} s {world.mood:14.1f}"
    print(f"{setting} {shares[0]:>8} {shares[1]:>13}   ({shares[2]}, {shares[3]})", flush=True)


def _sampling(one: ObjectiveVerdict) -> tuple[float, float]:
    if one.intervals is None:
        raise ValueError(f"{one.slo} has no interval: {one.detail}")
    return one.intervals.sampling
