"""Does one core keep to the schedule? Offered rates against nginx: requests sent, lateness, nginx's count.

A bare timerfd loop that sends nothing shows the lateness of the machine itself.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import CLIENT_CORE, BenchmarkError, run_loadtests, run_nginx

RATES = (1_000, 5_000, 20_000)
_BARE_TIMER_SCRIPT = """
import sys, gevent
from time import perf_counter
from loadtests.http import create_timer
rate, seconds = float(sys.argv[1]), float(sys.argv[2])
lateness, number, start = [], 0, perf_counter() + 0.05
def on_expired():
    global number
    now = perf_counter()
    while number < rate * seconds and start + number / rate <= now:
        lateness.append(now - start - number / rate)
        number += 1
    if number < rate * seconds:
        timer.set(start + number / rate)
timer = create_timer(gevent.get_hub().loop, on_expired)
timer.set(start)
gevent.sleep(seconds + 0.5)
lateness.sort()
print(lateness[len(lateness) // 2], lateness[int(len(lateness) * 0.99)])
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    try:
        print(measure_table(options.seconds))
    except BenchmarkError as error:
        sys.exit(f"load_schedule: {error}")


def measure_table(seconds: float) -> str:
    """Send at each rate; return the results as a table."""
    lines = [
        f"{'offered/s':>10}{'sent/offered':>14}{'late p50':>10}{'p99':>10}{'bare p50':>10}{'p99':>10}  counts"
    ]
    with tempfile.TemporaryDirectory(prefix="load-schedule-") as name, run_nginx() as server:
        for rate in RATES:
            bare_lateness = _measure_bare_timer(rate, seconds)
            before = server.count_requests()
            record = run_loadtests(server.url, _build_profile(rate, seconds), Path(name))
            counted = server.count_requests() - before - 1
            lines.append(_format_line(rate, record["total"], bare_lateness, counted))
    return "\n".join(lines)


def _build_profile(rate: int, seconds: float) -> dict[str, Any]:
    stages = [{"duration": f"{seconds:g}s", "rate": rate}]
    return {"name": "schedule", "max_in_flight": 500, "stages": stages, "requests": [{"path": "/"}]}


def _measure_bare_timer(rate: int, seconds: float) -> tuple[float, float]:
    """Return the p50 and p99 lateness of a timer loop in seconds."""
    command = ["taskset", "-c", str(CLIENT_CORE), sys.executable, "-c", _BARE_TIMER_SCRIPT]
    command += [str(rate), str(seconds)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(output[0]), float(output[1])


def _format_line(rate: int, total: dict[str, Any], bare_lateness: tuple[float, float], counted: int) -> str:
    lateness = (total["lateness"]["p50"], total["lateness"]["p99"], *bare_lateness)
    are_equal = total["sent"] + total["dropped"] == total["offered"] and counted == total["sent"]
    columns = "".join(f"{seconds * 1000:>7.2f} ms" for seconds in lateness)
    counts = f"{total['sent']:,} sent, {counted:,} counted by nginx{'' if are_equal else ' DIFFER'}"
    return f"{rate:>10,}{total['sent'] / total['offered']:>14.4f}{columns}  {counts}"


if __name__ == "__main__":
    main()
