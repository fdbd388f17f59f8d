"""Does one core hold the schedule? Offered rates against nginx: what was sent, how late, who counts the same.

Beside it a bare timerfd loop that sends nothing shows the machine's own noise.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import CLIENT_CORE, BenchError, loadtests, nginx

RATES = (1_000, 5_000, 20_000)
_BARE = """
import sys, gevent
from time import perf_counter
from loadtests.http.timer import alarm
rate, seconds = float(sys.argv[1]), float(sys.argv[2])
late, number, begin = [], 0, perf_counter() + 0.05
def ring():
    global number
    now = perf_counter()
    while number < rate * seconds and begin + number / rate <= now:
        late.append(now - begin - number / rate)
        number += 1
    if number < rate * seconds:
        clock.at(begin + number / rate)
clock = alarm(gevent.get_hub().loop, ring)
clock.at(begin)
gevent.sleep(seconds + 0.5)
late.sort()
print(late[len(late) // 2], late[int(len(late) * 0.99)])
"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    try:
        print(table(options.seconds))
    except BenchError as error:
        sys.exit(f"load_schedule: {error}")


def table(seconds: float) -> str:
    """Run each rate, and lay the figures out for people."""
    lines = [
        f"{'offered/s':>10}{'sent/offered':>14}{'late p50':>10}{'p99':>10}{'bare p50':>10}{'p99':>10}  counts"
    ]
    with tempfile.TemporaryDirectory(prefix="load-schedule-") as name, nginx() as server:
        for rate in RATES:
            bare = _bare(rate, seconds)
            before = server.count()
            record = loadtests(server.url, _profile(rate, seconds), Path(name))
            counted = server.count() - before - 1
            lines.append(_line(rate, record["total"], bare, counted))
    return "\n".join(lines)


def _profile(rate: int, seconds: float) -> dict[str, Any]:
    stages = [{"duration": f"{seconds:g}s", "rate": rate}]
    return {"name": "schedule", "max_in_flight": 500, "stages": stages, "requests": [{"path": "/"}]}


def _bare(rate: int, seconds: float) -> tuple[float, float]:
    command = ["taskset", "-c", str(CLIENT_CORE), sys.executable, "-c", _BARE, str(rate), str(seconds)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), float(said[1])


def _line(rate: int, total: dict[str, Any], bare: tuple[float, float], counted: int) -> str:
    late = total["lateness"]
    agree = total["sent"] + total["dropped"] == total["offered"] and counted == total["sent"]
    figures = "".join(f"{value * 1000:>7.2f} ms" for value in (late["p50"], late["p99"], *bare))
    counts = f"{total['sent']:,} sent, {counted:,} counted by nginx{'' if agree else ' DIFFER'}"
    return f"{rate:>10,}{total['sent'] / total['offered']:>14.4f}{figures}  {counts}"


if __name__ == "__main__":
    main()
