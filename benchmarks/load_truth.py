"""Is a stall told truthfully? A server stands still for 2 s of 20 s at 200 requests/s; what is reported?

The truth follows from the stall: of 4,000 requests 400 fall into it and wait evenly between 0 and 2 s, so the
share that waits longer than x is (2 - x) / 20 for x below 2 s.
"""

from __future__ import annotations

import argparse
import http.server
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load_speed import LOCUSTFILE
from benchmarks.peers import BenchError, loadtests

RATE, SECONDS, STALL_FROM, STALL = 200, 20.0, 8.0, 2.0
QUANTILES = {"p95": 0.95, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
TOLERANCE = 0.02


def truth(quantile: float) -> float:
    """Response time in seconds at a quantile, as it follows from the stall."""
    return max(STALL - SECONDS * (1 - quantile), 0.0)


@contextmanager
def stalling() -> Iterator[str]:
    """Serve, and stand still once for all, some time after the first request."""
    begun: list[float] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            now = time.monotonic()
            if not begun:
                begun.append(now)
            since = now - begun[0] - STALL_FROM
            if 0 <= since < STALL:
                time.sleep(STALL - since)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 1024
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def main() -> None:
    """Measure and print a table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        print(table())
    except BenchError as error:
        sys.exit(f"load_truth: {error}")


def table() -> str:
    """Run the clients one after the other, and lay the figures out for people."""
    stages = [{"duration": f"{SECONDS:g}s", "rate": RATE}]
    users = [{"duration": f"{SECONDS:g}s", "users": 10}]
    with tempfile.TemporaryDirectory(prefix="load-truth-") as name:
        folder = Path(name)
        (folder / "users.py").write_text(
            LOCUSTFILE.replace("@task", "wait_time = constant_throughput(20)\n    @task").replace(
                "import FastHttpUser", "import FastHttpUser, constant_throughput"
            )
        )
        ways: dict[str, dict[str, Any]] = {
            "ours, declared": {"stages": stages, "requests": [{"path": "/"}], "max_in_flight": 1000},
            "ours, locustfile": {"stages": stages, "locustfile": "users.py", "max_in_flight": 1000},
            "FastHttpUser, closed": {"arrivals": "closed", "stages": users, "locustfile": "users.py"},
        }
        lines = [f"{'response time in s':<22}" + "".join(f"{one:>9}" for one in QUANTILES) + "     sent"]
        lines.append(
            f"{'the truth':<22}" + "".join(f"{truth(q):>9.3f}" for q in QUANTILES.values()) + "    4,000"
        )
        for way, profile in ways.items():
            with stalling() as url:
                total = loadtests(url, {"name": "truth", **profile}, folder)["total"]
            lines.append(_line(way, total))
    return "\n".join(lines)


def _line(way: str, total: dict[str, Any]) -> str:
    found = total["response_time"]
    figures = "".join(f"{found[name]:>9.3f}" for name in QUANTILES)
    worst = max(abs(found[name] / truth(quantile) - 1) for name, quantile in QUANTILES.items())
    return f"{way:<22}{figures}{total['sent']:>9,}  off by {worst:.1%} at most"


if __name__ == "__main__":
    main()
