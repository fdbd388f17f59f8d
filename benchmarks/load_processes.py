"""What do two processes give? One against two, in turns, on the same load.

This machine has two cores, and a server needs one of them at full speed. So the tasks here compute as much
as real ones do (a body is built and hashed, about a third of a millisecond): then both cores are free for
the generator but for the little that nginx takes. What a master costs is told beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import CONNECTIONS, BenchError, loadtests, nginx, rate

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
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    try:
        print(table(measure(options.rounds, options.seconds)))
    except BenchError as error:
        sys.exit(f"load_processes: {error}")


def measure(rounds: int, seconds: float) -> dict[int, list[float]]:
    """Give requests per second by the number of processes, a figure a round."""
    stages = [{"duration": f"{seconds:g}s", "users": CONNECTIONS}]
    profile: dict[str, Any] = {"name": "two", "arrivals": "closed", "warmup": "1s", "stages": stages}
    figures: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="load-processes-") as name, nginx(core=None) as server:
        (Path(name) / "users.py").write_text(LOCUSTFILE)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for processes, found in figures.items():
                options = ("--processes", str(processes))
                record = loadtests(
                    server.url, profile | {"locustfile": "users.py"}, Path(name), *options, core=None
                )
                found.append(rate(record))
    return figures


def table(figures: dict[int, list[float]]) -> str:
    """Lay the figures out for people."""
    medians = {number: statistics.median(found) for number, found in figures.items()}
    lines = [
        f"{number} process{'es' if number > 1 else '  '} {medians[number]:>8,.0f}/s  "
        f"{min(found):,.0f} - {max(found):,.0f}"
        for number, found in figures.items()
    ]
    ratio = medians[2] / medians[1]
    return "\n".join([*lines, f"{ratio:.2f} x (goal {GOAL:g} x: {'met' if ratio >= GOAL else 'NOT met'})"])


if __name__ == "__main__":
    main()
