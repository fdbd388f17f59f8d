"""How many requests a second one core sends: ours beside wrk, hey and Locust's FastHttpUser, on nginx.

*tasks* are the very locustfile that Locust itself runs as *FastHttpUser*, *listened to* has a listener of
``events.request`` besides.

The server has a core of its own, the clients take turns on the other; keep-alive, 50 connections, each sends
when its answer has come. Rounds are interleaved; medians, with their spread.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers import CONNECTIONS, BenchError, hey, k6, loadtests, locust, need, nginx, rate, wrk

DECLARED, TASKS, HEARD = "declared", "tasks", "tasks, listened to"
GOALS = {
    (DECLARED, "FastHttpUser"): 10.0,
    (DECLARED, "wrk"): 0.6,
    (DECLARED, "hey"): 1.0,
    (DECLARED, "k6"): 1.0,
    (HEARD, "FastHttpUser"): 4.0,
}
"""Ours over a peer, at least."""
LOCUSTFILE = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/")
"""
LISTENER = """
from locust import events
heard = 0

@events.request.add_listener
def hear(name, response_time, exception, **_):
    global heard
    heard += 1
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
        (folder / "heard.py").write_text(LOCUSTFILE + LISTENER)
        closed = {
            "name": "speed",
            "arrivals": "closed",
            "warmup": "1s",
            "stages": [{"duration": f"{seconds:g}s", "users": CONNECTIONS}],
        }
        clients: dict[str, Callable[[], float]] = {
            DECLARED: lambda: rate(loadtests(server.url, closed | {"requests": [{"path": "/"}]}, folder)),
            TASKS: lambda: rate(loadtests(server.url, closed | {"locustfile": "users.py"}, folder)),
            HEARD: lambda: rate(loadtests(server.url, closed | {"locustfile": "heard.py"}, folder)),
            "wrk": lambda: wrk(server.url, seconds),
            "hey": lambda: hey(server.url, seconds),
            **({"k6": lambda: k6(server.url, seconds, folder)} if shutil.which("k6") else {}),
            "FastHttpUser": lambda: locust(server.url, folder / "users.py", seconds),
        }
        figures: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for client, send in clients.items():
                figures[client].append(send())
        return figures


def table(figures: dict[str, list[float]]) -> str:
    """Lay the figures out for people."""
    medians = {name: statistics.median(found) for name, found in figures.items()}
    lines = [f"{'':<20}{'requests/s':>12}  lowest - highest"]
    for name, found in figures.items():
        lines.append(f"{name:<20}{medians[name]:>12,.0f}  {min(found):,.0f} - {max(found):,.0f}")
    lines.append("")
    for (ours, peer), goal in GOALS.items():
        if peer not in medians:
            continue
        ratio = medians[ours] / medians[peer]
        met = "met" if ratio >= goal else "NOT met"
        lines.append(f"{ours} / {peer}: {ratio:.2f} x (goal {goal:g} x: {met})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
