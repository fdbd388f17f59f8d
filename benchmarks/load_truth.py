"""Which clients report a stall correctly? The server stops for 2 s of 20 s at 200 requests/s.

nginx is suspended and resumed by signals. The true response times follow from the stall: 400 of 4,000
requests fall into it and wait between 0 and 2 s, uniformly, so the share that waits longer than x is
(2 - x) / 20 for x below 2 s. Most requests do not meet the stall, so the true p50 is near 0 and no ratio can
be compared with it. The stall comes late because wrk2 calibrates itself for 10 s before it counts.
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
from benchmarks.peers import (
    BenchmarkError,
    Server,
    require_programs,
    run_client,
    run_loadtests,
    run_locust,
    run_nginx,
)

RATE, SECONDS, STALL_START, STALL, USERS = 200, 20.0, 14.0, 2.0, 10
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
ROUNDS = 5

ReportedTimes = Mapping[str, float]
"""Response times in seconds by quantile, and ``sent``."""


def compute_true_quantile(quantile: float) -> float:
    """Return the true response time in seconds at a quantile, which follows from the stall."""
    return max(STALL - SECONDS * (1 - quantile), 0.0)


@contextmanager
def stall_server(server: Server) -> Iterator[None]:
    """Suspend the server once, :data:`STALL_START` seconds after its first request, and resume it."""

    def stall() -> None:
        before = server.count_requests()
        while server.count_requests() <= before + 1:  # the query itself is counted
            before += 1
            time.sleep(0.02)
        time.sleep(STALL_START)
        with server.suspend():
            time.sleep(STALL)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def create_proofload_sender(source: dict[str, Any], folder: Path) -> Callable[[str], ReportedTimes]:
    """Return a function that sends at the rate with Proofload."""
    stages = [{"duration": f"{SECONDS:g}s", "rate": RATE}]
    profile = {"name": "truth", "stages": stages, "max_in_flight": 1000, **source}

    def send(url: str) -> ReportedTimes:
        total = run_loadtests(url, profile, folder)["total"]
        return {**{name: total["response_time"][name] for name in QUANTILES}, "sent": total["sent"]}

    return send


def create_locust_sender(folder: Path) -> Callable[[str], ReportedTimes]:
    """Return a function that sends with Locust's FastHttpUser: ten users with 20 requests a second each."""

    def send(url: str) -> ReportedTimes:
        (entry,) = run_locust(url, folder / "paced.py", USERS, SECONDS)
        times = sorted((float(time), count) for time, count in entry["response_times"].items())
        quantiles = {name: _find_quantile(times, ratio) / 1000 for name, ratio in QUANTILES.items()}
        return {**quantiles, "max": entry["max_response_time"] / 1000, "sent": entry["num_requests"]}

    return send


def _find_quantile(times: list[tuple[float, int]], ratio: float) -> float:
    rank, cumulative = math.ceil(ratio * sum(count for _, count in times)), 0
    for value, count in times:
        cumulative += count
        if cumulative >= rank:
            return value
    return math.nan


def send_with_hey(url: str) -> ReportedTimes:
    """Send with hey, limited to the same rate."""
    user_rate = str(RATE // USERS)
    output = run_client("hey", "-c", str(USERS), "-q", user_rate, "-z", f"{SECONDS:g}s", f"{url}/")
    ranks = re.findall(r"(\d+)%+ in ([\d.]+) secs", output)
    quantiles = {f"p{rank}": float(value) for rank, value in ranks}
    slowest = re.search(r"Slowest:\s+([\d.]+)", output)
    sent = sum(map(int, re.findall(r"\[\d+\]\s+(\d+) responses", output)))
    return {**quantiles, "max": float(slowest[1]) if slowest else math.nan, "sent": sent}


def send_with_wrk2(url: str) -> ReportedTimes:
    """Send with wrk2, which sends at a rate and measures from the intended start."""
    return _parse_wrk_output(
        run_client("wrk2", "-t1", f"-c{USERS}", f"-d{SECONDS:g}s", f"-R{RATE}", "--latency", f"{url}/")
    )


def send_with_wrk(url: str) -> ReportedTimes:
    """Send with wrk, which cannot limit the rate: as fast as ten connections allow."""
    return _parse_wrk_output(
        run_client("wrk", "-t1", f"-c{USERS}", f"-d{SECONDS:g}s", "--latency", f"{url}/")
    )


def _parse_wrk_output(output: str) -> ReportedTimes:
    seconds = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
    percentiles = re.findall(r"([\d.]+)%\s+([\d.]+)(us|ms|s)", output)
    ranks = {f"{float(rank):g}": float(value) * seconds[unit] for rank, value, unit in percentiles}
    quantiles = {f"p{rank.replace('.', '_')}": value for rank, value in ranks.items()}
    slowest = re.search(r"Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", output)
    sent = re.search(r"(\d+) requests in", output)
    return {
        **quantiles,
        "max": float(slowest[1]) * seconds[slowest[2]] if slowest else math.nan,
        "sent": float(sent[1]) if sent else math.nan,
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    try:
        require_programs("wrk", "hey")
        print(measure_table(options.rounds))
    except BenchmarkError as error:
        sys.exit(f"load_truth: {error}")


def measure_table(rounds: int) -> str:
    """Run the clients in turn; return the medians of the rounds as a table."""
    with tempfile.TemporaryDirectory(prefix="load-truth-") as name, run_nginx() as server:
        folder = Path(name)
        (folder / "users.py").write_text(LOCUSTFILE)
        paced = LOCUSTFILE.replace("@task", f"wait_time = constant_throughput({RATE // USERS})\n    @task")
        (folder / "paced.py").write_text(paced.replace("import F", "import constant_throughput, F"))
        clients: dict[str, Callable[[str], ReportedTimes]] = {
            "Proofload, declared": create_proofload_sender({"requests": [{"path": "/"}]}, folder),
            "Proofload, tasks": create_proofload_sender({"locustfile": "users.py"}, folder),
            "FastHttpUser": create_locust_sender(folder),
            "hey": send_with_hey,
            "wrk": send_with_wrk,
            **({"wrk2": send_with_wrk2} if shutil.which("wrk2") else {}),
        }
        rounds_by_client: dict[str, list[ReportedTimes]] = {client: [] for client in clients}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for client, send in clients.items():
                with stall_server(server):
                    rounds_by_client[client].append(send(server.url))
    heading = f"{'response time in s':<20}" + "".join(f"{name:>9}" for name in QUANTILES) + f"{'sent':>11}"
    truth = {name: compute_true_quantile(ratio) for name, ratio in QUANTILES.items()}
    lines = [_format_line(client, times) for client, times in rounds_by_client.items()]
    return "\n".join([heading, _format_line("true value", [{**truth, "sent": RATE * SECONDS}]), *lines])


def _format_line(client: str, rounds: list[ReportedTimes]) -> str:
    medians = {
        name: sorted(times.get(name, math.nan) for times in rounds)[len(rounds) // 2]
        for name in (*QUANTILES, "sent")
    }
    columns = "".join(
        f"{'-':>9}" if math.isnan(medians[name]) else f"{medians[name]:>9.4f}" for name in QUANTILES
    )
    truth = {name: compute_true_quantile(ratio) for name, ratio in QUANTILES.items()}
    deviations = [abs(medians[name] / seconds - 1) for name, seconds in truth.items() if seconds]
    worst = max(deviations, default=0.0)
    deviation = "" if math.isnan(worst) else f"  off by {worst:.1%} at most"
    return f"{client:<20}{columns}{medians['sent']:>11,.0f}{deviation}"


if __name__ == "__main__":
    main()
