"""How often do comparisons of runs decide wrongly, and how often not at all? Simulated runs, truth known.

Runs of one thing differ by a lognormal factor; beside the tool's conclusion stands that of a bare rule
(the mean is more than the tolerance worse), which is what relative criteria without intervals amount to.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np

from slo.comparison.compare_runs import compare
from slo.model.comparison import Conclusion, Criteria, Figure, Noise

CRITERIA = Criteria(tuple(Figure(f"response_time_{name}", "seconds") for name in ("p50", "p95", "p99")))
REGRESSION = Conclusion.REGRESSION


@dataclass(frozen=True, slots=True)
class World:
    """True changes and spreads: ``effect`` of the candidate, ``spread`` between runs, and the sides' runs.

    ``sitting`` is what all runs of one sitting share, and ``noise`` whether a history of 20 runs in
    as many sittings tells of it.
    """

    effect: float
    spread: float
    before: int
    after: int
    sitting: float = 0.0
    noise: bool = False


WORLDS = (
    *(World(effect, 0.03, 5, 5) for effect in (0.0, 0.025, 0.05, 0.075, 0.10, 0.15, 0.20)),
    World(0.0, 0.03, 10, 10),
    World(0.10, 0.03, 10, 10),
    World(0.0, 0.10, 5, 5),
    World(0.10, 0.10, 5, 5),
    World(0.0, 0.03, 5, 1),
    World(0.20, 0.03, 5, 1),
    World(0.0, 0.03, 1, 1, noise=True),
    World(0.20, 0.03, 1, 1, noise=True),
    World(0.0, 0.01, 5, 5, sitting=0.04),
    World(0.0, 0.01, 5, 5, sitting=0.04, noise=True),
)


def main() -> None:
    """Simulate and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=4_000, help="Of each row.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(f"{options.comparisons} comparisons a row, of three figures; tolerance {CRITERIA.tolerance:.0%}")
    print(
        f"{'change':>7} {'spread':>7} {'runs':>6} {'sitting':>8} {'history':>8}  {'regression':>11}", end=""
    )
    print(f" {'no difference':>14} {'cannot tell':>12} {'improvement':>12} | {'bare rule':>10}")
    for world in WORLDS:
        print(row(world, options.comparisons, random))


def row(world: World, comparisons: int, random: np.random.Generator) -> str:
    """Compare anew so often; give the shares of what was concluded."""
    said, bare = Counter[Conclusion](), 0
    for _ in range(comparisons):
        noise = _noise(world, random) if world.noise else {}
        before, after = (
            _side(world, world.before, 0.0, random),
            _side(world, world.after, world.effect, random),
        )
        said[compare(before, after, CRITERIA, noise).conclusion] += 1
        bare += any(_mean(after, one.name) > 1.05 * _mean(before, one.name) for one in CRITERIA.figures)
    shares = [
        f"{100 * said[one] / comparisons:.1f} %"
        for one in (REGRESSION, Conclusion.NO_DIFFERENCE, Conclusion.CANT_TELL, Conclusion.IMPROVEMENT)
    ]
    known = "20 runs" if world.noise else "-"
    return (
        f"{world.effect:>+7.1%} {world.spread:>7.0%} {f'{world.before}v{world.after}':>6}"
        f" {world.sitting:>8.0%}"
        f" {known:>8}  {shares[0]:>11} {shares[1]:>14} {shares[2]:>12} {shares[3]:>12}"
        f" | {100 * bare / comparisons:>8.1f} %"
    )


def _side(world: World, runs: int, effect: float, random: np.random.Generator) -> list[dict[str, float]]:
    """Make the runs of one side, of one sitting; figures of a run vary independently, the hardest case."""
    factors = (1 + effect) * np.exp(world.sitting * random.standard_normal(len(CRITERIA.figures)))
    values = factors * np.exp(world.spread * random.standard_normal((runs, len(CRITERIA.figures))))
    return [dict(zip((one.name for one in CRITERIA.figures), run, strict=True)) for run in values.tolist()]


def _noise(world: World, random: np.random.Generator) -> dict[str, Noise]:
    """Draw what 20 runs of one thing, each in a sitting of its own, would have told."""
    degrees = 19
    deviation = float(np.hypot(world.spread, world.sitting))
    return {
        one.name: Noise(deviation * float(np.sqrt(random.chisquare(degrees) / degrees)), degrees)
        for one in CRITERIA.figures
    }


def _mean(runs: list[dict[str, float]], name: str) -> float:
    return float(np.mean([run[name] for run in runs]))


if __name__ == "__main__":
    main()
