"""How often is a comparison of runs wrong, and how often undecided? Simulated runs with a known change.

Runs of the same service differ by a lognormal factor. The conclusion of Proofload is printed beside that of a
simple rule: "the mean is worse by more than the tolerance", as relative criteria without intervals decide.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np

from slo.comparison import compare_runs
from slo.model import Conclusion, Criteria, Figure, Noise

CRITERIA = Criteria(tuple(Figure(f"response_time_{name}", "seconds") for name in ("p50", "p95", "p99")))


@dataclass(frozen=True, slots=True)
class Scenario:
    """True change (``effect``) of the candidate, ``spread`` between runs, and the numbers of runs compared.

    All runs of one session share a factor of the spread ``session_spread``. With ``has_noise_history`` the
    noise is known from 20 runs in 20 sessions. Spreads are standard deviations of a logarithm.
    """

    effect: float
    spread: float
    baseline_runs: int
    candidate_runs: int
    session_spread: float = 0.0
    has_noise_history: bool = False


SCENARIOS = (
    *(Scenario(effect, 0.03, 5, 5) for effect in (0.0, 0.025, 0.05, 0.075, 0.10, 0.15, 0.20)),
    Scenario(0.0, 0.03, 10, 10),
    Scenario(0.10, 0.03, 10, 10),
    Scenario(0.0, 0.10, 5, 5),
    Scenario(0.10, 0.10, 5, 5),
    Scenario(0.0, 0.03, 5, 1),
    Scenario(0.20, 0.03, 5, 1),
    Scenario(0.0, 0.03, 1, 1, has_noise_history=True),
    Scenario(0.20, 0.03, 1, 1, has_noise_history=True),
    Scenario(0.0, 0.01, 5, 5, session_spread=0.04),
    Scenario(0.0, 0.01, 5, 5, session_spread=0.04, has_noise_history=True),
)


def main() -> None:
    """Simulate the comparisons and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=4_000, help="Comparisons a row.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(f"{options.comparisons} comparisons a row, of three figures; tolerance {CRITERIA.tolerance:.0%}")
    print(
        f"{'change':>7} {'spread':>7} {'runs':>6} {'session':>8} {'history':>8}  {'regression':>11}", end=""
    )
    print(f" {'no difference':>14} {'cannot tell':>12} {'improvement':>12} | {'mean rule':>10}")
    for scenario in SCENARIOS:
        print(format_row(scenario, options.comparisons, random))


def format_row(scenario: Scenario, comparison_count: int, random: np.random.Generator) -> str:
    """Simulate the comparisons of a scenario; return the shares of their conclusions as a line."""
    conclusions, mean_rule_count = Counter[Conclusion](), 0
    for _ in range(comparison_count):
        noise = _draw_noise(scenario, random) if scenario.has_noise_history else {}
        baseline, candidate = (
            _simulate_runs(scenario, scenario.baseline_runs, 0.0, random),
            _simulate_runs(scenario, scenario.candidate_runs, scenario.effect, random),
        )
        conclusions[compare_runs(baseline, candidate, CRITERIA, noise).conclusion] += 1
        mean_rule_count += any(
            _compute_mean(candidate, figure.name) > 1.05 * _compute_mean(baseline, figure.name)
            for figure in CRITERIA.figures
        )
    shares = [
        f"{100 * conclusions[conclusion] / comparison_count:.1f} %"
        for conclusion in (
            Conclusion.REGRESSION,
            Conclusion.NO_DIFFERENCE,
            Conclusion.CANT_TELL,
            Conclusion.IMPROVEMENT,
        )
    ]
    runs = f"{scenario.baseline_runs}v{scenario.candidate_runs}"
    history = "20 runs" if scenario.has_noise_history else "-"
    return (
        f"{scenario.effect:>+7.1%} {scenario.spread:>7.0%} {runs:>6} {scenario.session_spread:>8.0%}"
        f" {history:>8}  {shares[0]:>11} {shares[1]:>14} {shares[2]:>12} {shares[3]:>12}"
        f" | {100 * mean_rule_count / comparison_count:>8.1f} %"
    )


def _simulate_runs(
    scenario: Scenario, run_count: int, effect: float, random: np.random.Generator
) -> list[dict[str, float]]:
    """Return the figures of runs in one session; they vary independently, which is the hardest case."""
    factors = (1 + effect) * np.exp(scenario.session_spread * random.standard_normal(len(CRITERIA.figures)))
    values = factors * np.exp(scenario.spread * random.standard_normal((run_count, len(CRITERIA.figures))))
    names = [figure.name for figure in CRITERIA.figures]
    return [dict(zip(names, run, strict=True)) for run in values.tolist()]


def _draw_noise(scenario: Scenario, random: np.random.Generator) -> dict[str, Noise]:
    """Return the noise that 20 runs of the same service, each in its own session, would show."""
    degrees = 19
    deviation = float(np.hypot(scenario.spread, scenario.session_spread))
    return {
        figure.name: Noise(deviation * float(np.sqrt(random.chisquare(degrees) / degrees)), degrees)
        for figure in CRITERIA.figures
    }


def _compute_mean(runs: list[dict[str, float]], name: str) -> float:
    return float(np.mean([run[name] for run in runs]))


if __name__ == "__main__":
    main()
