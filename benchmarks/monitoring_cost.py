"""What does monitoring cost? Requests per second of one core: without, as in tutorials, and with ours.

``python -m benchmarks monitoring_cost [--json FILE]``. uvicorn on core 0, wrk on core 1, the same trivial
endpoint for all variants; uvicorn's access log is off, the services' logs go to files. Rounds are
interleaved, so that a slow minute of the machine affects all variants. Requests are divided by the CPU
seconds of the server, so that other processes on the machine matter little.
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

from benchmarks.peers import BenchmarkError, await_listening, require_programs

ROOT = Path(__file__).parents[1]
SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 16
GOAL = 1.3
"""Minimum ratio of our variant's rate to that of the tutorials."""


@dataclass(frozen=True)
class Variant:
    """A variant of the endpoint: the name of its function in ``monitored_apps`` and its label."""

    name: str
    text: str
    base: str | None = None
    """Name of the variant to which this variant adds one layer."""


VARIANTS = (
    Variant("bare", "bare FastAPI"),
    Variant("limited", "+ body limit", base="bare"),
    Variant("logged", "+ request log", base="limited"),
    Variant("ours", "+ metrics = ours", base="logged"),
    Variant("tutorial", "as in tutorials", base="bare"),
)


@dataclass(frozen=True)
class Round:
    """Requests of one round, per second of wall clock and per second of the server's CPU."""

    per_second: float
    per_core: float
    busy: float
    """CPU seconds of the server per second: near 1 if it had a core to itself and saturated it."""


@dataclass(frozen=True)
class Result:
    """Medians of the rounds of one variant; times in microseconds of CPU per request."""

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
def serve(variant: Variant, folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """Serve a variant on a free port, pinned to a core; yield its process and URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = f"benchmarks.monitored_apps:create_{variant.name}"
    command = [sys.executable, "-m", "uvicorn", "--factory", app]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with (folder / f"{variant.name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    try:
        os.sched_setaffinity(process.pid, {SERVER_CORE})
        await_listening(port)
        yield psutil.Process(process.pid), f"http://127.0.0.1:{port}/item"
    finally:
        process.terminate()
        process.wait()


def run_load(process: psutil.Process, url: str, seconds: int) -> Round:
    """Load ``url`` for ``seconds``; return the rates.

    Raises:
        BenchmarkError: wrk or a request failed.
    """
    before, start = _read_cpu_seconds(process), time.monotonic()
    wrk = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", url]
    done = subprocess.run(
        ["taskset", "--cpu-list", str(LOAD_CORE), *wrk], capture_output=True, text=True, check=False
    )
    cpu, wall = _read_cpu_seconds(process) - before, time.monotonic() - start
    total = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not total or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchmarkError(f"wrk on {url}: {done.stdout}{done.stderr}")
    requests = int(total[1])
    return Round(requests / wall, requests / cpu, cpu / wall)


def _read_cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(rounds: int, seconds: int) -> dict[str, list[Round]]:
    """Serve all variants, and load them in turn ``rounds`` times after a warm-up of each."""
    rounds_by_variant: dict[str, list[Round]] = {variant.name: [] for variant in VARIANTS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitoring-cost-")))
        servers = {variant.name: stack.enter_context(serve(variant, folder)) for variant in VARIANTS}
        for server in servers.values():
            run_load(*server, 1)
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr)
            for name, server in servers.items():
                rounds_by_variant[name].append(run_load(*server, seconds))
    return rounds_by_variant


def summarise(rounds_by_variant: dict[str, list[Round]]) -> list[Result]:
    """Return one result for each variant, in the order of :data:`VARIANTS`."""
    cost = {
        name: 1e6 / statistics.median(r.per_core for r in rounds)
        for name, rounds in rounds_by_variant.items()
    }
    return [
        Result(
            name=variant.name,
            text=variant.text,
            per_core=1e6 / cost[variant.name],
            lowest=min(r.per_core for r in rounds),
            highest=max(r.per_core for r in rounds),
            per_second=statistics.median(r.per_second for r in rounds),
            busy=statistics.median(r.busy for r in rounds),
            microseconds=cost[variant.name],
            added_microseconds=cost[variant.name] - cost[variant.base] if variant.base else 0.0,
            rounds=len(rounds),
        )
        for variant in VARIANTS
        for rounds in [rounds_by_variant[variant.name]]
    ]


def compute_ratio(results: list[Result]) -> float:
    """Return the ratio of our requests per core to those of the tutorials' variant."""
    per_core = {result.name: result.per_core for result in results}
    return per_core["ours"] / per_core["tutorial"]


def format_table(results: list[Result]) -> str:
    """Return the results as a table."""
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
    ratio = compute_ratio(results)
    met = "met" if ratio >= GOAL else "NOT met"
    lines.append(
        f"\nours serves {ratio:.2f} x as many requests as tutorials (goal: at least {GOAL} x, {met})"
    )
    return "\n".join(lines)


def _check_machine() -> None:
    require_programs("wrk", "taskset")
    if not hasattr(os, "sched_setaffinity") or not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise BenchmarkError("needs Linux and two cores: one for the server, one for the load")


def _parse_positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_parse_positive, default=5, help="rounds per variant (default 5)")
    parser.add_argument(
        "--seconds", type=_parse_positive, default=3, help="seconds of load per round (default 3)"
    )
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args()
    try:
        _check_machine()
        results = summarise(measure(options.rounds, options.seconds))
    except BenchmarkError as error:
        sys.exit(f"monitoring_cost: {error}")
    print(format_table(results))
    if options.json:
        versions = {name: version(name) for name in ("fastapi", "starlette", "uvicorn", "structlog")}
        figures = {
            "ways": [asdict(r) for r in results],
            "ratio": compute_ratio(results),
            "versions": versions,
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
