"""Does the memory of the load generator grow with the number of requests? Measured during one closed load."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.peers import CLIENT_CORE, CONNECTIONS, BenchmarkError, run_nginx

FIRST_REQUESTS, LAST_REQUESTS = 1_000_000, 10_000_000
MAX_GROWTH_BYTES = 5_000_000


def main() -> None:
    """Measure and print the growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=LAST_REQUESTS)
    options = parser.parse_args()
    try:
        first, last, reached = measure(options.requests)
    except BenchmarkError as error:
        sys.exit(f"load_memory: {error}")
    growth = last - first
    met = "met" if growth < MAX_GROWTH_BYTES else "NOT met"
    print(
        f"{first / 1e6:.1f} MB after {FIRST_REQUESTS:,} requests, {last / 1e6:.1f} MB after {reached:,}: ",
        end="",
    )
    print(f"{growth / 1e6:+.1f} MB (goal: below {MAX_GROWTH_BYTES / 1e6:g} MB, {met})")


def measure(requests: int) -> tuple[int, int, int]:
    """Return the resident memory in bytes at two numbers of requests, and the second number."""
    with tempfile.TemporaryDirectory(prefix="load-memory-") as name, run_nginx() as server:
        profile = {
            "name": "memory",
            "arrivals": "closed",
            "stages": [{"duration": "1h", "users": CONNECTIONS}],
            "requests": [{"path": "/"}],
        }
        path = Path(name) / "profile.yaml"
        path.write_text(json.dumps(profile))
        command = ["taskset", "-c", str(CLIENT_CORE), sys.executable, "-m", "loadtests"]
        command += ["--profile", str(path), "--host", server.url, "--out", name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                return _follow_progress(process, requests)
            finally:
                process.terminate()


def _follow_progress(process: subprocess.Popen[str], requests: int) -> tuple[int, int, int]:
    """Add up the responses of the progress events; read the memory at the two numbers of requests."""
    generator, first, completed, before = psutil.Process(process.pid), 0, 0.0, 0.0
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] != "progress":
            continue
        completed += event["rate_completed"] * (event["elapsed_seconds"] - before)
        before = event["elapsed_seconds"]
        if not first and completed >= FIRST_REQUESTS:
            first = generator.memory_info().rss
        if completed >= requests:
            return first, generator.memory_info().rss, int(completed)
    raise BenchmarkError(f"the load generator ended after {completed:,.0f} of {requests:,} requests")


if __name__ == "__main__":
    main()
