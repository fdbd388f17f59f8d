"""What monitoring costs: requests a core serves in a second, bare, monitored as tutorials do, and as we do.

``python benchmarks/monitoring_cost.py [--json FILE]``. Real uvicorn on core 0, wrk on core 1, the same
trivial endpoint for all; uvicorn's access log is off for all (the tutorial way would pay for it too); what
they log goes to files. Rounds are interleaved, so that a slow minute of the machine hits all alike. Requests
are divided by the CPU seconds the server used: what others take of the machine then counts little.
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.peers import BenchError, await_listening, need

ROOT = Path(__file__).parents[1]
SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 16
GOAL = 1.3
"""Ours over the tutorial way, at least."""


@dataclass(frozen=True)
class Way:
    """One way to serve the endpoint: the factory in ``monitored_apps`` and what it is."""

    factory: str
    text: str
    before: str | None = None
    """Factory of the way that this one adds one layer to."""


WAYS = (
    Way("bare", "bare FastAPI"),
    Way("limited", "+ body limit", before="bare"),
    Way("logged", "+ request log", before="limited"),
    Way("ours", "+ metrics = ours", before="logged"),
    Way("tutorial", "tutorial way", before="bare"),
)


@dataclass(frozen=True)
class Round:
    """What wrk counted in one round; rates per second of wall clock and per second of the server's CPU."""

    per_second: float
    per_core: float
    busy: float
    """CPU seconds of the server per second: near 1 when the core was its own and it was saturated."""


@dataclass(frozen=True)
class Result:
    """Medians of one way's rounds; times in microseconds of CPU per request."""

    name: str
    text: str
    per_core: float
    lowest: float
    highest: float
    per_second: float
    busy: float
    microseconds: float
    added_microseconds: float
    rounds: int


@contextmanager
def served(way: Way, folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """Serve ``way`` on a free port, pinned; yield its process and URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.monitored_apps:{way.factory}"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with (folder / f"{way.factory}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        os.sched_setaffinity(process.pid, {SERVER_CORE})
        await_listening(port)
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}/item"
    finally:
        process.terminate()
        process.wait()


def load(process: psutil.Process, url: str, seconds: int) -> Round:
    """Load ``url`` for ``seconds`` and count.

    Raises:
        BenchError: wrk failed, or an answer was no success.
    """
    before, start = _cpu_seconds(process), time.monotonic()
    wrk = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", url]
    done = subprocess.run(
        ["taskset", "--cpu-list", str(LOAD_CORE), *wrk], capture_output=True, text=True, check=False
    )
    cpu, wall = _cpu_seconds(process) - before, time.monotonic() - start
    found = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not found or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchError(f"wrk on {url}: {done.stdout}{done.stderr}")
    requests = int(found[1])
    return Round(requests / wall, requests / cpu, cpu / wall)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(rounds: int, seconds: int) -> dict[str, list[Round]]:
    """Serve all ways at once and load them in turn, ``rounds`` times after one round of warm-up."""
    counted: dict[str, list[Round]] = {way.factory: [] for way in WAYS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitoring-cost-")))
        servers = {way.factory: stack.enter_context(served(way, folder)) for way in WAYS}
        for server in servers.values():
            load(*server, 1)
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr)
            for name, server in servers.items():
                counted[name].append(load(*server, seconds))
    return counted


def summarise(counted: dict[str, list[Round]]) -> list[Result]:
    """Return one result a way, in the order of ``WAYS``."""
    cost = {name: 1e6 / statistics.median(r.per_core for r in rounds) for name, rounds in counted.items()}
    return [
        Result(
            name=way.factory,
            text=way.text,
            per_core=1e6 / cost[way.factory],
            lowest=min(r.per_core for r in rounds),
            highest=max(r.per_core for r in rounds),
            per_second=statistics.median(r.per_second for r in rounds),
            busy=statistics.median(r.busy for r in rounds),
            microseconds=cost[way.factory],
            added_microseconds=cost[way.factory] - cost[way.before] if way.before else 0.0,
            rounds=len(rounds),
        )
        for way in WAYS
        for rounds in [counted[way.factory]]
    ]


def ratio(results: list[Result]) -> float:
    """Requests per core of ours over the tutorial way's."""
    per_core = {result.name: result.per_core for result in results}
    return per_core["ours"] / per_core["tutorial"]


def table(results: list[Result]) -> str:
    """Lay the results out for people."""
    total = next(r.microseconds for r in results if r.name == "ours")
    rounds = f"of {results[0].rounds} rounds"
    lines = [
        f"{'':<18}{'requests/s':>11}  {'lowest - highest':<16}{'us per':>9}{'us':>8}{'share':>9}{'wall':>9}",
        f"{'':<18}{'per core':>11}  {rounds:<16}{'request':>9}{'added':>8}{'of ours':>9}{'req/s':>9}",
    ]
    for r in results:
        layer = r.name != "tutorial"
        share = f"{(r.added_microseconds or r.microseconds) / total:.0%}" if layer else ""
        lines.append(
            f"{r.text:<18}{r.per_core:>11,.0f}  {f'{r.lowest:,.0f} - {r.highest:,.0f}':<16}"
            f"{r.microseconds:>9.1f}{r.added_microseconds:>8.1f}{share:>9}{r.per_second:>9,.0f}"
        )
    met = "met" if ratio(results) >= GOAL else "NOT met"
    lines.append(f"\nours serves {ratio(results):.2f} x the tutorial way (goal: at least {GOAL} x, {met})")
    return "\n".join(lines)


def _check_machine() -> None:
    need("wrk", "taskset")
    if not hasattr(os, "sched_setaffinity") or not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise BenchError("needs Linux and two cores: one for the server, one for the load")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=5, help="rounds of each way (default 5)")
    parser.add_argument("--seconds", type=_positive, default=3, help="seconds of load a round (default 3)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    try:
        _check_machine()
        results = summarise(measure(options.rounds, options.seconds))
    except BenchError as error:
        sys.exit(f"monitoring_cost: {error}")
    print(table(results))
    if options.json:
        versions = {name: version(name) for name in ("fastapi", "starlette", "uvicorn", "structlog")}
        figures = {"ways": [asdict(r) for r in results], "ratio": ratio(results), "versions": versions}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
