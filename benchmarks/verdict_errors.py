"""How often do performance gates decide wrongly? Simulated runs near the limits, for Proofload and others."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from benchmarks.gates import ERROR_GATES, LATENCY_GATES, Gate
from benchmarks.simulated import ERRORS_ALLOWED, QUANTILE, Scenario, SimulatedRun, build_spec, simulate
from slo.evaluation import evaluate
from slo.model import Outcome, Policy

LIMIT_RATIOS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)
SCRAPE_INTERVALS = (1.0, 5.0, 15.0)
CONFIDENT_POLICY = Policy(confidence=0.95)
MET, MISSED = Outcome.MET, Outcome.MISSED


@dataclass
class Score:
    """Outcomes of one gate, counted by whether the run is truly good."""

    outcome_counts: Counter[tuple[bool, Outcome | None]] = field(default_factory=Counter)

    def add(self, is_good: bool, outcome: Outcome | None) -> None:
        """Count one run; ``is_good``: its true value is within the limit."""
        self.outcome_counts[is_good, outcome] += 1

    def format_row(self, name: str) -> str:
        """Return a line of shares: MET of the bad runs, MISSED of the good runs, undecided of all."""
        counts = self.outcome_counts
        bad = sum(count for (is_good, _), count in counts.items() if not is_good)
        good = sum(count for (is_good, _), count in counts.items() if is_good)
        undecided = sum(count for (_, outcome), count in counts.items() if outcome not in {MET, MISSED})
        false_met = _format_percent(counts[False, MET], bad)
        false_missed = _format_percent(counts[True, MISSED], good)
        undecided_share = _format_percent(undecided, bad + good)
        return f"  {name:<30} {false_met:>10} {false_missed:>13} {undecided_share:>11}"


def _format_percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> None:
    """Simulate the runs and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="Simulated runs per table.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print(f"{options.runs} runs per table, of 60 s at 100/s, scraped every {SCRAPE_INTERVALS} s")
    print("the true value is 0.8 to 1.2 times the limit")
    for table in TABLES:
        _print_table(table, options.runs, random)


def _repeat_scenarios(scenarios: list[Scenario], number: int) -> Iterable[Scenario]:
    return islice((scenario for _ in range(number) for scenario in scenarios), number)


def _print_table(table: Table, run_count: int, random: np.random.Generator) -> None:
    scores = {name: Score() for name in table.gates}
    scenarios = [
        replace(table.scenario, limit_ratio=limit_ratio, scrape_seconds=scrape_seconds)
        for limit_ratio in LIMIT_RATIOS
        for scrape_seconds in SCRAPE_INTERVALS
    ]
    for scenario in _repeat_scenarios(scenarios, run_count):
        run = simulate(scenario, random)
        is_good = table.is_good(run)
        for name, gate in table.gates.items():
            scores[name].add(is_good, gate(run))
    print(f"\n{table.title}\n  {'':<30} {'false MET':>10} {'false MISSED':>13} {'undecided':>11}")
    for name, score in scores.items():
        print(score.format_row(name))


def _create_proofload_gate(slo_index: int, policy: Policy | None) -> Gate:
    def judge(run: SimulatedRun) -> Outcome:
        spec = build_spec(run.scenario)
        single_slo_spec = replace(spec, slos=(spec.slos[slo_index],))
        return evaluate(single_slo_spec, run.evidence, run.record, policy).outcome

    return judge


def _is_error_ratio_met(run: SimulatedRun) -> bool:
    return bool(run.failed.mean() <= ERRORS_ALLOWED)


def _is_percentile_met(run: SimulatedRun) -> bool:
    return bool((run.latencies <= run.scenario.threshold_seconds).mean() >= QUANTILE)


def _is_service_good(run: SimulatedRun) -> bool:
    return run.scenario.limit_ratio <= 1


@dataclass(frozen=True, slots=True)
class Table:
    """Gates that evaluate the same runs, and the function that knows the right result."""

    title: str
    gates: Mapping[str, Gate]
    is_good: Callable[[SimulatedRun], bool]
    scenario: Scenario = field(default_factory=lambda: Scenario(limit_ratio=1, scrape_seconds=1))


_ALL_ERROR_GATES = {
    "Proofload": _create_proofload_gate(0, None),
    "Proofload at 0.95": _create_proofload_gate(0, CONFIDENT_POLICY),
} | ERROR_GATES
_ALL_LATENCY_GATES = {
    "Proofload": _create_proofload_gate(1, None),
    "Proofload at 0.95": _create_proofload_gate(1, CONFIDENT_POLICY),
} | LATENCY_GATES
TABLES = (
    Table("errors, against the true error ratio of the service", _ALL_ERROR_GATES, _is_service_good),
    Table("p95, against the true p95 of the service", _ALL_LATENCY_GATES, _is_service_good),
    Table("errors, against the error ratio of the run", _ALL_ERROR_GATES, _is_error_ratio_met),
    Table("p95, against the p95 of the run", _ALL_LATENCY_GATES, _is_percentile_met),
    Table("all errors in one second", _ALL_ERROR_GATES, _is_error_ratio_met, Scenario(1, 1, has_burst=True)),
    Table("a restart in the middle", _ALL_ERROR_GATES, _is_error_ratio_met, Scenario(1, 1, has_restart=True)),
    Table(
        "p95 within 0.3 s: inside a bucket",
        _ALL_LATENCY_GATES,
        _is_percentile_met,
        Scenario(1, 1, threshold_seconds=0.3),
    ),
    Table(
        "p95 within 5 s: above the buckets",
        _ALL_LATENCY_GATES,
        _is_percentile_met,
        Scenario(1, 1, threshold_seconds=5),
    ),
)
