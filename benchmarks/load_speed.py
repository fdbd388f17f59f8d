"""How many requests a second one core sends: ours beside wrk, hey and Locust's FastHttpUser, on nginx.

The server has a core of its own, the clients take turns on the other; keep-alive, 50 connections, each sends
when its answer has come. Rounds are interleaved; medians, with their spread.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers import CONNECTIONS, BenchError, hey, loadtests, need, nginx, rate, wrk

GOALS = {"FastHttpUser": 10.0, "wrk": 0.6, "hey": 1.0}
"""Ours over each peer, at least."""
LOCUSTFILE = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/")
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    try:
        need("wrk", "hey")
        print(table(measure(options.rounds, options.seconds)))
    except BenchError as error:
        sys.exit(f"load_speed: {error}")


def measure(rounds: int, seconds: float) -> dict[str, list[float]]:
    """Give the requests per second of each client, a figure a round."""
    with tempfile.TemporaryDirectory(prefix="load-speed-") as name, nginx() as server:
        folder = Path(name)
        (folder / "users.py").write_text(LOCUSTFILE)
        closed = {
            "name": "speed",
            "arrivals": "closed",
            "warmup": "1s",
            "stages": [{"duration": f"{seconds:g}s", "users": CONNECTIONS}],
        }
        clients: dict[str, Callable[[], float]] = {
            "ours": lambda: rate(loadtests(server.url, closed | {"requests": [{"path": "/"}]}, folder)),
            "wrk": lambda: wrk(server.url, seconds),
            "hey": lambda: hey(server.url, seconds),
            "FastHttpUser": lambda: rate(loadtests(server.url, closed | {"locustfile": "users.py"}, folder)),
        }
        figures: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for client, send in clients.items():
                figures[client].append(send())
        return figures


def table(figures: dict[str, list[float]]) -> str:
    """Lay the figures out for people."""
    ours = statistics.median(figures["ours"])
    lines = [f"{'':<14}{'requests/s':>12}  {'lowest - highest':<20}{'ours is':>9}  goal"]
    for name, found in figures.items():
        median = statistics.median(found)
        spread = f"{min(found):,.0f} - {max(found):,.0f}"
        goal = GOALS.get(name)
        met = "" if goal is None else f"{goal:g} x {'met' if ours / median >= goal else 'NOT met'}"
        times = "" if goal is None else f"{ours / median:.2f} x"
        lines.append(f"{name:<14}{median:>12,.0f}  {spread:<20}{times:>9}  {met}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
