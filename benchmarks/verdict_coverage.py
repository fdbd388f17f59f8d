"""Do the confidence intervals contain the true value as often as stated? Measured on simulated runs."""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from benchmarks.simulated import ERRORS_ALLOWED, QUANTILE, Scenario, build_spec, simulate
from slo.evaluation import DEFAULT_LEVEL, evaluate
from slo.model import ObjectiveVerdict

AUTOCORRELATIONS = (0.0, 0.5, 0.8)
"""Correlation between successive seconds."""
SCRAPE_INTERVALS = (1.0, 5.0, 15.0)
RUN_SECONDS = (60.0, 300.0)
LOG_DEVIATIONS = (0.0, 0.3)
HARD_PROCESSES: dict[str, tuple[float, tuple[float, float] | None]] = {
    "correlation 0.95": (0.95, None),
    "trouble 10 s in 60 s": (0.0, (10.0, 50.0)),
    "trouble 3 s in 30 s": (0.0, (3.0, 27.0)),
}
"""Processes that a short run can't know: correlation of successive seconds, and trouble (duration, gap)."""


def main() -> None:
    """Simulate the runs and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="Simulated runs per row.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(
        f"share of {options.runs} runs whose {DEFAULT_LEVEL:.0%} interval contains the true value;", end=" "
    )
    print("100 requests/s, 1 % errors")
    print("run of    scrapes  autocorrelat.  errors  slow requests  (interval of errors too low, too high)")
    for seconds, scrape_seconds, (autocorrelation, log_deviation) in product(
        RUN_SECONDS, SCRAPE_INTERVALS, _list_dependences()
    ):
        scenario = Scenario(
            1.0, scrape_seconds, seconds, autocorrelation=autocorrelation, log_deviation=log_deviation
        )
        _print_row(scenario, options.runs, random)
    print("\nprocesses with a longer memory, scraped every second")
    for seconds, (name, (correlation, trouble)) in product(RUN_SECONDS, HARD_PROCESSES.items()):
        print(f"{name:<22}", end="")
        deviation = LOG_DEVIATIONS[1] if correlation else 0.0
        scenario = Scenario(
            1.0, 1.0, seconds, autocorrelation=correlation, log_deviation=deviation, trouble=trouble
        )
        _print_row(scenario, options.runs, random)


def _list_dependences() -> list[tuple[float, float]]:
    """Return pairs of autocorrelation and log deviation; independent seconds come first."""
    return [(0.0, 0.0), *((correlation, LOG_DEVIATIONS[1]) for correlation in AUTOCORRELATIONS[1:])]


def _print_row(scenario: Scenario, run_count: int, random: np.random.Generator) -> None:
    covered = {"errors": 0, "latency": 0}
    too_low = too_high = 0
    truths = {"errors": 1 - ERRORS_ALLOWED, "latency": QUANTILE}
    for _ in range(run_count):
        run = simulate(scenario, random)
        for objective in evaluate(build_spec(scenario), run.evidence, run.record).objectives:
            (low, high), truth = _get_sampling_interval(objective), truths[objective.slo]
            covered[objective.slo] += low <= truth <= high
            if objective.slo == "errors":
                too_low += high < truth
                too_high += low > truth
    shares = [f"{100 * count / run_count:.1f} %" for count in (*covered.values(), too_low, too_high)]
    setting = f"{scenario.seconds:6.0f} s {scenario.scrape_seconds:6.0f} s {scenario.autocorrelation:14.2f}"
    print(f"{setting} {shares[0]:>8} {shares[1]:>13}   ({shares[2]}, {shares[3]})", flush=True)


def _get_sampling_interval(objective: ObjectiveVerdict) -> tuple[float, float]:
    if objective.intervals is None:
        raise ValueError(f"{objective.slo} has no interval: {objective.detail}")
    return objective.intervals.sampling
