"""Runs the benchmarks: ``python -m benchmarks [NAME [OPTION …]]``, all of them without a name."""

from __future__ import annotations

import sys

from benchmarks import (
    compare_errors,
    exactness,
    load_memory,
    load_processes,
    load_schedule,
    load_speed,
    load_truth,
    monitoring_cost,
    verdict_coverage,
    verdict_errors,
    verdict_scale,
    verdict_week,
)

BENCHMARKS = {
    "monitoring_cost": monitoring_cost.main,
    "load_speed": load_speed.main,
    "load_schedule": load_schedule.main,
    "load_truth": load_truth.main,
    "load_processes": load_processes.main,
    "load_memory": load_memory.main,
    "compare_errors": compare_errors.main,
    "verdict_errors": verdict_errors.main,
    "verdict_coverage": verdict_coverage.main,
    "exactness": exactness.main,
    "verdict_scale": verdict_scale.main,
    "verdict_week": verdict_week.main,
}


def main() -> None:
    """Run the benchmark named on the command line with its options, or all of them."""
    name, *options = sys.argv[1:] or ["all"]
    if name != "all" and name not in BENCHMARKS:
        sys.exit(f"benchmarks: unknown benchmark {name!r}; available: {', '.join(BENCHMARKS)}")
    for benchmark in BENCHMARKS if name == "all" else [name]:
        sys.argv = [benchmark, *options]
        BENCHMARKS[benchmark]()


if __name__ == "__main__":
    main()
