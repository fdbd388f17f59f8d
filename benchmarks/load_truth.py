"""Is a stall told truthfully? A server stands still for 2 s of 20 s at 200 requests/s; what does each report?

nginx is stopped and continued by signals. The truth follows from the stall: of 4,000 requests 400 fall into
it and wait evenly between 0 and 2 s, so the share that waits longer than x is (2 - x) / 20 for x below 2 s.
Half of all requests never meet it, so the truth of p50 is a moment: nothing to compare a ratio with. The
stall comes late because wrk2 calibrates itself for 10 s and then begins to count.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load_speed import LOCUSTFILE
from benchmarks.peers import BenchError, Server, client, loadtests, locust_entries, need, nginx

RATE, SECONDS, STALL_FROM, STALL, USERS = 200, 20.0, 14.0, 2.0, 10
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
ROUNDS = 5

Told = Mapping[str, float]
"""Response times in seconds by quantile, and ``sent``."""


def truth(quantile: float) -> float:
    """Response time in seconds at a quantile, as it follows from the stall."""
    return max(STALL - SECONDS * (1 - quantile), 0.0)


@contextmanager
def stalled(server: Server) -> Iterator[None]:
    """Stop the server once, some time after its first request, and continue it."""

    def stall() -> None:
        before = server.count()
        while server.count() <= before + 1:  # asking counts itself
            before += 1
            time.sleep(0.02)
        time.sleep(STALL_FROM)
        with server.stopped():
            time.sleep(STALL)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def ours(source: dict[str, Any], folder: Path) -> Callable[[str], Told]:
    """Send at a rate with our engine."""
    stages = [{"duration": f"{SECONDS:g}s", "rate": RATE}]
    profile = {"name": "truth", "stages": stages, "max_in_flight": 1000, **source}

    def send(url: str) -> Told:
        total = loadtests(url, profile, folder)["total"]
        return {**{name: total["response_time"][name] for name in QUANTILES}, "sent": total["sent"]}

    return send


def locust(folder: Path) -> Callable[[str], Told]:
    """Send with Locust's FastHttpUser: ten users that ask 20 times a second each."""

    def send(url: str) -> Told:
        (entry,) = locust_entries(url, folder / "paced.py", USERS, SECONDS)
        times = sorted((float(time), count) for time, count in entry["response_times"].items())
        told = {name: _ranked(times, ratio) / 1000 for name, ratio in QUANTILES.items()}
        return {**told, "max": entry["max_response_time"] / 1000, "sent": entry["num_requests"]}

    return send


def _ranked(times: list[tuple[float, int]], ratio: float) -> float:
    rank, seen = math.ceil(ratio * sum(count for _, count in times)), 0
    for value, count in times:
        seen += count
        if seen >= rank:
            return value
    return math.nan


def hey(url: str) -> Told:
    """Send with hey, held to the same rate."""
    pace = str(RATE // USERS)
    said = client("hey", "-c", str(USERS), "-q", pace, "-z", f"{SECONDS:g}s", f"{url}/")
    quantiles = {f"p{rank}": float(value) for rank, value in re.findall(r"(\d+)%+ in ([\d.]+) secs", said)}
    slowest = re.search(r"Slowest:\s+([\d.]+)", said)
    sent = sum(map(int, re.findall(r"\[\d+\]\s+(\d+) responses", said)))
    return {**quantiles, "max": float(slowest[1]) if slowest else math.nan, "sent": sent}


def wrk2(url: str) -> Told:
    """Send with wrk2, which knows a rate and counts from the intended start."""
    return _of_wrk(
        client("wrk2", "-t1", f"-c{USERS}", f"-d{SECONDS:g}s", f"-R{RATE}", "--latency", f"{url}/")
    )


def wrk(url: str) -> Told:
    """Send with wrk, which knows no rate: as fast as ten connections go."""
    return _of_wrk(client("wrk", "-t1", f"-c{USERS}", f"-d{SECONDS:g}s", "--latency", f"{url}/"))


def _of_wrk(said: str) -> Told:
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
    found = re.findall(r"([\d.]+)%\s+([\d.]+)(us|ms|s)", said)
    ranks = {f"{float(rank):g}": float(value) * unit[kind] for rank, value, kind in found}
    quantiles = {f"p{rank.replace('.', '_')}": value for rank, value in ranks.items()}
    slowest = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", said)
    sent = re.search(r"(\d+) requests in", said)
    return {
        **quantiles,
        "max": float(slowest[1]) * unit[slowest[2]] if slowest else math.nan,
        "sent": float(sent[1]) if sent else math.nan,
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    try:
        need("wrk", "hey")
        print(table(options.rounds))
    except BenchError as error:
        sys.exit(f"load_truth: {error}")


def table(rounds: int) -> str:
    """Run the clients in turns, and lay the medians of the rounds out for people."""
    with tempfile.TemporaryDirectory(prefix="load-truth-") as name, nginx() as server:
        folder = Path(name)
        (folder / "users.py").write_text(LOCUSTFILE)
        paced = LOCUSTFILE.replace("@task", f"wait_time = constant_throughput({RATE // USERS})\n    @task")
        (folder / "paced.py").write_text(paced.replace("import F", "import constant_throughput, F"))
        ways: dict[str, Callable[[str], Told]] = {
            "ours, declared": ours({"requests": [{"path": "/"}]}, folder),
            "ours, Python tasks": ours({"locustfile": "users.py"}, folder),
            "FastHttpUser": locust(folder),
            "hey": hey,
            "wrk": wrk,
            **({"wrk2": wrk2} if shutil.which("wrk2") else {}),
        }
        told: dict[str, list[Told]] = {way: [] for way in ways}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for way, send in ways.items():
                with stalled(server):
                    told[way].append(send(server.url))
    head = f"{'response time in s':<20}" + "".join(f"{one:>9}" for one in QUANTILES) + f"{'sent':>11}"
    exact = {**{name: truth(ratio) for name, ratio in QUANTILES.items()}, "sent": RATE * SECONDS}
    return "\n".join([head, _line("the truth", [exact]), *(_line(way, found) for way, found in told.items())])


def _line(way: str, found: list[Told]) -> str:
    medians = {
        name: sorted(one.get(name, math.nan) for one in found)[len(found) // 2]
        for name in (*QUANTILES, "sent")
    }
    figures = "".join(
        f"{'-':>9}" if math.isnan(medians[name]) else f"{medians[name]:>9.4f}" for name in QUANTILES
    )
    worst = max(
        (abs(medians[name] / truth(ratio) - 1) for name, ratio in QUANTILES.items() if truth(ratio)),
        default=0.0,
    )
    off = "" if math.isnan(worst) else f"  off by {worst:.1%} at most"
    return f"{way:<20}{figures}{medians['sent']:>11,.0f}{off}"


if __name__ == "__main__":
    main()
