"""How often do gates decide wrongly? Simulated runs near the threshold, judged by ours and others."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from benchmarks.gates import ERROR_GATES, LATENCY_GATES, Gate
from benchmarks.simulated import ERRORS_ALLOWED, QUANTILE, Simulated, World, simulate, spec
from slo.evaluation.evaluate import evaluate
from slo.model import Outcome, Policy

WORSE = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)
SCRAPES = (1.0, 5.0, 15.0)
SURE = Policy(confidence=0.95)
MET, MISSED = Outcome.MET, Outcome.MISSED

Judge = Callable[[Simulated], Outcome | None]


@dataclass
class Score:
    """What one gate said of runs whose truth is known."""

    said: Counter[tuple[bool, Outcome | None]] = field(default_factory=Counter)

    def add(self, good: bool, outcome: Outcome | None) -> None:
        """Count one run; ``good``: the truth is within what is allowed."""
        self.said[good, outcome] += 1

    def row(self, name: str) -> str:
        """Show the shares: MET of the truly bad runs, MISSED of the truly good ones, and no decision."""
        bad = sum(n for (good, _), n in self.said.items() if not good)
        fine = sum(n for (good, _), n in self.said.items() if good)
        none = sum(n for (_, outcome), n in self.said.items() if outcome not in {MET, MISSED})
        wrong = [_percent(self.said[False, MET], bad), _percent(self.said[True, MISSED], fine)]
        return f"  {name:<30} {wrong[0]:>10} {wrong[1]:>13} {_percent(none, bad + fine):>11}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="Simulated runs of each table.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(f"{options.runs} runs a table, of 60 s at 100/s, scraped every {SCRAPES} s")
    print("the true value is 0.8 to 1.2 of what is allowed")
    for table in TABLES:
        _print(table, options.runs, random)


def _repeated(worlds: list[World], number: int) -> Iterable[World]:
    return islice((world for _ in range(number) for world in worlds), number)


def _print(table: Table, runs: int, random: np.random.Generator) -> None:
    scores = {name: Score() for name in table.gates}
    near = [replace(table.world, worse=worse, scrape_seconds=scrape) for worse in WORSE for scrape in SCRAPES]
    for world in _repeated(near, runs):
        run = simulate(world, random)
        good = table.truth(run)
        for name, gate in table.gates.items():
            scores[name].add(good, gate(run))
    print(f"\n{table.title}\n  {'':<30} {'false MET':>10} {'false MISSED':>13} {'undecided':>11}")
    for name, score in scores.items():
        print(score.row(name))


def _ours(objective: int, policy: Policy | None) -> Judge:
    def judged(run: Simulated) -> Outcome:
        asked = spec(run.world)
        one = replace(asked, slos=(asked.slos[objective],))
        return evaluate(one, run.evidence, run.run, policy).outcome

    return judged


def _happened_errors(run: Simulated) -> bool:
    return bool(run.failed.mean() <= ERRORS_ALLOWED)


def _happened_latency(run: Simulated) -> bool:
    return bool((run.latencies <= run.world.threshold_seconds).mean() >= QUANTILE)


def _like(run: Simulated) -> bool:
    return run.world.worse <= 1


@dataclass(frozen=True, slots=True)
class Table:
    """Gates that judge the same runs, and what is held to be true of these."""

    title: str
    gates: Mapping[str, Gate]
    truth: Callable[[Simulated], bool]
    world: World = field(default_factory=lambda: World(worse=1, scrape_seconds=1))


_ERRORS = {"Proofload": _ours(0, None), "Proofload at 0.95": _ours(0, SURE)} | ERROR_GATES
_SLOW = {"Proofload": _ours(1, None), "Proofload at 0.95": _ours(1, SURE)} | LATENCY_GATES
TABLES = (
    Table("errors, against what the service is like", _ERRORS, _like),
    Table("p95, against what the service is like", _SLOW, _like),
    Table("errors, against what happened in the run", _ERRORS, _happened_errors),
    Table("p95, against what happened in the run", _SLOW, _happened_latency),
    Table("all errors in one second", _ERRORS, _happened_errors, World(1, 1, burst=True)),
    Table("a restart in the middle", _ERRORS, _happened_errors, World(1, 1, restart=True)),
    Table("p95 within 0.3 s: inside a bucket", _SLOW, _happened_latency, World(1, 1, threshold_seconds=0.3)),
    Table("p95 within 5 s: above the buckets", _SLOW, _happened_latency, World(1, 1, threshold_seconds=5)),
)
