"""Does the generator's memory grow with the number of requests? One closed load, read as it goes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.peers import CLIENT_CORE, CONNECTIONS, BenchError, nginx

FROM, TO = 1_000_000, 10_000_000
MOST_GROWTH_BYTES = 5_000_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=TO)
    options = parser.parse_args()
    try:
        first, last, reached = measure(options.requests)
    except BenchError as error:
        sys.exit(f"load_memory: {error}")
    growth = last - first
    met = "met" if growth < MOST_GROWTH_BYTES else "NOT met"
    print(f"{first / 1e6:.1f} MB after {FROM:,} requests, {last / 1e6:.1f} MB after {reached:,}: ", end="")
    print(f"{growth / 1e6:+.1f} MB (goal: below {MOST_GROWTH_BYTES / 1e6:g} MB, {met})")


def measure(requests: int) -> tuple[int, int, int]:
    """Give the resident bytes at two counts of requests, and the second count."""
    with tempfile.TemporaryDirectory(prefix="load-memory-") as name, nginx() as server:
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
                return _read(process, requests)
            finally:
                process.terminate()


def _read(process: subprocess.Popen[str], requests: int) -> tuple[int, int, int]:
    """Add up the answers that progress tells, and look at the memory on the way."""
    watched, first, done, before = psutil.Process(process.pid), 0, 0.0, 0.0
    assert process.stdout is not None  # noqa: S101 - it was asked for
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] != "progress":
            continue
        done += event["rate_completed"] * (event["elapsed_seconds"] - before)
        before = event["elapsed_seconds"]
        if not first and done >= FROM:
            first = watched.memory_info().rss
        if done >= requests:
            return first, watched.memory_info().rss, int(done)
    raise BenchError("the generator ended before its time")


if __name__ == "__main__":
    main()
