"""How much faster are two load generator processes than one? Both in turn, with the same load.

On a machine with two cores, a server at full speed needs one of them. So the tasks compute as much as real
ones (they build and hash a body, about a third of a millisecond): nginx then takes little, and both cores
are free for the generator. The result includes the cost of the master.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import CONNECTIONS, BenchmarkError, compute_rate, run_loadtests, run_nginx

GOAL = 1.8
LOCUSTFILE = """\
import hashlib
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        body = bytes(1_000)
        for _ in range(250):
            body = hashlib.sha256(body).digest()
        self.client.get("/?" + body.hex())
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    try:
        print(format_table(measure_rates(options.rounds, options.seconds)))
    except BenchmarkError as error:
        sys.exit(f"load_processes: {error}")


def measure_rates(rounds: int, seconds: float) -> dict[int, list[float]]:
    """Return the requests per second of each round, by the number of processes."""
    stages = [{"duration": f"{seconds:g}s", "users": CONNECTIONS}]
    profile: dict[str, Any] = {"name": "two", "arrivals": "closed", "warmup": "1s", "stages": stages}
    rates_by_processes: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="load-processes-") as name, run_nginx(core=None) as server:
        (Path(name) / "users.py").write_text(LOCUSTFILE)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for processes, rates in rates_by_processes.items():
                options = ("--processes", str(processes))
                record = run_loadtests(
                    server.url, profile | {"locustfile": "users.py"}, Path(name), *options, core=None
                )
                rates.append(compute_rate(record))
    return rates_by_processes


def format_table(rates_by_processes: dict[int, list[float]]) -> str:
    """Return the medians, their ranges and the ratio as a table."""
    medians = {processes: statistics.median(rates) for processes, rates in rates_by_processes.items()}
    lines = [
        f"{processes} process{'es' if processes > 1 else '  '} {medians[processes]:>8,.0f}/s  "
        f"{min(rates):,.0f} - {max(rates):,.0f}"
        for processes, rates in rates_by_processes.items()
    ]
    ratio = medians[2] / medians[1]
    return "\n".join([*lines, f"{ratio:.2f} x (goal {GOAL:g} x: {'met' if ratio >= GOAL else 'NOT met'})"])


if __name__ == "__main__":
    main()
