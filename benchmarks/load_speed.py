"""How many requests per second does one core send? Proofload, wrk, hey, k6 and Locust against nginx.

*tasks* is the same locustfile that Locust runs as *FastHttpUser*; *tasks, listened to* adds a listener of
``events.request``.

The server has one core, the clients run in turn on the other: keep-alive, 50 connections, each sends its next
request after a response. Rounds are interleaved; the table shows medians and ranges.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers import (
    CONNECTIONS,
    BenchmarkError,
    compute_rate,
    measure_hey,
    measure_k6,
    measure_locust,
    measure_wrk,
    require_programs,
    run_loadtests,
    run_nginx,
)

DECLARED, TASKS, TASKS_WITH_LISTENER = "declared", "tasks", "tasks, listened to"
GOALS = {
    (DECLARED, "FastHttpUser"): 10.0,
    (DECLARED, "wrk"): 0.6,
    (DECLARED, "hey"): 1.0,
    (DECLARED, "k6"): 1.0,
    (TASKS_WITH_LISTENER, "FastHttpUser"): 4.0,
}
"""Minimum ratio of Proofload's rate to that of another client."""
LOCUSTFILE = """\
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/")
"""
LISTENER = """
from locust import events
request_count = 0

@events.request.add_listener
def count_request(name, response_time, exception, **_):
    global request_count
    request_count += 1
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    try:
        require_programs("wrk", "hey")
        print(format_table(measure_rates(options.rounds, options.seconds)))
    except BenchmarkError as error:
        sys.exit(f"load_speed: {error}")


def measure_rates(rounds: int, seconds: float) -> dict[str, list[float]]:
    """Return the requests per second of each round, by client."""
    with tempfile.TemporaryDirectory(prefix="load-speed-") as name, run_nginx() as server:
        folder = Path(name)
        (folder / "users.py").write_text(LOCUSTFILE)
        (folder / "listener.py").write_text(LOCUSTFILE + LISTENER)
        profile = {
            "name": "speed",
            "arrivals": "closed",
            "warmup": "1s",
            "stages": [{"duration": f"{seconds:g}s", "users": CONNECTIONS}],
        }

        def measure_proofload(**source: Any) -> float:
            return compute_rate(run_loadtests(server.url, profile | source, folder))

        clients: dict[str, Callable[[], float]] = {
            DECLARED: lambda: measure_proofload(requests=[{"path": "/"}]),
            TASKS: lambda: measure_proofload(locustfile="users.py"),
            TASKS_WITH_LISTENER: lambda: measure_proofload(locustfile="listener.py"),
            "wrk": lambda: measure_wrk(server.url, seconds),
            "hey": lambda: measure_hey(server.url, seconds),
            **({"k6": lambda: measure_k6(server.url, seconds, folder)} if shutil.which("k6") else {}),
            "FastHttpUser": lambda: measure_locust(server.url, folder / "users.py", seconds),
        }
        rates_by_client: dict[str, list[float]] = {client: [] for client in clients}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for client, measure in clients.items():
                rates_by_client[client].append(measure())
        return rates_by_client


def format_table(rates_by_client: dict[str, list[float]]) -> str:
    """Return the medians, their ranges and the ratios to the goals as a table."""
    medians = {client: statistics.median(rates) for client, rates in rates_by_client.items()}
    lines = [f"{'':<20}{'requests/s':>12}  lowest - highest"]
    for client, rates in rates_by_client.items():
        lines.append(f"{client:<20}{medians[client]:>12,.0f}  {min(rates):,.0f} - {max(rates):,.0f}")
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
